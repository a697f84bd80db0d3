package doctor_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"strings"
	"testing"
	"time"

	"mlf/command/doctor"
	"mlf/schema"
	"mlf/schema/finding"
	"mlf/schema/shares"
)

var update = flag.Bool("update", false, "write the golden file again") //nolint:gochecknoglobals // A flag of the test binary.

// fake is a log and a database of it.
type fake struct {
	genesis  schema.Genesis
	bounds   []schema.Bounds
	workers  map[string]int
	identity schema.Identity
	share    shares.Share
	next     []schema.Offset
	err      error
	reads    error // Of records.
}

var errDenied = errors.New("authorization failed")

func (f *fake) Bounds(context.Context) ([]schema.Bounds, error) { return f.bounds, f.err }
func (f *fake) ReadGenesis(context.Context, schema.Partition) (schema.Genesis, error) {
	if f.reads != nil {
		return f.genesis, f.reads
	}
	return f.genesis, f.err
}
func (f *fake) Denied(err error) bool                            { return errors.Is(err, errDenied) }
func (f *fake) Counting(context.Context) (map[string]int, error) { return f.workers, f.err }
func (f *fake) Share(context.Context) (schema.Identity, shares.Share, error) {
	return f.identity, f.share, nil
}

func (f *fake) Tallies(context.Context) (all []schema.LedgerTotals, err error) {
	for _, n := range f.next {
		var one schema.LedgerTotals
		one.Next = n
		all = append(all, one)
	}
	return all, nil
}

func sound() *fake {
	log := schema.LogID{1}
	return &fake{
		genesis: schema.Genesis{Log: log, Partitions: 2}, identity: schema.Identity{Log: log, Partitions: 2}, share: shares.Whole(),
		bounds: []schema.Bounds{{Next: 10}, {Next: 20}}, next: []schema.Offset{10, 15}, workers: map[string]int{"mlf-aggregate-a": 2},
	}
}

func look(t *testing.T, f *fake) []finding.Finding {
	t.Helper()
	a := doctor.Database{Place: "ch-a:9000/mlf", Store: f, Group: func(schema.LogID) string { return "mlf-aggregate-a" }}
	return finding.Run(t.Context(), time.Second, doctor.Together(f, a)...)
}

// TestLogAndDatabasesAreHeldTogether: each way in which they do not fit.
func TestLogAndDatabasesAreHeldTogether(t *testing.T) {
	f := func(check string, status finding.Status, says string, change func(f *fake)) {
		t.Helper()
		of := sound()
		change(of)
		found := look(t, of)
		for _, one := range found {
			if one.Check == check && one.Status == status && strings.Contains(one.Says, says) {
				return
			}
		}
		t.Errorf("no %s %s with %q in %+v", status, check, says, found)
	}
	f("log.partitions", finding.OK, "2 partitions", func(*fake) {})
	f("log.counted", finding.OK, "5 records are not counted yet", func(*fake) {})
	f("log.workers", finding.OK, "2 workers", func(*fake) {})
	f("log.partitions", finding.Warn, "its topic 3", func(f *fake) { f.bounds = append(f.bounds, schema.Bounds{}) })
	f("log.partitions", finding.Fail, "its topic 3", func(f *fake) { f.bounds = append(f.bounds, schema.Bounds{Next: 1}) })
	f("log.partitions", finding.Fail, "its topic 1", func(f *fake) { f.bounds = f.bounds[:1] })
	f("log.partitions", finding.Warn, "beginning of partitions [1]", func(f *fake) { f.bounds[1].First = 3 })
	f("log.counted", finding.Fail, "15 to 17 of partition 1", func(f *fake) { f.bounds[1].First = 18 })
	f("log.counted", finding.Fail, "partition 0 ends at 9 and was counted to 10", func(f *fake) { f.bounds[0].Next = 9 })
	f("log.counted", finding.Fail, "it counts log", func(f *fake) { f.identity.Log = schema.LogID{2} })
	f("log.workers", finding.Warn, "nobody counts into it", func(f *fake) { f.workers = map[string]int{} })
	f("log.workers", finding.Warn, "1 workers count into a database that was not named", func(f *fake) { f.workers["mlf-aggregate-b"] = 1 })
	f("log.counted", finding.OK, "0 records are not counted yet", func(f *fake) {
		f.share, f.next, f.bounds[1].First = shares.Share{Of: 2}, []schema.Offset{10, 0}, 18
	})
	f("log.counted", finding.Fail, "15 to 17 of partition 1", func(f *fake) { f.share, f.bounds[1].First = shares.Share{Number: 1, Of: 2}, 18 })
	f("log.counted", finding.Fail, "15 to 17 of partition 1", func(f *fake) { f.share, f.bounds[1].First = shares.Share{}, 18 })
	f("log.workers", finding.Warn, "2 workers count into a database that was not named", func(f *fake) { f.share = shares.Share{} })
	f("log.partitions", finding.Warn, "not known", func(f *fake) { f.err = errors.New("no right") })
	f("log.partitions", finding.Warn, "not known: authorization failed", func(f *fake) { f.reads = errDenied })
	f("log.partitions", finding.Fail, "no genesis", func(f *fake) { f.reads = errors.New("no genesis") })
	f("log.workers", finding.Warn, "not known", func(f *fake) { f.err = errors.New("no right") })
	f("log.counted", finding.Warn, "not known", func(f *fake) { f.err = errors.New("no right") })
}

// TestReport holds the words to a golden file, and the JSON to what scripts read.
func TestReport(t *testing.T) {
	of := sound()
	of.workers["mlf-aggregate-b"] = 1
	of.bounds[1].First = 18
	disk := finding.Disk{Free: 80e9, Total: 500e9, Ours: 40e9, Age: 20 * 24 * time.Hour}
	found := append(look(t, of), disk.Forecast("kafka.disk", "k1:9092 /data", "a broker whose disk is full stops"),
		finding.Skip("clickhouse", "", "no --clickhouse was named"), finding.Unknown("kafka.clock", "", errors.New("[29] Topic\n authorization"), "give this user Describe on the cluster"))
	r := doctor.New(found)
	var text, asJSON bytes.Buffer
	if err := errors.Join(r.Print(&text), r.JSON(&asJSON)); err != nil {
		t.Fatal(err)
	}
	const golden = "testdata/report.txt"
	if *update {
		if err := os.WriteFile(golden, text.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil || !bytes.Equal(want, text.Bytes()) {
		t.Errorf("got\n%s\nwant\n%s\n%v", text.Bytes(), want, err)
	}
	var read struct {
		Findings []map[string]string
		Totals   map[string]int
	}
	if err := json.Unmarshal(asJSON.Bytes(), &read); err != nil || len(read.Findings) != len(found) || read.Totals["fail"] != 1 || read.Totals["skipped"] != 1 {
		t.Errorf("got %+v, %v", read, err)
	}
}

// TestOneThatHangsHidesNoOther: a check that does not mind its context.
func TestOneThatHangsHidesNoOther(t *testing.T) {
	hang := make(chan struct{})
	defer close(hang)
	found := finding.Run(t.Context(), 10*time.Millisecond,
		finding.Check{Name: "a", Do: func(context.Context) []finding.Finding { <-hang; return nil }},
		finding.Check{Name: "b", Do: func(context.Context) []finding.Finding { return []finding.Finding{{Status: finding.OK, Check: "b"}} }})
	if len(found) != 2 || found[0].Status != finding.Warn || found[1].Status != finding.OK {
		t.Errorf("got %+v", found)
	}
}
