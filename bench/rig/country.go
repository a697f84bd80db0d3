package rig

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"mlf/aggregate/store"
	"mlf/bench/baseline"
	"mlf/bench/italy"
	"mlf/bench/measure"
	"mlf/bench/questions"
	"mlf/bench/setup"
	"mlf/query/question"
	"mlf/schema"
	"mlf/schema/columns"
	"mlf/schema/registry"
)

// A countryRig is a country in a database, and who answers questions about it.
type countryRig struct {
	rig   *rig
	dsn   string
	world *questions.World
	store *store.Store
	db    *baseline.Database
	turn  time.Duration // That one is asked one kind of question.
	shown io.Writer     // For progress.
	kept  kept
}

// A kept is what the folder of a country says of it.
type kept struct {
	Scale        float64 `json:"scale"`
	Raw          bool    `json:"raw"`
	Cells        int     `json:"cells"`
	Rows         int     `json:"rows"`
	Votes        uint64  `json:"votes"`
	FillSeconds  float64 `json:"fill_seconds"`
	FillEngine   float64 `json:"fill_engine_cpu_seconds"`
	FillProcess  float64 `json:"fill_process_cpu_seconds"`
	RawSeconds   float64 `json:"raw_seconds"`
	FormatNumber int     `json:"format"`
}

// countryFormat is the number of what italy makes: another country has another.
const countryFormat = 1

// countryFile says in the folder that it is filled. It is written last.
const countryFile = "country.json"

// countryDatabase is the name of the database in the folder.
const countryDatabase = "mlf_italy"

// openCountry starts an engine and fills it, unless the folder has the country.
func (c *Query) openCountry(ctx context.Context, p *setup.Parts) (_ *countryRig, err error) {
	engines, err := newRigIn(ctx, p.Log, c.Data)
	if err != nil {
		return nil, err
	}
	r := &countryRig{rig: engines, turn: c.Time, shown: p.Stderr}
	defer func() {
		if err != nil {
			err = errors.Join(err, r.close())
		}
	}()
	lists, err := registry.Load()
	if err != nil {
		return nil, err
	}
	country, err := italy.New(lists, c.Scale)
	if err != nil {
		return nil, err
	}
	if r.world, err = questions.NewWorld(country, lists); err != nil {
		return nil, err
	}
	r.dsn = strings.TrimSuffix(r.rig.engine.DSN(), "/mlf") + "/" + countryDatabase
	if err := store.Apply(ctx, store.Config{DSN: r.dsn}, countryLog()); err != nil { // Tables that are new since it was filled, too.
		return nil, err
	}
	if err := r.ensure(ctx, r.dsn, c); err != nil {
		return nil, err
	}
	if r.store, err = store.Open(ctx, store.Config{DSN: r.dsn}, store.Telemetry{Logger: p.Log}); err != nil {
		return nil, err
	}
	r.db, err = baseline.OpenDatabase(r.dsn)
	return r, err
}

func (r *countryRig) close() error {
	var errs []error
	if r.store != nil {
		errs = append(errs, r.store.Close())
	}
	if r.db != nil {
		errs = append(errs, r.db.Close())
	}
	return errors.Join(append(errs, r.rig.close())...)
}

// ensure fills the database, unless it is.
func (r *countryRig) ensure(ctx context.Context, dsn string, c *Query) error {
	file := filepath.Join(r.rig.dir, countryFile)
	text, err := os.ReadFile(file)
	want := kept{Scale: c.Scale, Raw: c.Raw, FormatNumber: countryFormat}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		r.kept = want
		return r.fill(ctx, dsn, file)
	case err != nil:
		return fmt.Errorf("read what is in %s: %w", r.rig.dir, err)
	}
	if err := json.Unmarshal(text, &r.kept); err != nil {
		return fmt.Errorf("read %s: %w", file, err)
	}
	if r.kept.Scale != want.Scale || want.Raw && !r.kept.Raw || r.kept.FormatNumber != want.FormatNumber {
		return fmt.Errorf("%s has a country of scale %v, raw votes %v, format %d: want scale %v, raw votes %v, format %d: name another folder, or remove this one",
			r.rig.dir, r.kept.Scale, r.kept.Raw, r.kept.FormatNumber, want.Scale, want.Raw, want.FormatNumber)
	}
	return nil
}

// countryLog is the log that the votes would have come by.
func countryLog() schema.Identity {
	return schema.Identity{Log: schema.LogID{'i', 't', 'a', 'l', 'y'}, Partitions: italy.Partitions, Rules: schema.RulesV2}
}

// fill fills an empty database, and says so in file when all of it is there.
func (r *countryRig) fill(ctx context.Context, dsn, file string) error {
	country := r.world.Country
	use, began := r.rig.use(), time.Now()
	shown := newBar(r.shown, "rollups", "votes", country.Votes())
	filled, err := country.Fill(ctx, dsn, shown.add)
	shown.end()
	if err != nil {
		return err
	}
	engine, self, err := use()
	if err != nil {
		return err
	}
	if err := writeLedger(ctx, dsn, filled.Ledger); err != nil {
		return err
	}
	r.kept.Cells, r.kept.Rows, r.kept.Votes = filled.Cells, filled.Rows, filled.Votes
	r.kept.FillSeconds, r.kept.FillEngine, r.kept.FillProcess = time.Since(began).Seconds(), engine.Seconds(), self.Seconds()
	if r.kept.Raw {
		began := time.Now()
		shown := newBar(r.shown, "raw", "votes", country.Votes())
		_, err := country.FillRaw(ctx, dsn, shown.add)
		shown.end()
		if err != nil {
			return err
		}
		r.kept.RawSeconds = time.Since(began).Seconds()
	}
	text, err := json.MarshalIndent(r.kept, "", "  ")
	if err != nil {
		return fmt.Errorf("write %s: %w", file, err)
	}
	return os.WriteFile(file, text, 0o644)
}

func writeLedger(ctx context.Context, dsn string, rows []schema.LedgerRow) error {
	s, err := store.Open(ctx, store.Config{DSN: dsn, ConnsMax: 1}, store.Telemetry{})
	if err != nil {
		return err
	}
	return errors.Join(s.WriteLedger(ctx, rows, nil), s.Close())
}

// onCountry measures the parts that need a country, on one and the same.
func (c *Query) onCountry(ctx context.Context, p *setup.Parts, report *measure.Report) (err error) {
	parts := []countryPart{{"country", c.country}, {"", keepSnapshot}, {"pages", c.pages}, {"feed", c.feed}, {"beside", c.beside}}
	parts = slices.DeleteFunc(parts, func(p countryPart) bool { return p.name != "" && !slices.Contains(c.Parts, p.name) })
	if len(parts) == 1 {
		return nil
	}
	r, err := c.openCountry(ctx, p)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.close()) }()
	for _, part := range parts {
		if err := part.run(ctx, r, report); err != nil {
			return fmt.Errorf("part %s: %w", part.name, err)
		}
	}
	return nil
}

// A countryPart is what is measured on a country; without a name it is always there.
type countryPart struct {
	name string
	run  func(context.Context, *countryRig, *measure.Report) error
}

// keepSnapshot sees that there is a snapshot that all who follow can start from.
func keepSnapshot(ctx context.Context, r *countryRig, _ *measure.Report) error {
	h, err := r.hold(ctx, r.cubeDir(), quietFeed{})
	if err != nil {
		return err
	}
	return h.end()
}

// country asks questions about a country, of all who can answer them.
func (c *Query) country(ctx context.Context, r *countryRig, report *measure.Report) (err error) {
	size, err := r.db.SizeOf(ctx, "votes_rollup")
	if err != nil {
		return err
	}
	report.Notes = append(report.Notes, fmt.Sprintf(
		"country: %d comuni, %d leaves, %d cells in %d rows of %d votes, %d parts, %.2f bytes a row; filled in %.0f s (%.0f s of the database, %.0f s of this process), raw votes in %.0f s",
		len(r.world.Comuni), r.world.Country.Leaves(), r.kept.Cells, r.kept.Rows, r.kept.Votes, size.Parts, float64(size.Bytes)/float64(size.Rows),
		r.kept.FillSeconds, r.kept.FillEngine, r.kept.FillProcess, r.kept.RawSeconds))
	loaded, err := measure.Interleave(ctx, loadWork, 1, []measure.Subject{
		{Name: "store, in columns", Run: r.loadColumns}, r.load(loadAnew, false), r.load(loadSnapshot, true),
	}, func(_ int, subject string) { fmt.Fprintf(r.shown, "load: %s\n", subject) })
	if err != nil {
		return err
	}
	report.Results = append(report.Results, loaded...)
	h, err := r.hold(ctx, r.cubeDir(), quietFeed{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, h.end()) }()
	answerers := []questions.Answerer{questions.ByView("cube", h.state), questions.ByStore(r.store)}
	if r.kept.Raw {
		answerers = append(answerers, questions.ByRaw(r.db))
	}
	if err := r.questions(ctx, c.Runs, answerers, report); err != nil {
		return err
	}
	return r.agree(ctx, h.state, report)
}

// agreeMost is how many questions of a kind are compared row by row; agreeTime is how
// long, when one of them takes the database seconds.
const (
	agreeMost = 20
	agreeTime = 20 * time.Second
)

// agree compares, row by row, what is in memory with what the database says.
func (r *countryRig) agree(ctx context.Context, state question.View, report *measure.Report) error {
	stored := r.world.View(r.store)
	compared, asked := 0, 0
	for _, k := range questions.Kinds() {
		random, began := rand.New(rand.NewPCG(1, uint64(len(k.Name)))), time.Now()
		for n := 0; n < agreeMost && (n == 0 || time.Since(began) < agreeTime); n++ {
			fmt.Fprintf(r.shown, "compare row by row: %s, %d\n", k.Name, n+1)
			a := k.Make(r.world, random)
			rows, err := questions.Agree(ctx, &a, state, stored)
			if err != nil {
				return fmt.Errorf("compare %s: %w", k.Name, err)
			}
			compared, asked = compared+rows, asked+1
		}
	}
	report.Notes = append(report.Notes, fmt.Sprintf("%d rows and reasons of %d answers compared one by one between cube and store, 0 differ", compared, asked))
	return nil
}

// questions lets the answerers take turns at every kind of question.
func (r *countryRig) questions(ctx context.Context, runs int, answerers []questions.Answerer, report *measure.Report) error {
	compared := 0
	for _, k := range questions.Kinds() {
		var subjects []measure.Subject
		var names []string
		var turns []*[]turn
		for _, by := range answerers {
			subject, said := r.asks(k, by)
			subjects, names, turns = append(subjects, subject), append(names, by.Name), append(turns, said)
		}
		results, err := measure.Interleave(ctx, k.Name, runs, subjects, func(round int, subject string) {
			fmt.Fprintf(r.shown, "%s: run %d of %d, %s\n", k.Name, round+1, runs, subject)
		})
		if err != nil {
			return err
		}
		n, err := agree(k, names, turns)
		if err != nil {
			return err
		}
		compared += n
		report.Results = append(report.Results, ratiosOf(results, "answer_p50_ms", "answer_p99_ms")...)
	}
	report.Notes = append(report.Notes, fmt.Sprintf("%d answers of different sources to one question compared, 0 differ", compared))
	return nil
}

// ratiosOf leaves ratios to some metrics: one question's share of another's says
// nothing of rows, or of how many one had time for.
func ratiosOf(results []measure.Result, metrics ...string) []measure.Result {
	for i := range results {
		for k := range results[i].Figures {
			if f := &results[i].Figures[k]; !slices.Contains(metrics, f.Metric) {
				f.Ratios = nil
			}
		}
	}
	return results
}

// loadColumns reads all that was counted, month by month, and keeps nothing: the least
// that a load without a snapshot costs.
func (r *countryRig) loadColumns(ctx context.Context) (measure.Sample, error) {
	rows := 0
	take := func(c *columns.Rollups) error { rows += c.Len(); return nil }
	cut := r.world.Country.Cut()
	first, next := r.world.Country.Hours()
	start := first.Time().In(r.world.Rome)
	use, began := r.rig.use(), time.Now()
	for m := range 12 * italy.Years {
		from := r.world.Hour(start.Year(), start.Month()+time.Month(m), 1)
		if err := r.store.Settled(ctx, from, min(next, r.world.Hour(start.Year(), start.Month()+time.Month(m+1), 1)), cut, take); err != nil {
			return nil, err
		}
	}
	settled := time.Since(began)
	if err := r.store.Open(ctx, cut, take); err != nil {
		return nil, err
	}
	took := time.Since(began)
	engine, self, err := use()
	if err == nil && rows != r.kept.Rows {
		err = fmt.Errorf("%d rows were loaded: want %d", rows, r.kept.Rows)
	}
	n := float64(rows)
	return measure.Sample{
		{Metric: "load_seconds", Number: took.Seconds()},
		{Metric: "open_seconds", Number: (took - settled).Seconds()},
		{Metric: "database_cpu_ns_per_row", Number: float64(engine) / n},
		{Metric: "process_cpu_ns_per_row", Number: float64(self) / n},
		{Metric: "rows", Number: n},
	}, err
}
