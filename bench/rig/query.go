package rig

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"mlf/bench/backlog"
	"mlf/bench/baseline"
	"mlf/bench/measure"
	"mlf/bench/setup"
	"mlf/proof/child"
	"mlf/query/client"
	"mlf/schema/registry"
)

// Query measures reads through the statistics API.
type Query struct {
	setup.Flags
	Parts []string      `default:"stats,country,pages,feed,beside,visible,away" enum:"stats,country,pages,feed,beside,visible,away" help:"What to measure: ${enum}."`
	Rows  int           `default:"4000000" help:"Part stats: rollup rows of five years to read from; 40000000 is a large country's."`
	Scale float64       `default:"0.02" help:"Parts country, pages, feed and beside: 1 is 7,896 comuni with 100 M cells of five years, 0.01 every hundredth comune."`
	Data  string        `placeholder:"DIR" help:"The same parts: keep the filled engine there, and use it again."`
	Time  time.Duration `default:"2s" help:"Parts country, pages and feed: how long a turn is."`
	Votes int           `default:"5000000" help:"Parts feed and visible: votes on the log, 100 a record."`
	Probe time.Duration `default:"20s" help:"Parts visible and beside: how long a turn is."`
	Away  time.Duration `default:"5m" help:"Part away: how long the database is away."`
	Raw   bool          `default:"true" negatable:"" help:"Part country: keep the single votes, too, and ask them the same."`
}

// Help is shown by mlf bench query --help.
func (*Query) Help() string {
	return `stats fills ClickHouse with the rollups of five years, starts mlf query, and asks it over HTTP: the whole country month by
month, and one comune over 30 days; then again when each month is one part of the table, as it is an hour after the last vote
for it.

country fills it with a country that was made up after Italy's, and asks who can answer, in turns and without HTTP: the page
of a comune, the trend of five years by region, the ranking of all comuni, the heat map of a region's year. Each answer of one
is compared with the others'. At scale 1 the filling takes minutes and 3 GB of disk: name a folder with --data.

pages asks mlf query for the pages of that country's comuni over HTTP. feed tells it of votes, and follows what a worker tells.
beside asks for pages while 20,000 votes a second come and months are made anew. visible sends votes by way of mlf aggregate, and
looks for them in answers. away takes the database away meanwhile.

The report ends with what was to be reached, and what was. The engines are processes of their own. No answer may take more than 1 GiB in the database:
that is the limit of every read, beyond which mlf query answers 503.`
}

// The five years that are filled.
const (
	queryDays = 5 * 365
	queryFrom = "2021-01-01"
	queryTo   = "2025-12-31"
)

// Validate refuses what cannot be measured.
func (c *Query) Validate() error {
	if c.Rows < 1 || c.Runs < 1 || c.Scale <= 0 || c.Votes < 100 {
		return errors.New("want at least one row, one run, 100 votes, and a scale above 0")
	}
	if c.Time <= 0 || c.Probe <= 0 || c.Away <= 0 {
		return errors.New("want some time for every part")
	}
	return nil
}

// Run fills, asks and prints.
func (c *Query) Run(ctx context.Context, p *setup.Parts) error {
	report := measure.Report{Command: "mlf " + strings.Join(os.Args[1:], " "), Machine: measure.ThisMachine()}
	for _, part := range []struct {
		name string // Empty: it looks itself.
		run  func(context.Context, *setup.Parts, *measure.Report) error
	}{{"stats", c.stats}, {"", c.onCountry}, {"visible", c.visible}, {"away", c.away}} {
		if part.name != "" && !slices.Contains(c.Parts, part.name) {
			continue
		}
		if err := part.run(ctx, p, &report); err != nil {
			return err
		}
	}
	report.Machine.LoadLast = measure.Load()
	report.Judge(queryTargets())
	return c.Print(p.Stdout, &report)
}

// stats asks mlf query over HTTP.
func (c *Query) stats(ctx context.Context, p *setup.Parts, report *measure.Report) (err error) {
	r, err := newRig(ctx, p.Log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.close()) }()
	l, err := r.newLog(ctx, backlog.Plan{Rounds: 1, PerRecord: 1, Terminals: 1, Partitions: 1, Hours: 1, First: benchFirst}, nil)
	if err != nil {
		return err
	}
	defer l.close()
	counts, err := l.newCount(ctx) // For its database: nothing is counted.
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, counts.close(ctx)) }()
	if err := c.fill(ctx, p, counts.database); err != nil {
		return err
	}
	if report.Results, err = c.ask(ctx, p, counts); err != nil {
		return err
	}
	if err := counts.database.Merge(ctx, "votes_rollup"); err != nil { // As the server does after an hour.
		return err
	}
	merged, err := c.ask(ctx, p, counts)
	report.Results = append(report.Results, merged...)
	return err
}

// fill makes the rows, and waits until the database has merged them as it does.
func (c *Query) fill(ctx context.Context, p *setup.Parts, db *baseline.Database) error {
	lists, err := registry.Load()
	if err != nil {
		return err
	}
	first, err := time.Parse(time.DateOnly, queryFrom)
	if err != nil {
		return err
	}
	f := baseline.Filling{Rows: c.Rows, First: first.Unix(), Hours: queryDays * 24}
	for _, comune := range lists.ComuniAt(registry.DateOf(time.Now())) {
		f.Comuni = append(f.Comuni, uint32(comune.ID))
	}
	err = db.FillRollups(ctx, f, func(rows int) { fmt.Fprintf(p.Stderr, "filled %d of %d rows\n", rows, c.Rows) })
	if err != nil {
		return err
	}
	return db.Settle(ctx)
}

// ask lets the questions take turns.
func (c *Query) ask(ctx context.Context, p *setup.Parts, counts *count) ([]measure.Result, error) {
	addr, err := child.FreeAddr()
	if err != nil {
		return nil, err
	}
	server, err := counts.startSelf("query", "--admin", "127.0.0.1:0", "--listen", addr, "--disclosure", "none", "--quota-public", "off")
	if err != nil {
		return nil, err
	}
	defer setup.Stop(server)
	if err := server.Await(ctx, func() error { _, err := client.Get(ctx, nil, "http://"+addr+"/status", ""); return err }); err != nil {
		return nil, err
	}
	size, err := counts.database.SizeOf(ctx, "votes_rollup")
	if err != nil {
		return nil, err
	}
	question := func(name string, q url.Values) measure.Subject {
		return measure.Subject{Name: name, Run: func(ctx context.Context) (measure.Sample, error) {
			return timed(ctx, counts.log.rig, server, "http://"+addr+"/v1/stats?"+q.Encode())
		}}
	}
	results, err := measure.Interleave(ctx, fmt.Sprintf("%d rows in %d parts, %.1f bytes a row", size.Rows, size.Parts, float64(size.Bytes)/float64(size.Rows)),
		c.Runs, []measure.Subject{
			question("country by month", url.Values{"from": {queryFrom}, "to": {queryTo}, "group": {"month"}}),
			question("country by region and month", url.Values{"from": {queryFrom}, "to": {queryTo}, "group": {"region,month"}}),
			question("one comune, 30 days", url.Values{"from": {"2025-06-01"}, "to": {"2025-06-30"}, "group": {"service,day"}, "comune": {"058091"}}),
			question("country, 30 days, by comune", url.Values{"from": {"2025-06-01"}, "to": {"2025-06-30"}, "group": {"comune"}}),
		}, func(round int, subject string) { fmt.Fprintf(p.Stderr, "run %d of %d, %s\n", round+1, c.Runs, subject) })
	for i := range results {
		for k := range results[i].Figures {
			results[i].Figures[k].Ratios = nil // One question's cost by another's says nothing.
		}
	}
	return results, err
}

// timed asks once.
func timed(ctx context.Context, r *rig, server *child.Process, address string) (measure.Sample, error) {
	engineBefore, err := measure.CPU(r.engine.Pid())
	if err != nil {
		return nil, err
	}
	before, err := measure.CPU(server.Pid())
	if err != nil {
		return nil, err
	}
	began := time.Now()
	body, err := client.Get(ctx, nil, address, "")
	if err != nil {
		return nil, err
	}
	took := time.Since(began)
	after, err := measure.CPU(server.Pid())
	if err != nil {
		return nil, err
	}
	engine, err := measure.CPU(r.engine.Pid())
	if err != nil {
		return nil, err
	}
	memory, err := measure.MemoryOf(r.engine.Pid())
	return measure.Sample{
		{Metric: "answer_ms", Number: float64(took.Microseconds()) / 1e3},
		{Metric: "database_cpu_ms", Number: float64((engine - engineBefore).Microseconds()) / 1e3},
		{Metric: "query_cpu_ms", Number: float64((after - before).Microseconds()) / 1e3},
		{Metric: "answer_bytes", Number: float64(len(body))},
		{Metric: "database_memory_peak_mib", Number: float64(memory.Peak) / (1 << 20)},
	}, err
}
