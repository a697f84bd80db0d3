// Package backlog makes the votes that a count is measured with: those of a
// country whose terminals send in turn, each its own batch, in the order in
// which they were cast.
//
// It knows what is on the log, record by record, and what it amounts to. It must
// not know how records get there, or who counts them.
package backlog

import (
	"errors"
	"fmt"
	"iter"
	"strconv"
	"time"

	"mlf/schema"
)

// A Plan says what votes there are. All fields but Offset are required.
type Plan struct {
	Rounds     int // Records of each terminal.
	PerRecord  int // Votes of a record, 1 to schema.BatchVotesMax.
	Terminals  int
	Partitions int
	Hours      int // Over which the votes of each terminal are spread.
	First      schema.Hour
	Offset     int // Terminals are numbered from here; 0 will do.
}

// services are how many services a terminal's votes are for, in runs of runVotes:
// a person at the counter serves several citizens for the same thing.
const (
	services = 3
	runVotes = 7
)

// comuni are as many as Italy has.
const comuni = 7896

// Validate tells what is wrong with p.
func (p Plan) Validate() error {
	if min(p.Rounds, p.Terminals, p.Partitions, p.Hours) < 1 || p.PerRecord < 1 || p.PerRecord > schema.BatchVotesMax {
		return errors.New("backlog: want at least one round, terminal, partition, hour, and 1 to 1,000 votes a record")
	}
	if p.Partitions > schema.Slots {
		return fmt.Errorf("backlog: %d partitions: want at most %d", p.Partitions, schema.Slots)
	}
	return nil
}

// Votes returns how many votes p has.
func (p Plan) Votes() int { return p.Rounds * p.Terminals * p.PerRecord }

// Records returns how many records p has.
func (p Plan) Records() int { return p.Rounds * p.Terminals }

// A Record is what one terminal sends at once. Votes are valid until the next.
type Record struct {
	Header    schema.BatchHeader
	Partition schema.Partition
	Votes     []schema.Vote
}

// Share returns the records of every n-th terminal from i on, 0 ≤ i < n, so that
// n goroutines can send at once and each stream still comes in order.
func (p Plan) Share(i, n int) iter.Seq[*Record] {
	return func(yield func(*Record) bool) {
		rec := &Record{Votes: make([]schema.Vote, p.PerRecord)}
		for round := range p.Rounds {
			for t := i; t < p.Terminals; t += n {
				p.fill(rec, round, p.Offset+t)
				if !yield(rec) {
					return
				}
			}
		}
	}
}

// Last returns the last record of the terminal with the given index.
func (p Plan) Last(terminal int) *Record {
	rec := &Record{Votes: make([]schema.Vote, p.PerRecord)}
	p.fill(rec, p.Rounds-1, p.Offset+terminal)
	return rec
}

// fill makes rec the record that terminal t sends in the given round.
func (p Plan) fill(rec *Record, round, t int) {
	comune := schema.ComuneID(1001 + t%comuni) // Codes of some provinces of a thousand each.
	slot := schema.SlotOf(comune, uint32(t/comuni))
	rec.Partition = schema.PartitionOf(slot, p.Partitions)
	rec.Header = schema.BatchHeader{
		Terminal: schema.TerminalID(t + 1), Stream: schema.StreamID(t + 1), Slot: slot, Comune: comune,
		Channel: schema.ChannelPhone, Scale: schema.ScaleMLF3,
	}
	all := p.Rounds * p.PerRecord
	span := schema.Instant(p.Hours) * schema.Instant(time.Hour/time.Millisecond)
	begin := schema.InstantOf(p.First.Time())
	for i := range rec.Votes {
		seq := round*p.PerRecord + i
		v := schema.Vote{
			Seq:     schema.Seq(seq + 1),
			At:      begin + span*schema.Instant(seq)/schema.Instant(all),
			Service: schema.ServiceID(1 + (t+seq/runVotes)%services),
			Value:   schema.Value(1 + (t+seq)%int(schema.ScaleMLF3.Max())),
		}
		if v.Value == schema.Red {
			v.Reason = schema.Reason(1 + seq%4)
		}
		rec.Votes[i] = v
	}
	rec.Header.Ingested = rec.Votes[len(rec.Votes)-1].At
}

// AppendJSON appends vote i of rec as one JSON object, with all that the count
// needs: what a service would put on its log that knows nothing of batches.
func (rec *Record) AppendJSON(dst []byte, i int) []byte {
	h, v := &rec.Header, &rec.Votes[i]
	dst = strconv.AppendUint(append(dst, `{"terminal":`...), uint64(h.Terminal), 10)
	dst = strconv.AppendUint(append(dst, `,"seq":`...), uint64(v.Seq), 10)
	dst = append(append(append(dst, `,"comune":"`...), h.Comune.String()...), '"')
	dst = strconv.AppendUint(append(dst, `,"service":`...), uint64(v.Service), 10)
	dst = append(append(append(dst, `,"channel":"`...), h.Channel.String()...), '"')
	dst = strconv.AppendUint(append(dst, `,"value":`...), uint64(v.Value), 10)
	dst = strconv.AppendUint(append(dst, `,"reason":`...), uint64(v.Reason), 10)
	dst = v.At.Time().AppendFormat(append(dst, `,"at":"`...), time.RFC3339)
	return append(dst, `"}`...)
}
