package backlog_test

import (
	"encoding/json"
	"testing"
	"time"

	"mlf/bench/backlog"
	"mlf/schema"
)

func plan() backlog.Plan {
	return backlog.Plan{Rounds: 3, PerRecord: 10, Terminals: 7, Partitions: 4, Hours: 2, First: 498_000}
}

// TestSharesAreThePlan puts the shares together: every vote once, each stream in
// order, in the hours that were asked for, in records that decode.
func TestSharesAreThePlan(t *testing.T) {
	p := plan()
	if err := p.Validate(); err != nil {
		t.Fatal(err)
	}
	last := make(map[schema.TerminalID]schema.Seq)
	votes, records := 0, 0
	var batch schema.VoteBatch
	for share := range 2 {
		for rec := range p.Share(share, 2) {
			records++
			if err := batch.Decode(schema.AppendVoteBatch(nil, &rec.Header, rec.Votes)); err != nil {
				t.Fatal(err)
			}
			if got := schema.PartitionOf(rec.Header.Slot, p.Partitions); got != rec.Partition {
				t.Errorf("terminal %d: partition %d, its slot says %d", rec.Header.Terminal, rec.Partition, got)
			}
			for _, v := range rec.Votes {
				votes++
				if last[rec.Header.Terminal]++; v.Seq != last[rec.Header.Terminal] {
					t.Errorf("terminal %d: seq %d after %d", rec.Header.Terminal, v.Seq, last[rec.Header.Terminal]-1)
				}
				if h := v.At.Hour(); h < p.First || h >= p.First+schema.Hour(p.Hours) {
					t.Errorf("vote of hour %d", h)
				}
			}
		}
	}
	if votes != p.Votes() || records != p.Records() || len(last) != p.Terminals {
		t.Errorf("%d votes in %d records of %d terminals: want %d, %d, %d", votes, records, len(last), p.Votes(), p.Records(), p.Terminals)
	}
}

// TestJSONSaysAllThatTheCountNeeds: whoever counts the JSON counts by the same cells.
func TestJSONSaysAllThatTheCountNeeds(t *testing.T) {
	type vote struct {
		Number  uint64           `json:"terminal"`
		Seq     schema.Seq       `json:"seq"`
		Comune  schema.ComuneID  `json:"comune"`
		Service schema.ServiceID `json:"service"`
		Channel schema.Channel   `json:"channel"`
		Value   schema.Value     `json:"value"`
		Reason  schema.Reason    `json:"reason"`
		At      time.Time        `json:"at"`
	}
	for rec := range plan().Share(0, 1) {
		h := &rec.Header
		for i, v := range rec.Votes {
			var got vote
			if err := json.Unmarshal(rec.AppendJSON(nil, i), &got); err != nil {
				t.Fatal(err)
			}
			want := vote{
				Number: uint64(h.Terminal), Seq: v.Seq, Comune: h.Comune, Service: v.Service, Channel: h.Channel,
				Value: v.Value, Reason: v.Reason, At: v.At.Time().Truncate(time.Second),
			}
			if !got.At.Equal(want.At) || h.Comune == 0 || h.Channel == 0 || v.Service == 0 {
				t.Fatalf("got %+v, want %+v, nothing empty", got, want)
			}
			if got.At = want.At; got != want {
				t.Fatalf("got %+v, want %+v", got, want)
			}
		}
	}
}

func TestValidate(t *testing.T) {
	f := func(change func(*backlog.Plan)) {
		t.Helper()
		p := plan()
		change(&p)
		if p.Validate() == nil {
			t.Errorf("%+v was accepted", p)
		}
	}
	f(func(p *backlog.Plan) { p.Rounds = 0 })
	f(func(p *backlog.Plan) { p.PerRecord = schema.BatchVotesMax + 1 })
	f(func(p *backlog.Plan) { p.Partitions = schema.Slots + 1 })
}

// TestRowsGrow follows the rows of some flushes: a cell once in each, and never
// with lower counts than before.
func TestRowsGrow(t *testing.T) {
	rows := backlog.NewRows(498_000, 2)
	last := make(map[schema.Cell]uint64)
	for flush := range 5 {
		seen := make(map[schema.Cell]bool)
		for _, row := range rows.Next(100_000) {
			var n uint64
			for _, count := range row.Values {
				n += count
			}
			if seen[row.Cell] || n <= last[row.Cell] {
				t.Fatalf("flush %d: %+v again, or %d votes after %d", flush, row.Cell, n, last[row.Cell])
			}
			seen[row.Cell], last[row.Cell] = true, n
		}
		if len(seen) != 100_000 {
			t.Errorf("flush %d: %d rows, want 100,000", flush, len(seen))
		}
	}
}
