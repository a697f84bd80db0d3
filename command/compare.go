package command

import (
	"context"
	"errors"
	"fmt"
	"time"

	"mlf/aggregate/compare"
	"mlf/aggregate/store"
	"mlf/command/differences"
	"mlf/command/process"
	"mlf/query/disclosure/mirror"
)

type compareCmd struct {
	registryFlags
	ClickhouseA string `arg:"" name:"A" env:"MLF_CLICKHOUSE_A" help:"The first database, as --clickhouse of the stages. With a password better in the environment: MLF_CLICKHOUSE_A."`
	ClickhouseB string `arg:"" name:"B" env:"MLF_CLICKHOUSE_B" help:"The second database: or MLF_CLICKHOUSE_B."`

	databaseFlags

	Wait time.Duration `default:"1m" help:"Longest time that a database may not answer, or be behind the other."`
	Show int           `default:"20" help:"Most differences that are described; the others are counted."`
	JSON bool          `name:"json" help:"Print the report as JSON."`
}

// Help is shown by mlf compare --help.
func (*compareCmd) Help() string {
	return `Proves that two databases that count the same log are equal, cell by cell, while votes come in: the accounts of all segments,
the rows of those that are closed, and those of open ones by a reading of A, of B and of A again. Cells that were counted in between are
not proved equal but bounded: what B says lies between the two. On a quiet log there are none of these. When terminals voted is
compared in the same way, unless one of both does not know it from the log's beginning.

Exit code 0 where everything is equal, 1 where anything differs or could not be compared.

  mlf compare --clickhouse-password-file FILE-A,FILE-B clickhouse://mlf@ch-a:9000/mlf clickhouse://mlf@ch-b:9000/mlf`
}

// errDiffer is the error of two databases that are not equal. The report says where.
var errDiffer = errors.New("the databases differ")

// Validate refuses numbers that are none. kong calls it; addresses are no part of a file
// that is checked.
func (c *compareCmd) Validate() error {
	if c.Wait <= 0 || c.Show < 1 {
		return fmt.Errorf("--wait %v, --show %d: want more than 0", c.Wait, c.Show)
	}
	return nil
}

// Run compares and reports.
func (c *compareCmd) Run(ctx context.Context, p *console) error {
	if err := c.check(c.ClickhouseA, c.ClickhouseB); err != nil {
		return usageError{err}
	}
	lists, err := c.Load()
	if err != nil {
		return err
	}
	trusted, err := c.authoritiesOnce()
	if err != nil {
		return err
	}
	databases := c.databases(trusted, c.ClickhouseA, c.ClickhouseB)
	a, err := c.open(ctx, p, "A", databases[0])
	if err != nil {
		return err
	}
	defer closeStore(a, p.Log)
	b, err := c.open(ctx, p, "B", databases[1])
	if err != nil {
		return err
	}
	defer closeStore(b, p.Log)
	report, err := c.compare(ctx, p, a, b)
	if err != nil {
		return err
	}
	if c.JSON {
		err = report.JSON(p.Stdout, lists)
	} else {
		err = report.Print(p.Stdout, lists)
	}
	if err == nil && !report.Equal() {
		err = errDiffer
	}
	return err
}

// open opens one of the two.
func (c *compareCmd) open(ctx context.Context, p *console, name string, cfg store.Config) (*store.Store, error) {
	name = "database " + name + ", " + cfg.Place()
	w := &process.Waiter{Log: p.Log, Attempt: process.AttemptMax, Until: time.Now().Add(c.Wait), Hopeless: hopeless}
	s, err := process.Await(ctx, w, name, func(ctx context.Context) (*store.Store, error) {
		return store.Open(ctx, cfg, store.Telemetry{Logger: p.Log})
	})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return s, nil
}

// compare compares counts, and what was published of them.
func (c *compareCmd) compare(ctx context.Context, p *console, a, b *store.Store) (*differences.Report, error) {
	r := &differences.Report{A: a.Place(), B: b.Place()}
	shown := differences.NewProgress(p.Stderr)
	defer shown.End()
	var err error
	r.Counts, err = compare.Run(ctx, compare.Config{
		A: compare.Side{Name: "A (" + r.A + ")", Store: a}, B: compare.Side{Name: "B (" + r.B + ")", Store: b},
		Wait: c.Wait, Show: c.Show, Tell: shown.Tell,
	})
	if err != nil {
		return nil, err
	}
	r.Releases, err = releases(ctx, a, b)
	return r, err
}

// releases compares what holds in two databases, by the headers and then row by row.
func releases(ctx context.Context, a, b *store.Store) (compare.Releases, error) {
	ours, err := mirror.Held(ctx, a)
	if err != nil {
		return compare.Releases{}, fmt.Errorf("database A, %s: %w", a.Place(), err)
	}
	theirs, err := mirror.Held(ctx, b)
	if err != nil {
		return compare.Releases{}, fmt.Errorf("database B, %s: %w", b.Place(), err)
	}
	r := compare.Match(ours, theirs)
	for i := range ours[:r.Same] {
		equal, err := mirror.Equal(ctx, a, b, &ours[i])
		if err != nil {
			return r, fmt.Errorf("compare release %d: %w", ours[i].Number, err)
		}
		if !equal {
			r.Same = i // Behind it nothing is the same.
			break
		}
	}
	return r, nil
}
