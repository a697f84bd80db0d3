package sim

import (
	"context"
	"errors"
	"fmt"
	"time"

	"mlf/aggregate/fold"
	"mlf/aggregate/store/model"
	"mlf/proof/sim/held"
	"mlf/proof/sim/verdict"
	"mlf/schema"
)

// A cellKey is what the oracle counts by: a cell but for its class, which the fold
// alone decides.
type cellKey struct {
	comune  schema.ComuneID
	service schema.ServiceID
	hour    schema.Hour
	value   schema.Value
	reason  schema.Reason
}

// An amount is what the votes on the log come to, found in two ways: by one fold
// that nothing disturbs, and by a map of all votes that were cast, which knows
// nothing of record formats, intervals or segments.
type amount struct {
	tables *model.Tables
	err    error

	votes   map[cellKey]uint64
	settled map[voteKey]bool // Counted or voided, or shown as quarantined.
	streams map[streamKey]*verdict.Stream
	rules   [partitions]schema.Rules    // Of the records that come.
	events  [partitions]*verdict.Events // By rules 3.
	tally   schema.Tally
}

// A streamKey is the identity of a stream.
type streamKey struct {
	terminal schema.TerminalID
	stream   schema.StreamID
}

// amount counts what is on the log now.
func (w *world) amount() amount {
	a := amount{tables: model.New(), votes: make(map[cellKey]uint64), settled: make(map[voteKey]bool), streams: make(map[streamKey]*verdict.Stream)}
	for p := range w.log.parts {
		part := &w.log.parts[p]
		a.events[p] = verdict.NewEvents()
		sum, err := w.fold(schema.Partition(p))
		a.err = errors.Join(a.err, err)
		for i, rec := range part.records {
			a.err = errors.Join(a.err, sum.Apply(&schema.Record{Offset: part.base + schema.Offset(i), Key: rec.key, Value: rec.value}))
			w.count(&a, p, rec)
		}
		var rows fold.Rows
		sum.Drain(&rows)
		for _, r := range rows.Rollups {
			a.tables.Rollup(r)
		}
		for _, r := range rows.Ledger {
			a.tables.Account(r)
		}
		for _, m := range rows.Watermarks {
			a.tables.Mark(m)
		}
	}
	return a
}

func (w *world) count(a *amount, p int, rec record) {
	a.tally.Records++
	switch string(rec.key) {
	case "":
	case schema.KeyGenesis:
		if g, err := schema.DecodeGenesis(rec.value); err == nil && a.rules[p] == 0 {
			a.rules[p] = g.Rules
		}
		return
	case schema.KeyRules:
		if c, err := schema.DecodeControl(rec.value); err == nil {
			a.rules[p] = max(a.rules[p], c.Rules)
		}
		return
	default: // Nobody's: one vote that nobody can read.
		a.tally.VotesIn++
		a.tally.Quarantined++
		return
	}
	if e, is := w.events[string(rec.value)]; is {
		a.countEvent(w.hits, p, &e)
		return
	}
	r := w.requests[string(rec.value)]
	if r != nil && a.rules[p] >= schema.RulesV3 {
		a.events[p].Tick(r.ingested)
	}
	switch {
	case r == nil: // Nobody's: one vote that nobody can read.
		a.tally.VotesIn++
		a.tally.Quarantined++
		return
	case int(r.partition) != p:
		a.tally.VotesIn += uint64(len(r.votes))
		a.tally.Quarantined += uint64(len(r.votes))
		return
	}
	for _, v := range r.votes {
		a.tally.VotesIn++
		a.settled[v.key] = true
		switch w.judge(a, r, v, a.rules[p]) {
		case verdict.Duplicate:
			a.tally.Duplicates++
			continue
		case verdict.Conflict:
			a.tally.Conflicts++
			continue
		case verdict.TooLate, verdict.TooMany:
			a.tally.Quarantined++
			continue
		case verdict.First:
		}
		if v.Value == schema.Voided {
			a.tally.Voided++
			continue
		}
		a.tally.Counted++
		a.events[p].Saw(v.key.terminal, v.At, r.ingested)
		key := cellKey{r.comune, v.Service, v.At.Hour(), v.Value, schema.ReasonNone}
		a.votes[key]++
		if v.Reason != schema.ReasonNone {
			key.reason = v.Reason
			a.votes[key]++
		}
	}
}

// judge says what must become of a vote.
func (w *world) judge(a *amount, r *request, v *vote, rules schema.Rules) verdict.Verdict {
	if rules >= schema.RulesV2 && (v.At < r.ingested-schema.VoteAgeMax || v.At > r.ingested+schema.VoteAheadMax) {
		w.hits[hitTime]++
		return verdict.TooMany
	}
	key := streamKey{v.key.terminal, v.key.stream}
	s := a.streams[key]
	if s == nil {
		s = verdict.NewStream()
		a.streams[key] = s
	}
	closed := len(s.Closed)
	is := s.Take(v.Seq, v.Value, rules)
	if len(s.Closed) > closed {
		w.hits[hitGap]++
	}
	if is == verdict.TooLate {
		w.hits[hitLate]++
	}
	return is
}

// compare holds the store to what the votes come to.
func (w *world) compare(want amount) error {
	errs := []error{want.err, held.Differences(w.store.Tables, want.tables)}
	days := make([]verdict.Days, partitions)
	for p := range days {
		days[p] = want.events[p].Days
	}
	errs = append(errs, held.Presence(w.store.Tables, partitions, days...))
	got := make(map[cellKey]uint64)
	for k, row := range w.store.Rollups {
		key := cellKey{comune: k.Cell.Comune, service: k.Cell.Service, hour: k.Cell.Hour}
		for i, n := range row.Values {
			key.value, key.reason = schema.Value(i+1), schema.ReasonNone
			got[key] += n
		}
		for _, of := range row.Reasons {
			key.value, key.reason = of.Key.Value(), of.Key.Reason()
			got[key] += of.N
		}
	}
	for k, n := range want.votes {
		if got[k] != n {
			errs = append(errs, fmt.Errorf("%+v: counted %d, cast and taken %d", k, got[k], n))
		}
		delete(got, k)
	}
	for k, n := range got {
		if n > 0 {
			errs = append(errs, fmt.Errorf("%+v: counted %d, and nobody cast it", k, n))
		}
	}
	var tally schema.Tally
	newest := make(map[[2]int64]schema.LedgerRow)
	for k, row := range w.store.Ledger {
		if at := [2]int64{int64(k.Partition), int64(k.Segment)}; row.Next >= newest[at].Next {
			newest[at] = row
		}
	}
	for _, row := range newest {
		if !row.Balanced() {
			errs = append(errs, fmt.Errorf("ledger is not balanced: %+v", row))
		}
		tally.Add(row.Tally)
	}
	if w.ground != nil {
		want.tally.Records += partitions * groundNext
	}
	if tally != want.tally {
		errs = append(errs, fmt.Errorf("ledger: got %+v, want %+v", tally, want.tally))
	}
	return errors.Join(append(errs, w.promised(want))...)
}

// promised holds the count to the answers: what was answered ok is counted or
// voided, once, or shown as quarantined; so is in the end all that the terminals did
// not give up. What was not answered may lie in a gap that the count has closed: it
// is voided, and the terminal that has looked may never send it.
func (w *world) promised(want amount) error {
	var errs []error
	for _, t := range w.terminals {
		for _, v := range t.kept {
			s := want.streams[streamKey{v.key.terminal, v.key.stream}]
			if !v.ok && s != nil && verdict.Within(s.Closed, v.Seq) {
				continue
			}
			if !want.settled[v.key] {
				errs = append(errs, fmt.Errorf("vote %+v, answered ok: %v, is not counted", v.key, v.ok))
			}
		}
	}
	return errors.Join(errs...)
}

// honest holds that nothing was halted, as the log is sound, and that no checkpoint
// says more than is known.
func (w *world) honest() error {
	if len(w.store.lies) > 0 {
		return errors.Join(w.store.lies...)
	}
	if len(w.store.halts) > 0 {
		return fmt.Errorf("halted on a sound log: %v", w.store.halts)
	}
	return nil
}

// rewriteMax bounds how long a halt may take.
const rewriteMax = 4 * (aboveMax + checkpointEvery)

// rewrite cuts the end of a partition off, as a broker does that leads without
// having all, and lets other records take its place. The count must halt, and
// nothing of the other records come into the store.
func (w *world) rewrite(ctx context.Context) error {
	p := w.dice.IntN(partitions)
	if len(w.log.parts[p].records) < 2 {
		p = 1 - p
	}
	part := &w.log.parts[p]
	if len(part.records) < 2 {
		return nil // Nobody cast anything.
	}
	// A worker that lags behind the cut cannot see it: a limit of the design. Those
	// with little room may lag.
	all := w.dice.IntN(2) == 0
	for _, c := range w.alive("aggregate") {
		if all || c.rowsMax > 0 {
			w.kill(c)
		}
	}
	end := part.end()
	cut := min(len(part.records)-1, 1+w.dice.IntN(40))
	w.note("partition %d loses %d records", p, cut)
	part.records = part.records[:len(part.records)-cut]
	part.epoch++
	w.hits[hitRewrite]++
	if len(w.alive("aggregate")) == 0 {
		w.startCounter(ctx, everything())
	}
	grow := w.dice.IntN(3) * 30 // At once, slowly, or never again as long as it was.
	for begun := time.Now(); time.Since(begun) < rewriteMax; {
		w.pass(w.span(time.Millisecond))
		if grow > 0 && (grow > 30 || w.chance(200)) || grow == 0 && part.end() < end-1 && w.chance(50) {
			w.log.append(p, nil, w.other(p))
			grow = max(0, grow-1)
		}
		if !w.turn() {
			w.pass(w.span(flushEvery))
		}
		if w.store.halts[schema.Partition(p)] != "" && time.Since(begun) > 2*aboveMax {
			return nil
		}
	}
	return fmt.Errorf("partition %d lost %d of %d records and has %d now: not halted", p, cut, end, part.end())
}

// other returns a record that was not on the log.
func (w *world) other(p int) []byte {
	h := schema.BatchHeader{
		Terminal: 99, Stream: schema.StreamID(w.steps + 1), Slot: schema.Slot(p * schema.Slots / partitions), Comune: 1,
		Channel: schema.ChannelWeb, Scale: schema.ScaleMLF3, Ingested: schema.InstantOf(time.Now()),
	}
	return schema.AppendVoteBatch(nil, &h, []schema.Vote{{Seq: 1, At: h.Ingested, Service: 1, Value: schema.Green}})
}
