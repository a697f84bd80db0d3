package sim

import (
	"context"
	"sync/atomic"
	"time"

	"mlf/aggregate/store/model"
	"mlf/schema"
)

// A voteKey is the identity of a vote.
type voteKey struct {
	terminal schema.TerminalID
	stream   schema.StreamID
	seq      schema.Seq
}

// A vote is one that a terminal keeps.
type vote struct {
	schema.Vote
	key  voteKey
	ok   bool // It was answered, whether or not the terminal heard it: it is promised.
	done bool // The terminal need not send it again: it heard the answer, or saw it counted.
}

// A terminal casts votes, and sends them until it knows that they are taken.
type terminal struct {
	id     schema.TerminalID
	stream schema.StreamID
	next   schema.Seq
	step   schema.Seq // From one seq to the next. Above 1: votes come by the thousand, and gaps are filled late.
	kept   []*vote
	open   []*request
}

// A request is some votes of one stream on their way.
type request struct {
	votes     []*vote
	ingested  schema.Instant
	partition schema.Partition
	comune    schema.ComuneID

	// Set by the goroutine that waits for the answer.
	over atomic.Bool
	err  error
}

// terminalCount is how many there are: two a partition, so that records of several
// share batches.
const terminalCount = 4

func newTerminals() []*terminal {
	all := make([]*terminal, terminalCount)
	for i := range all {
		all[i] = &terminal{id: schema.TerminalID(i + 1), stream: 1, next: 1, step: 1}
	}
	return all
}

func (t *terminal) slot() schema.Slot {
	return schema.Slot((int(t.id) - 1) * schema.Slots / terminalCount)
}

// cast lets citizens vote: now, or hours ago while the terminal was offline. Some
// cells are never touched again, so that nothing heals what they lose.
func (w *world) cast(t *terminal) {
	for range 1 + w.dice.IntN(3) {
		ago := w.dice.IntN(3)
		if w.chance(300) {
			ago = w.dice.IntN(500)
		}
		at := time.Now().Add(-time.Duration(ago) * time.Hour)
		v := &vote{key: voteKey{t.id, t.stream, t.next}, Vote: schema.Vote{
			Seq: t.next, At: schema.InstantOf(at), Service: schema.ServiceID(1 + w.dice.IntN(2)), Value: schema.Value(w.dice.IntN(4)),
		}}
		if v.Value == schema.Red {
			v.Reason = schema.Reason(1 + w.dice.IntN(4))
		}
		if w.chance(10) { // No ingest of ours writes such.
			v.At = schema.InstantOf(at.AddDate(w.dice.IntN(3), 0, 0))
		}
		if w.chance(200) {
			v.Wall = v.At + schema.Instant(w.dice.IntN(5000)-1000)
		}
		t.kept = append(t.kept, v)
		if t.next > 1 && w.chance(20) { // A defective or cloned terminal: another content under an old seq.
			w.clone(t)
		}
		t.next += t.step
	}
	if t.step > 1 && w.chance(100) {
		w.rush(t)
	}
	if t.step == 1 && w.chance(20) { // It lost its counter, and got a new stream.
		w.hits[hitNewStream]++
		t.stream, t.next = t.stream+1, 1
	}
}

// rush lets a terminal of a sparse numbering cast a thousand votes, or what comes
// late for its gaps.
func (w *world) rush(t *terminal) {
	at := schema.InstantOf(time.Now())
	if t.next > 9*batchRush*t.step/2 && w.dice.IntN(2) == 0 {
		for range 20 {
			q := 1 + schema.Seq(w.dice.Int64N(int64(t.next)))
			t.kept = append(t.kept, &vote{key: voteKey{t.id, t.stream, q}, Vote: schema.Vote{Seq: q, At: at, Service: 1, Value: schema.Green}})
		}
		return
	}
	for range batchRush {
		t.kept = append(t.kept, &vote{key: voteKey{t.id, t.stream, t.next}, Vote: schema.Vote{Seq: t.next, At: at, Service: 1, Value: schema.Value(w.dice.IntN(4))}})
		t.next += t.step
	}
}

// batchRush is how many votes a rush has.
const batchRush = schema.BatchVotesMax

func (w *world) clone(t *terminal) {
	c := *t.kept[w.dice.IntN(len(t.kept))]
	w.hits[hitConflict]++
	c.Value, c.Reason, c.ok, c.done = c.Value%3+1, schema.ReasonNone, false, false
	t.kept = append(t.kept, &c)
}

// batchMax is how many votes go into one request.
const batchMax = 6

// send sends what t does not know to be taken, and now and then what it does.
func (w *world) send(ctx context.Context, t *terminal, by *process) {
	var votes []*vote
	most := batchMax
	if t.step > 1 {
		most = batchRush
	}
	for _, v := range t.kept {
		if v.done && (w.calm || !w.chance(20)) || len(votes) > 0 && v.key.stream != votes[0].key.stream {
			continue
		}
		if votes = append(votes, v); len(votes) == most {
			break
		}
	}
	if len(votes) == 0 {
		return
	}
	h := schema.BatchHeader{
		Terminal: t.id, Stream: votes[0].key.stream, Slot: t.slot(), Comune: 58091 + schema.ComuneID(t.id),
		Channel: schema.ChannelCounter, Scale: schema.ScaleMLF3, Test: t.id == terminalCount, Ingested: schema.InstantOf(time.Now()),
	}
	plain := make([]schema.Vote, len(votes))
	for i, v := range votes {
		plain[i] = v.Vote
	}
	value := schema.AppendVoteBatch(nil, &h, plain)
	r := &request{votes: votes, ingested: h.Ingested, partition: schema.PartitionOf(h.Slot, partitions), comune: h.Comune}
	w.requests[string(value)] = r
	t.open = append(t.open, r)
	w.note("terminal %d sends %d votes by %s", t.id, len(votes), by)
	go func() {
		r.err = by.producer.Append(ctx, r.partition, value)
		r.over.Store(true)
	}()
}

// listen lets the terminals hear the answers that have come, or not.
func (w *world) listen() {
	for _, t := range w.terminals {
		open := t.open[:0]
		for _, r := range t.open {
			if !r.over.Load() {
				open = append(open, r)
				continue
			}
			heard := r.err == nil && (w.calm || !w.chance(100))
			if r.err == nil {
				w.note("terminal %d: %d votes taken, heard: %v", t.id, len(r.votes), heard)
			}
			for _, v := range r.votes {
				v.ok = v.ok || r.err == nil
				v.done = v.done || heard
			}
		}
		t.open = open
	}
}

// look lets t forget what the store shows as counted. Others may have seen it, too:
// it must stay so.
func (w *world) look(t *terminal) {
	for _, v := range t.kept {
		m, ok := w.store.Marks[model.MarkKey{Terminal: t.id, Stream: v.key.stream}]
		if !ok || v.Seq > m.Highest {
			continue
		}
		missing := false
		for _, sp := range m.Missing {
			missing = missing || v.Seq >= sp.First && v.Seq < sp.Next
		}
		v.done = v.done || !missing
	}
}

// settled tells that t knows of all its votes that they are taken.
func (t *terminal) settled() bool {
	for _, v := range t.kept {
		if !v.done {
			return false
		}
	}
	return len(t.open) == 0
}
