package seen_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"mlf/aggregate/store/model"
	"mlf/query/fleet"
	"mlf/query/seen"
	"mlf/schema"
	"mlf/schema/heartbeat"
	"mlf/schema/network"
	"mlf/schema/presence"
)

// A store is a model that may be away, and tells from when on it was asked.
type store struct {
	*model.Store
	away  atomic.Bool
	asked []schema.Instant
}

func (s *store) NewestVotes(ctx context.Context, since schema.Instant, take func(schema.TerminalID, schema.Instant)) error {
	if s.asked = append(s.asked, since); s.away.Load() {
		return errors.New("away")
	}
	return s.Store.NewestVotes(ctx, since, take)
}

func (s *store) vote(t *testing.T, id schema.TerminalID, cast, ingested time.Time) {
	t.Helper()
	at := schema.InstantOf(cast)
	err := s.WriteDays(t.Context(), []presence.TerminalDay{{Terminal: id, Day: presence.DayOf(at), First: at, Last: at, Ingested: schema.InstantOf(ingested)}})
	if err != nil {
		t.Fatal(err)
	}
}

func newReader(t *testing.T) (*store, *network.Network, *fleet.Book, *seen.Reader) {
	t.Helper()
	s, n, b := &store{Store: model.NewStore(time.Now())}, network.New(new(schema.Terminals)), new(fleet.Book)
	r, err := seen.New(seen.Config{Store: func() seen.Store { return s }, Network: n, Heartbeats: b})
	if err != nil {
		t.Fatal(err)
	}
	return s, n, b, r
}

// TestOneReadsForAll: what has come lately every 30 s, everything every quarter of an hour.
func TestOneReadsForAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, _, _, r := newReader(t)
		began := time.Now()
		is := func(what string, id schema.TerminalID, want time.Time) {
			t.Helper()
			at := schema.InstantOf(want)
			if want.IsZero() {
				at = 0
			}
			if got := r.Last(id); got != at {
				t.Errorf("%s: got %v, want %v", what, got.Time(), want)
			}
		}
		if asOf, since := r.Known(); !asOf.IsZero() || !since.IsZero() {
			t.Errorf("before it reads: got %v, %v", asOf, since)
		}
		s.vote(t, 1, began.AddDate(-1, 0, 0), began.AddDate(-1, 0, 0))
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- r.Run(ctx) }()
		synctest.Wait()
		is("long ago", 1, began.AddDate(-1, 0, 0))
		is("never", 2, time.Time{})
		pass := func(d time.Duration) { <-time.After(d); synctest.Wait() }
		pass(time.Second)
		s.vote(t, 2, began.AddDate(0, 0, -3), time.Now())
		s.vote(t, 1, began.AddDate(-1, 0, -1), time.Now())
		s.vote(t, 3, began.AddDate(0, 0, -3), time.Now().Add(-11*time.Minute)) // It was on its way for long.
		pass(30 * time.Second)
		is("a vote of before that", 1, began.AddDate(-1, 0, 0))
		is("one that came", 2, began.AddDate(0, 0, -3))
		is("one that came late into the store", 3, time.Time{})
		s.away.Store(true)
		pass(5 * time.Minute)
		is("while the store is away", 2, began.AddDate(0, 0, -3))
		if asOf, _ := r.Known(); time.Since(asOf) < 4*time.Minute {
			t.Errorf("it is as of %v", asOf)
		}
		s.away.Store(false)
		pass(30 * time.Second)
		if asOf, _ := r.Known(); time.Since(asOf) > 30*time.Second {
			t.Errorf("it is as of %v", asOf)
		}
		pass(10 * time.Minute)
		is("one that came late into the store, soon", 3, began.AddDate(0, 0, -3))
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		for i, from := range s.asked[1:20] {
			if want := began.Add(-10 * time.Minute); from.Time().Before(want) {
				t.Errorf("read %d is of what came since %v: want not before %v", i, from.Time(), want)
			}
		}
	})
}

// TestSinceWhenVotesAreKnown: as of the last read, by what the ledger says.
func TestSinceWhenVotesAreKnown(t *testing.T) {
	s, _, _, r := newReader(t)
	f := func(want schema.Instant, row schema.LedgerRow) {
		t.Helper()
		if err := errors.Join(s.WriteLedger(t.Context(), []schema.LedgerRow{row}, nil), r.Read(t.Context())); err != nil {
			t.Fatal(err)
		}
		_, since := r.Known()
		got, err := r.Seen(t.Context(), time.Now())
		if err != nil || !got.Since.Equal(since) {
			t.Errorf("figures are since %v, %v, and the fleet since %v", got.Since, err, since)
		}
		if want == 0 && !since.IsZero() || want != 0 && !since.Equal(want.Time()) {
			t.Errorf("got %v, want %d", since, want)
		}
	}
	f(0, schema.LedgerRow{Next: 5, Newest: 50, Present: schema.PresenceRun{Next: 5, Since: 10}})
	f(60, schema.LedgerRow{Next: 6, Newest: 60})
	f(70, schema.LedgerRow{Next: 9, Newest: 80, Present: schema.PresenceRun{From: 6, Next: 9, Since: 70}})
	f(0, schema.LedgerRow{Next: 9, Newest: 80, Present: schema.PresenceRun{From: 4, Next: 7, Since: 45}})
}

// TestSeenAsOfADay: of the votes and signs that were given before it ended.
func TestSeenAsOfADay(t *testing.T) {
	s, n, b, r := newReader(t)
	until := time.Date(2026, 11, 27, 23, 0, 0, 0, time.UTC)
	enrol := func(id schema.TerminalID, sign time.Time) {
		t.Helper()
		e := schema.Enrolment{
			Terminal: id, Token: schema.HashToken([]byte{byte(id)}), Comune: 58091, Channel: schema.ChannelTotem, Scale: schema.ScaleMLF3,
			Services: []schema.EnrolledService{{Code: "anagrafe", ID: 1}},
		}
		key, value, err := e.RegistryRecord()
		if err == nil {
			err = n.Terminals().Apply(key, value)
		}
		if err == nil && !sign.IsZero() {
			h := heartbeat.Heartbeat{Terminal: id, At: schema.InstantOf(sign), Install: 1}
			err = b.Apply(h.Key(), heartbeat.Append(nil, &h))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	enrol(1, until.Add(-time.Hour))
	enrol(2, until)
	enrol(3, time.Time{})
	enrol(4, time.Time{})
	s.vote(t, 1, until.Add(-time.Minute), until)
	s.vote(t, 1, until.Add(time.Minute), until.Add(time.Hour)) // Of the next day in Rome, and of the same of UTC.
	s.vote(t, 3, until.AddDate(0, 0, -30), until)
	s.vote(t, 4, until.AddDate(0, 0, -30).Add(-time.Millisecond), until)
	got, err := r.Seen(t.Context(), until)
	if err != nil || got.Signs || len(got.Of) != 3 {
		t.Fatalf("got %+v, %v", got, err)
	}
	if of := got.Of[1]; !of.Vote.Equal(until.Add(-time.Minute)) || !of.Sign.Equal(until.Add(-time.Hour)) || of.Later {
		t.Errorf("one that voted and beat: got %+v", of)
	}
	if of := got.Of[2]; !of.Vote.IsZero() || !of.Sign.IsZero() || !of.Later {
		t.Errorf("one that beat later: got %+v", of)
	}
	if of := got.Of[3]; !of.Vote.Equal(until.AddDate(0, 0, -30)) {
		t.Errorf("one that voted at the first moment: got %+v", of)
	}
	b.SetComplete()
	if got, err := r.Seen(t.Context(), until); err != nil || !got.Signs {
		t.Errorf("with all signs: got %+v, %v", got, err)
	}
}
