package sim

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"mlf/aggregate/fold"
	"mlf/aggregate/store/model"
	"mlf/ingest/broker"
	"mlf/schema"
)

// kindTell is a call to the counts topic.
const kindTell = "tell"

// A feed is the counts topic, and who follows it. What is told may be lost although
// it was acknowledged: nothing is promised of it.
type feed struct {
	w       *world
	records []told
	base    int           // The first record of the topic that is there now,
	head    schema.Offset // and of that topic the first that retention has left.

	read    int // By the follower, who hears also what the topic has lost.
	who     follower
	missing bool // The follower lacks something, and has yet to load.
	tainted bool // It has loaded from a store that had lost rows.
	wrong   error

	floor   [partitions]*oracle // At the follower's position,
	ceiling [partitions]*oracle // and at the log's end.
}

func newFeed(w *world, who follower) *feed { return &feed{w: w, who: who} }

// A teller is a process's way to the counts topic.
type teller struct {
	w   *world
	who *process
}

// newTeller returns how p tells: in one record, or in many short ones.
func (w *world) newTeller(p *process) *broker.CountsWriter {
	most := 1_000_000
	if w.dice.IntN(2) == 0 {
		most = 600 + w.dice.IntN(300)
	}
	return broker.NewCountsWriterOver(broker.SenderParts{
		Sender:     teller{w, p},
		Config:     broker.Config{TellTimeout: tellTimeout, BatchBytesMax: most},
		Logger:     slog.New(slog.DiscardHandler),
		Registerer: prometheus.NewRegistry(),
		Backoff:    func(failures int) time.Duration { return 20 * time.Millisecond << min(failures, 4) },
	}, identity().Log, schema.TellerID{byte(p.id >> 8), byte(p.id)})
}

// Send waits for the scheduler.
func (t teller) Send(ctx context.Context, _ schema.Partition, set []byte) (time.Time, error) {
	sum := bytes.Clone(set[:min(len(set), 25)])
	effect := func(func() bool) error {
		if !bytes.Equal(sum, set[:len(sum)]) {
			panic("BUG: the memory of claims was used that may be sent still")
		}
		records, err := broker.ReadSet(set)
		if err != nil || len(records) != 1 {
			panic(fmt.Sprintf("BUG: %d records were told as one: %v", len(records), err))
		}
		if !t.w.calm && t.w.chance(t.w.weather.lost) {
			t.w.hits[hitClaimLost]++
			return nil
		}
		t.w.feed.append(records[0].Value)
		return nil
	}
	return time.Time{}, t.w.do(ctx, call{who: t.who, kind: kindTell, part: -1, nature: natureAtomic, effect: effect})
}

// turn lets the follower hear something, or load, and looks whether it is right.
func (f *feed) turn() {
	if f == nil {
		return // Of those who count here nobody tells.
	}
	w := f.w
	switch {
	case w.chance(2) && !w.calm:
		w.note("follower starts anew")
		w.hits[hitFollowerKilled]++
		f.who = f.who.anew()
		f.missing, f.read = true, max(0, f.read-w.dice.IntN(20)) // It begins some time before.
	case f.missing && !w.store.down() && w.chance(100):
		f.load()
	case f.read < len(f.records) && w.chance(300):
		f.hear()
	default:
		return
	}
	if w.steps%8 == 0 {
		f.check()
	}
}

// hear takes what the follower has not heard.
func (f *feed) hear() {
	for n := 1 + f.w.dice.IntN(10); n > 0 && f.read < len(f.records); n-- {
		b := f.batch(f.read)
		f.read++
		if b.First < b.Number {
			f.w.hits[hitClaimParts]++
		}
		if f.who.take(&b) {
			f.w.hits[hitGapHeard]++
			f.missing = true
		}
	}
}

// load lets the follower read the store.
func (f *feed) load() {
	f.w.note("follower loads")
	f.missing = false
	f.tainted = !f.whole()
	if f.tainted {
		f.w.hits[hitLoadedLoss]++
	}
	f.who.reload(f.w.store)
}

// whole tells whether the store has all that its ledger says: after a power cut it
// may not, until the workers have come back to it.
func (f *feed) whole() bool {
	for p := range partitions {
		o := f.w.newOracle(p)
		o.goOn(f.w, f.w.store.Next(schema.Partition(p)))
		if atLeast(f.w.store.Rollups, o.tables.Rollups) != nil {
			return false
		}
	}
	return true
}

// check sees that the follower has all at its position, and nothing that is not on
// the log.
func (f *feed) check() {
	if f.wrong != nil {
		return
	}
	has, at := f.who.cells(), f.who.position()
	for p := range partitions {
		if f.floor[p] == nil || f.floor[p].fold.Next() > at[p] {
			f.floor[p] = f.w.newOracle(p)
		}
		if f.ceiling[p] == nil {
			f.ceiling[p] = f.w.newOracle(p)
		}
		end := f.w.log.parts[p].end()
		if at[p] > end {
			f.wrong = fmt.Errorf("follower is at %d of partition %d, which ends at %d", at[p], p, end)
			return
		}
		f.floor[p].goOn(f.w, at[p])
		f.ceiling[p].goOn(f.w, end)
		if err := atLeast(has, f.floor[p].tables.Rollups); err != nil && !f.tainted {
			f.wrong = fmt.Errorf("follower at %d of partition %d lacks %w", at[p], p, err)
		}
		if err := atLeast(f.ceiling[p].tables.Rollups, of(has, p)); err != nil {
			f.wrong = fmt.Errorf("follower has more than partition %d: %w", p, err)
		}
	}
}

// end lets the follower hear all, and holds it to the log.
func (f *feed) end() error {
	for f.read < len(f.records) {
		f.hear()
	}
	for p, at := range f.who.position() {
		f.missing = f.missing || at < f.w.store.Next(schema.Partition(p))
	}
	if f.missing || f.tainted {
		f.load()
	}
	f.check()
	for p, at := range f.who.position() {
		if end := f.w.log.parts[p].end(); at != end && f.wrong == nil {
			f.wrong = fmt.Errorf("follower is at %d of partition %d, which ends at %d", at, p, end)
		}
	}
	return f.wrong
}

// An oracle is what the records of a partition come to, up to some offset.
type oracle struct {
	p      int
	fold   *fold.Fold
	tables *model.Tables
}

func (w *world) newOracle(p int) *oracle {
	sum, err := w.fold(schema.Partition(p))
	if err != nil {
		panic(fmt.Sprintf("BUG: %v", err)) // It was made by this program.
	}
	o := &oracle{p: p, fold: sum, tables: model.New()}
	if w.ground != nil {
		for _, r := range w.ground.rows[p].Ledger {
			o.tables.Account(r)
		}
	}
	return o
}

// goOn counts on to offset next.
func (o *oracle) goOn(w *world, next schema.Offset) {
	for o.fold.Next() < next {
		rec := w.log.at(o.p, o.fold.Next())
		if err := o.fold.Apply(&schema.Record{Offset: o.fold.Next(), Key: rec.key, Value: rec.value}); err != nil {
			panic(fmt.Sprintf("BUG: %v", err)) // The log is sound.
		}
	}
	var rows fold.Rows
	o.fold.Drain(&rows)
	for _, r := range rows.Rollups {
		o.tables.Rollup(r)
	}
	for _, r := range rows.Ledger {
		o.tables.Account(r)
	}
}

// of returns the rows of a partition.
func of(rows map[model.RollupKey]schema.Rollup, p int) map[model.RollupKey]schema.Rollup {
	some := make(map[model.RollupKey]schema.Rollup)
	for k, r := range rows {
		if int(k.Partition) == p {
			some[k] = r
		}
	}
	return some
}

// atLeast returns an error where a count of want is higher in want than in got.
func atLeast(got, want map[model.RollupKey]schema.Rollup) error {
	for k, w := range want {
		g := got[k]
		for i := range w.Values {
			if g.Values[i] < w.Values[i] {
				return fmt.Errorf("%+v: %v against %v", k, g.Values, w.Values)
			}
		}
		if !slices.Equal(schema.MaxReasons(g.Reasons, w.Reasons), g.Reasons) {
			return fmt.Errorf("%+v: reasons %v against %v", k, g.Reasons, w.Reasons)
		}
	}
	return nil
}
