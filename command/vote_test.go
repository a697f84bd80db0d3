package command

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"mlf/aggregate/fold"
	"mlf/aggregate/store"
	clickhouse "mlf/aggregate/store/embedded"
	"mlf/ingest/broker"
	"mlf/schema"
)

func TestMain(m *testing.M) {
	clickhouse.ChildMain()
	os.Exit(m.Run())
}

// A voteLog is a log of two partitions with the votes of one terminal on the first.
type voteLog struct {
	addr   string
	client *broker.Client
	id     schema.Identity
	stream schema.Stream
	text   string // The stream as the terminal has it.
	header schema.BatchHeader
	now    schema.Instant
}

func newVoteLog(t *testing.T) *voteLog {
	t.Helper()
	l := &voteLog{addr: emptyKafka(t), now: schema.InstantOf(time.Now())}
	var err error
	if l.client, err = broker.New(broker.Config{Brokers: []string{l.addr}}, broker.Telemetry{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.client.Close)
	if l.id, err = l.client.Apply(t.Context(), broker.TopicsConfig{Partitions: 2, Replicas: 1}); err != nil {
		t.Fatal(err)
	}
	terminals, err := l.client.ReadRegistry(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	l.stream = schema.Stream{Terminal: 7, ID: 9, Slot: 5}
	key, ok := terminals.SigningKey()
	if !ok {
		t.Fatal("no key signs streams")
	}
	l.text = key.Sign(l.stream)
	l.header = schema.BatchHeader{
		Terminal: 7, Stream: 9, Slot: 5, Comune: 58091, Channel: schema.ChannelCounter, Scale: schema.ScaleMLF3, Ingested: l.now,
	}
	return l
}

// add appends records of votes to partition p.
func (l *voteLog) add(t *testing.T, p schema.Partition, records ...[]schema.Vote) {
	t.Helper()
	bounds, err := l.client.Bounds(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for i, votes := range records {
		rec := schema.Record{Offset: bounds[p].Next + schema.Offset(i), Value: schema.AppendVoteBatch(nil, &l.header, votes)}
		if err := l.client.NewCopier().Append(t.Context(), p, []schema.Record{rec}); err != nil {
			t.Fatal(err)
		}
	}
}

func (l *voteLog) vote(q schema.Seq, v schema.Value) schema.Vote {
	return schema.Vote{Seq: q, At: l.now, Value: v, Service: 1}
}

// A foundVote is the report as those see it who read JSON.
type foundVote struct {
	Terminal, Stream, Fate string
	Partition              int
	Offset                 *int64
	Row                    *struct{ Comune, Service, Channel, Class string }
	Database               *struct {
		NextOffset int64 `json:"next_offset"`
		Flushed    *bool
	}
	Records []struct {
		Offset int64
		Fate   *string
		Why    string
	}
}

// fates returns offsets and fates of the records.
func (f *foundVote) fates() string {
	var text []string
	for _, r := range f.Records {
		fate := "?"
		if r.Fate != nil {
			fate = *r.Fate
		}
		text = append(text, strings.TrimSpace(fmt.Sprintf("%d %s %s", r.Offset, fate, r.Why)))
	}
	return strings.Join(text, ", ")
}

func (l *voteLog) find(t *testing.T, want int, seq string, args ...string) (f foundVote) {
	t.Helper()
	code, stdout, stderr := execute(t, slices.Concat([]string{"vote", "find", "--kafka", l.addr, "--json"}, args, []string{"--", schema.TerminalID(7).String(), l.text, seq})...)
	if code != want {
		t.Errorf("seq %s: exit code %d, want %d: %s%s", seq, code, want, stdout, stderr)
	}
	if err := json.Unmarshal([]byte(stdout), &f); err != nil {
		t.Fatalf("seq %s: %v in %q, %s", seq, err, stdout, stderr)
	}
	return f
}

// TestVoteFind: each fate, by the log alone, and what is typed wrongly.
func TestVoteFind(t *testing.T) {
	l := newVoteLog(t)
	early := l.vote(4, schema.Red)
	early.At += schema.VoteAheadMax + 1000
	l.add(t, 0,
		[]schema.Vote{l.vote(1, schema.Green), l.vote(2, schema.Red)},
		[]schema.Vote{l.vote(2, schema.Red), l.vote(3, schema.Voided)},
		[]schema.Vote{l.vote(2, schema.Green), early},
	)
	l.add(t, 1, []schema.Vote{l.vote(6, schema.Green)})
	if _, err := l.client.RaiseRules(t.Context(), l.id, schema.RulesV2); err != nil {
		t.Fatal(err)
	}
	l.add(t, 0, []schema.Vote{early})
	f := func(code int, seq, fate, records string) foundVote {
		t.Helper()
		got := l.find(t, code, seq)
		if got.Fate != fate || got.fates() != records || got.Partition != 0 || got.Stream != "0000000000000009" {
			t.Errorf("seq %s: got %+v with records %q, want %s, %q", seq, got, got.fates(), fate, records)
		}
		return got
	}
	counted := f(ExitDone, "2", "counted", "1 counted, 2 duplicate, 3 conflict")
	if row := counted.Row; row == nil || row.Comune != "058091" || row.Channel != "counter" || row.Class != "burst" || counted.Offset == nil || *counted.Offset != 1 || counted.Database != nil {
		t.Errorf("got %+v, row %+v", counted, row)
	}
	f(ExitDone, "3", "voided", "2 voided")
	f(ExitFailed, "5", "absent", "")
	f(ExitFailed, "6", "absent", "") // It went to another partition, where nobody counts it.

	for _, wrong := range [][]string{{"t-1", l.text, "1"}, {schema.TerminalID(7).String(), "nonsense", "1"}, {schema.TerminalID(8).String(), l.text, "1"}, {schema.TerminalID(7).String(), l.text, "0"}} {
		if code, stdout, _ := execute(t, append([]string{"vote", "find", "--kafka", l.addr}, wrong...)...); code != ExitUsage || stdout != "" {
			t.Errorf("%v: exit code %d, %s", wrong, code, stdout)
		}
	}
	code, stdout, _ := execute(t, "vote", "find", "--kafka", l.addr, schema.TerminalID(7).String(), l.text, "2")
	for _, want := range []string{"counted", "058091 Roma", "class burst", "segment 0", "duplicate", "conflict", "records 0 to"} {
		if code != ExitDone || !strings.Contains(stdout, want) {
			t.Errorf("exit code %d, want %q in\n%s", code, want, stdout)
		}
	}
}

// TestVoteFindInADatabase: the ledger says whether the vote is in it, and its checkpoint
// stands for what is not read.
func TestVoteFindInADatabase(t *testing.T) {
	server, err := clickhouse.Start(t.Context(), clickhouse.Config{Dir: t.TempDir()}, clickhouse.Telemetry{})
	if errors.Is(err, clickhouse.ErrNoLibrary) && os.Getenv("MLF_REQUIRE_ENGINE") == "" {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	l := newVoteLog(t)
	l.add(t, 0, []schema.Vote{l.vote(1, schema.Green)}, []schema.Vote{l.vote(2, schema.Red)})
	if err := store.Apply(t.Context(), store.Config{DSN: server.DSN()}, l.id); err != nil {
		t.Fatal(err)
	}
	l.count(t, server.DSN())
	l.add(t, 0, []schema.Vote{l.vote(1, schema.Green), l.vote(3, schema.Red)})

	in := []string{"--clickhouse", server.DSN()}
	f := func(want, fates string, flushed string, seq string, args ...string) {
		t.Helper()
		got := l.find(t, ExitDone, seq, append(args, in...)...)
		said := "unknown"
		if got.Database == nil || got.Database.NextOffset != 3 {
			t.Fatalf("got %+v", got)
		}
		if got.Database.Flushed != nil {
			said = fmt.Sprint(*got.Database.Flushed)
		}
		if got.Fate != want || got.fates() != fates || said != flushed {
			t.Errorf("seq %s: got %s, %q, flushed %s: want %s, %q, %s", seq, got.Fate, got.fates(), said, want, fates, flushed)
		}
	}
	f("counted", "1 counted, 3 duplicate", "true", "1")
	f("counted", "3 counted", "false", "3")
	f("decided", "3 duplicate", "unknown", "1", "--since", "1ns")
	f("decided", "", "unknown", "2", "--since", "1ns")

	if alone := l.find(t, ExitFailed, "1", "--since", "1ns"); alone.Fate != "undecided" || alone.fates() != "" {
		t.Errorf("of nothing that was read: got %+v", alone)
	}
	if alone := l.find(t, ExitDone, "1", "--since", "1h"); alone.Fate != "counted" {
		t.Errorf("of all that there is: got %+v", alone)
	}
}

// count writes what a worker would into the database at dsn: rows, account, checkpoint.
func (l *voteLog) count(t *testing.T, dsn string) {
	t.Helper()
	s, err := store.Open(t.Context(), store.Config{DSN: dsn}, store.Telemetry{})
	if err != nil {
		t.Fatal(err)
	}
	defer closeStore(s, nil)
	sum := fold.New(0, l.id)
	for bounds, err := l.client.Bounds(t.Context()); sum.Next() < bounds[0].Next; {
		got, failed := l.client.NewCopier().Fetch(t.Context(), 0, sum.Next())
		if err := errors.Join(err, failed); err != nil {
			t.Fatal(err)
		}
		for i := range got.Records {
			if err := sum.Apply(&got.Records[i]); err != nil {
				t.Fatal(err)
			}
		}
	}
	var rows fold.Rows
	sum.Drain(&rows)
	info, payload, err := sum.Checkpoint()
	if err != nil {
		t.Fatal(err)
	}
	info.StoreStarted, info.Taken, info.SHA256 = time.Now(), time.Now(), sha256.Sum256(payload)
	if err := errors.Join(s.WriteRollups(t.Context(), rows.Rollups), s.WriteLedger(t.Context(), rows.Ledger, rows.Watermarks),
		s.WriteCheckpoint(t.Context(), schema.Checkpoint{CheckpointInfo: info, Payload: payload})); err != nil {
		t.Fatal(err)
	}
}
