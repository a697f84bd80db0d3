package inquiry_test

import (
	"context"
	"testing"

	"mlf/aggregate/fold"
	"mlf/aggregate/inquiry"
	"mlf/schema"
)

const nine schema.Instant = 1_793_610_000_000

// A log is one partition in memory. Retention has removed what is before first.
type log struct {
	records []schema.Record
	first   schema.Offset
}

func (l *log) Fetch(_ context.Context, _ schema.Partition, at schema.Offset) (schema.Fetched, error) {
	return schema.Fetched{Records: l.records[at:min(int(at)+2, len(l.records))]}, nil
}

func (l *log) Appended(_ context.Context, _ schema.Partition, at schema.Offset) (schema.Instant, error) {
	return l.records[at].Appended, nil
}

func (l *log) Bounds(context.Context) ([]schema.Bounds, error) {
	return []schema.Bounds{{First: l.first, Next: schema.Offset(len(l.records))}}, nil
}

// checkpoints are those of a count of l up to some offsets.
type checkpoints struct {
	t   *testing.T
	log *log
	at  []schema.Offset
}

func (c checkpoints) Checkpoints(context.Context, schema.Partition) (infos []schema.CheckpointInfo, err error) {
	for _, at := range c.at {
		infos = append(infos, c.take(at).CheckpointInfo)
	}
	return infos, nil
}

func (c checkpoints) Checkpoint(_ context.Context, info schema.CheckpointInfo) (schema.Checkpoint, error) {
	return c.take(info.Next), nil
}

func (c checkpoints) take(at schema.Offset) schema.Checkpoint {
	sum := fold.New(0, identity())
	for i := range c.log.records[:at] {
		if err := sum.Apply(&c.log.records[i]); err != nil {
			c.t.Fatal(err)
		}
	}
	info, payload, err := sum.Checkpoint()
	if err != nil {
		c.t.Fatal(err)
	}
	return schema.Checkpoint{CheckpointInfo: info, Payload: payload}
}

func identity() schema.Identity {
	return schema.Identity{Log: schema.LogID{1}, Partitions: 1, Rules: schema.RulesV2}
}

// newLog returns a log of records with one green vote each, appended a second apart.
func newLog(seqs ...schema.Seq) *log {
	g := schema.Genesis{Log: identity().Log, Partitions: 1, Rules: schema.RulesV2}
	l := &log{records: []schema.Record{{Key: []byte(schema.KeyGenesis), Value: schema.AppendGenesis(nil, g), Appended: nine}}}
	h := schema.BatchHeader{Terminal: 7, Stream: 9, Comune: 58091, Channel: schema.ChannelPhone, Scale: schema.ScaleMLF3, Ingested: nine}
	for _, q := range seqs {
		l.append(schema.Record{Value: schema.AppendVoteBatch(nil, &h, []schema.Vote{{Seq: q, At: nine, Value: schema.Green}})})
	}
	return l
}

func (l *log) append(rec schema.Record) {
	rec.Offset = schema.Offset(len(l.records))
	rec.Appended = nine + schema.Instant(rec.Offset)*1000
	l.records = append(l.records, rec)
}

// TestWhatWasNotReadIsNotJudged: nobody says "counted" of a vote that a record before
// those that were read may have decided, unless a checkpoint stands for these.
func TestWhatWasNotReadIsNotJudged(t *testing.T) {
	l := newLog(1, 2, 1, 3, 2) // At offsets 1 to 5.
	f := func(what string, q inquiry.Question, want inquiry.Fate, sightings, judged int) {
		t.Helper()
		q.Identity, q.Stream, q.Log = identity(), schema.Stream{Terminal: 7, ID: 9}, l
		a, err := inquiry.Ask(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		said := 0
		for _, s := range a.Sightings {
			if s.Fate != 0 {
				said++
			}
		}
		if a.Fate != want || len(a.Sightings) != sightings || said != judged {
			t.Errorf("%s: got %s, %d sightings, %d judged: want %s, %d, %d", what, a.Fate, len(a.Sightings), said, want, sightings, judged)
		}
	}
	at := func(offsets ...schema.Offset) checkpoints { return checkpoints{t, l, offsets} }
	f("all of it", inquiry.Question{Seq: 1}, inquiry.Counted, 2, 2)
	f("not there", inquiry.Question{Seq: 4}, inquiry.Absent, 0, 0)
	f("since the third record", inquiry.Question{Seq: 1, Since: nine + 3000}, inquiry.Undecided, 1, 0)
	f("with a checkpoint after it", inquiry.Question{Seq: 1, Since: nine + 3000, Checkpoints: at(5, 4)}, inquiry.Decided, 1, 0)
	f("with one before it", inquiry.Question{Seq: 1, Since: nine + 3000, Checkpoints: at(2)}, inquiry.Decided, 1, 1)
	f("counted since", inquiry.Question{Seq: 3, Since: nine + 3000, Checkpoints: at(2)}, inquiry.Counted, 1, 1)
	f("another log's checkpoint", inquiry.Question{Seq: 3, Since: nine + 3000, Checkpoints: foreign{at(2)}}, inquiry.Undecided, 1, 0)

	l.first = 3
	f("gone by retention", inquiry.Question{Seq: 2}, inquiry.Undecided, 1, 0)
	f("gone by retention, and counted", inquiry.Question{Seq: 2, Checkpoints: at(2, 4)}, inquiry.Decided, 1, 1)
	f("a checkpoint that the log does not go on from", inquiry.Question{Seq: 2, Checkpoints: at(2)}, inquiry.Undecided, 1, 0)

	l.first = 0
	l.append(schema.Record{Key: []byte("mlf.colours")})
	l.append(newLog(4).records[1])
	f("behind a record that halts", inquiry.Question{Seq: 4}, inquiry.Undecided, 1, 0)
	f("before it", inquiry.Question{Seq: 3}, inquiry.Counted, 1, 1)
}

type foreign struct{ checkpoints }

func (f foreign) Checkpoints(ctx context.Context, p schema.Partition) ([]schema.CheckpointInfo, error) {
	infos, err := f.checkpoints.Checkpoints(ctx, p)
	infos[0].Log = schema.LogID{9}
	return infos, err
}
