package italy_test

import (
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"mlf/aggregate/store"
	"mlf/aggregate/store/embedded"
	"mlf/bench/baseline"
	"mlf/bench/italy"
	"mlf/schema"
	"mlf/schema/columns"
	"mlf/schema/registry"
)

func TestMain(m *testing.M) {
	embedded.ChildMain()
	os.Exit(m.Run())
}

func newCountry(t *testing.T, scale float64) *italy.Country {
	t.Helper()
	lists, err := registry.Load()
	if err != nil {
		t.Fatal(err)
	}
	c, err := italy.New(lists, scale)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestTheWholeCountryVotes: every comune at scale 1, every hundredth at 0.01, with
// as many votes as belong to them.
func TestTheWholeCountryVotes(t *testing.T) {
	whole, part := newCountry(t, 1), newCountry(t, 0.01)
	if n := len(whole.Comuni()); n < 7800 || n > 7960 {
		t.Errorf("%d comuni: want all of Italy's", n)
	}
	if n := len(part.Comuni()); n < 70 || n > 80 {
		t.Errorf("%d comuni: want every hundredth", n)
	}
	if ratio := float64(part.Votes()) / float64(whole.Votes()); ratio < 0.003 || ratio > 0.03 {
		t.Errorf("%d of %d votes: want about a hundredth", part.Votes(), whole.Votes())
	}
}

func TestAScaleThatIsNoneIsRefused(t *testing.T) {
	lists, err := registry.Load()
	if err != nil {
		t.Fatal(err)
	}
	for _, scale := range []float64{-1, 0, 101, 1e-9} {
		if _, err := italy.New(lists, scale); err == nil {
			t.Errorf("scale %v was accepted", scale)
		}
	}
}

// filled is a country in a store, with the account of its segments.
type filled struct {
	*italy.Country
	rows  *italy.Filled
	store *store.Store
	dsn   string
}

func fill(t *testing.T, engine *embedded.Server, name string) filled {
	t.Helper()
	f := filled{Country: newCountry(t, 0.02), dsn: strings.TrimSuffix(engine.DSN(), "/mlf") + "/" + name}
	if err := store.Apply(t.Context(), store.Config{DSN: f.dsn}, schema.Identity{Log: schema.LogID{1}, Partitions: italy.Partitions, Rules: schema.RulesV2}); err != nil {
		t.Fatal(err)
	}
	var err error
	if f.rows, err = f.Fill(t.Context(), f.dsn, func(int) {}); err != nil {
		t.Fatal(err)
	}
	if f.store, err = store.Open(t.Context(), store.Config{DSN: f.dsn}, store.Telemetry{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := f.store.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := f.store.WriteLedger(t.Context(), f.rows.Ledger, nil); err != nil {
		t.Fatal(err)
	}
	return f
}

func startEngine(t *testing.T) *embedded.Server {
	t.Helper()
	engine, err := embedded.Start(t.Context(), embedded.Config{Dir: t.TempDir()}, embedded.Telemetry{})
	if errors.Is(err, embedded.ErrNoLibrary) && os.Getenv("MLF_REQUIRE_ENGINE") == "" {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := engine.Close(); err != nil {
			t.Error(err)
		}
	})
	return engine
}

// TestWhatIsFilledIsAsDescribed: the rows are those of the ledger, segment by
// segment, the same at every call, within the years, and as often late as they say;
// raw votes are the same votes.
func TestWhatIsFilledIsAsDescribed(t *testing.T) {
	engine := startEngine(t)
	one, two := fill(t, engine, "mlf_one"), fill(t, engine, "mlf_two")
	if one.rows.Rows != two.rows.Rows || one.rows.Votes != two.rows.Votes || one.rows.Cells != two.rows.Cells {
		t.Errorf("%+v and %+v: want the same", one.rows.Rows, two.rows.Rows)
	}
	sums := one.read(t)
	var counted uint64
	for _, row := range one.rows.Ledger {
		counted += row.Counted
		if got := sums[[2]int{int(row.Partition), int(row.Segment)}]; got != row.Counted || !row.Balanced() {
			t.Errorf("partition %d, segment %d: %d votes, the ledger says %+v", row.Partition, row.Segment, got, row.Tally)
		}
	}
	if counted != one.rows.Votes || len(sums) > len(one.rows.Ledger) {
		t.Errorf("%d votes in %d segments: the ledger has %d in %d", one.rows.Votes, len(sums), counted, len(one.rows.Ledger))
	}
	if late := one.rows.Rows - one.rows.Cells; late < one.rows.Rows/10_000 || len(one.rows.Ledger) < 1.5*italy.Partitions {
		t.Errorf("%d of %d rows in %d segments are of a later one than others of their cell", late, one.rows.Rows, len(one.rows.Ledger))
	}
	raw, err := one.FillRaw(t.Context(), one.dsn, func(int) {})
	if err != nil || uint64(raw) != one.rows.Votes {
		t.Errorf("%d raw votes, %v: want %d", raw, err, one.rows.Votes)
	}
	db, err := baseline.OpenDatabase(one.dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close() //nolint:errcheck // Read only.
	size, err := db.SizeOf(t.Context(), "votes_rollup")
	if err != nil || size.Rows != uint64(one.rows.Rows) || size.Parts < 60 {
		t.Errorf("%+v on disk, %v: want %d rows, a part a month at least", size, err, one.rows.Rows)
	}
}

// read adds up the votes by partition and segment.
func (f *filled) read(t *testing.T) map[[2]int]uint64 {
	t.Helper()
	sums := make(map[[2]int]uint64)
	first, next := f.Hours()
	rome, err := time.LoadLocation("Europe/Rome")
	if err != nil {
		t.Fatal(err)
	}
	take := func(c *columns.Rollups) error {
		for i := range c.Len() {
			for v := range c.Values {
				sums[[2]int{int(c.Partition[i]), int(c.Segment[i])}] += c.Values[v][i]
			}
			if c.Hour[i] < first || c.Hour[i] >= next {
				t.Errorf("hour %v: want it within the years", c.Hour[i])
			}
			at := c.Hour[i].Time().In(rome)
			if c.Channel[i] == schema.ChannelCounter && (at.Month() == time.December && at.Day() == 25 || at.Weekday() == time.Sunday || at.Hour() < 8) {
				t.Errorf("a counter was open at %v", at)
			}
		}
		return nil
	}
	if err := f.store.Settled(t.Context(), first, next, f.Cut(), take); err != nil {
		t.Fatal(err)
	}
	if err := f.store.Open(t.Context(), f.Cut(), take); err != nil {
		t.Fatal(err)
	}
	return sums
}

// TestNewsTile: claims follow each other in every partition, and the account of a
// segment is that of its rows.
func TestNewsTile(t *testing.T) {
	c := newCountry(t, 0.01)
	var at [italy.Partitions]schema.Offset
	for p := range at {
		at[p] = schema.Offset(100 * p)
	}
	news, cut := c.NewNews(at), c.Cut()
	cells := make(map[schema.Cell]uint64)
	from, _ := c.Hours()
	var counted uint64
	for range 5 {
		counted = 0
		for _, claim := range news.Claims(1000, from, from+2) {
			p := claim.Partition
			if claim.After != at[p] || claim.Next <= claim.After || claim.Ledger[0].Next != claim.Next || claim.Ledger[0].Segment != cut[p]+1 {
				t.Fatalf("claim [%d, %d) of partition %d at %d, account %+v", claim.After, claim.Next, p, at[p], claim.Ledger)
			}
			at[p] = claim.Next
			for _, row := range claim.Rollups {
				n := uint64(0)
				for _, v := range row.Values {
					n += v
				}
				if n <= cells[row.Cell] || row.Hour < from || row.Hour >= from+2 || row.Partition != p || row.Segment != cut[p]+1 {
					t.Fatalf("row %+v: had %d votes", row, cells[row.Cell])
				}
				cells[row.Cell] = n
			}
			counted += claim.Ledger[0].Counted
		}
	}
	var all uint64
	for _, n := range cells {
		all += n
	}
	if all != 5000 || counted > all {
		t.Errorf("%d votes in the rows, %d in the last accounts: want 5000", all, counted)
	}
	ledger := make([]schema.LedgerTotals, italy.Partitions)
	if news.Reached(ledger) {
		t.Error("nobody has heard anything")
	}
	for p := range ledger {
		ledger[p].Next = at[p]
	}
	if !news.Reached(ledger) {
		t.Error("all was heard")
	}
}
