package cube

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"mlf/schema"
)

// TestAnswersGoOnWithoutTheStore: what workers tell is shown all the same.
func TestAnswersGoOnWithoutTheStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSim(t, 8, "")
		s.must(t, s.start(t.Context()))
		<-time.After(time.Second)
		s.store.setAway(true)
		s.tellAll()
		<-time.After(time.Minute)
		synctest.Wait()
		s.must(t, s.same())
		s.stop()
	})
}

// tellAll tells all that there is, and none of it is lost.
func (s *sim) tellAll() {
	for _, w := range s.workers() {
		w.read = schema.Offset(len(w.log.votes))
		c := schema.Claim{Partition: w.log.partition, Next: w.read, Rollups: w.log.changed(0, w.read), Ledger: w.log.ledger(0, w.read)}
		s.feed.append(s.split(w, c)...)
	}
}

// TestAnAccountWithAHoleIsBelievedUpToIt: a store that was killed may lack the row that
// closed a segment, and all votes that came with it, and have the segment after it.
// What workers tell again of the hole must be counted.
func TestAnAccountWithAHoleIsBelievedUpToIt(t *testing.T) {
	f := func(lost, kept schema.Offset, isTold bool) { // The first record that is.
		t.Helper()
		synctest.Test(t, func(t *testing.T) {
			s := newSim(t, 8, "")
			for _, l := range s.logs {
				for _, part := range []struct{ first, next schema.Offset }{{0, lost}, {kept, kept + 1}} {
					s.store.write(l.changed(part.first, part.next))
					s.store.account(l.ledger(part.first, part.next))
				}
			}
			s.must(t, s.start(t.Context()))
			<-time.After(time.Minute)
			synctest.Wait()
			for _, l := range s.follower.State().Ledger() {
				if l.Next != lost {
					t.Errorf("partition %d is at %d, and what is missing begins at %d", l.Partition, l.Next, lost)
				}
			}
			if isTold {
				s.tellAll()
			}
			s.must(t, s.finish())
			s.stop()
		})
	}
	for _, isTold := range []bool{true, false} {
		f(simSegment-2, simSegment, isTold)
		f(simSegment, 2*simSegment, isTold)
	}
}

// TestTwoImbalancesStopTheAnswers: somebody is paged; when the store is right again,
// there are answers again.
func TestTwoImbalancesStopTheAnswers(t *testing.T) {
	for _, when := range []string{"at the start", "later"} {
		synctest.Test(t, func(t *testing.T) {
			s := newSim(t, 9, "")
			s.cfg.Dir, s.cfg.VotesMax = "", 1<<60
			if when == "later" {
				s.must(t, s.start(t.Context()))
				<-time.After(time.Second)
				s.tellAll()
				<-time.After(10 * time.Second)
				synctest.Wait()
				s.must(t, s.same())
			}
			for _, w := range s.workers() {
				w.read = schema.Offset(len(w.log.votes))
				s.store.write(w.log.changed(0, w.read))
				s.store.account(w.log.ledger(0, w.read))
			}
			k := segmentKey{1, 1}
			right := s.store.ledger[k]
			wrong := right
			wrong.Counted++
			s.store.set(k, wrong)
			if when != "later" {
				s.must(t, s.start(t.Context()))
			}
			<-time.After(30 * time.Second)
			synctest.Wait()
			of := (*imbalance)(nil)
			if err := s.follower.Ready(); s.follower.State() != nil || !errors.As(err, &of) || of.segmentKey != k {
				t.Errorf("%s: state %v, ready %v", when, s.follower.State(), err)
			}
			s.store.set(k, right)
			<-time.After(3 * time.Minute)
			synctest.Wait()
			s.must(t, s.finish())
			s.stop()
			if got := s.happened["mlf_query_cube_imbalances_total"]; got < 2 {
				t.Errorf("%s: %v imbalances", when, got)
			}
		})
	}
}

func (s *storeDouble) set(k segmentKey, r schema.LedgerRow) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ledger[k] = r
}

// TestAnotherLogIsLoadedAnew: a snapshot of it is not used, and what was counted of
// the one before is not shown any more.
func TestAnotherLogIsLoadedAnew(t *testing.T) {
	for _, runs := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			s := started(t, 10)
			if runs {
				s.must(t, s.start(t.Context()))
				<-time.After(time.Second)
			}
			s.store.mu.Lock()
			s.store.id.Log[0]++
			clear(s.store.rows)
			clear(s.store.ledger)
			s.store.mu.Unlock()
			if !runs {
				s.must(t, s.start(t.Context()))
			}
			<-time.After(10 * time.Second)
			synctest.Wait()
			v := s.follower.State()
			if v == nil || v.Log() != s.store.id.Log || v.Size().Cells != 0 || v.Ledger()[0].Next != 0 {
				t.Errorf("running %v: got state %v", runs, v)
			}
			s.must(t, s.finish())
			s.stop()
		})
	}
}

// TestRetentionIsAGap: what was told and is gone is read from the store.
func TestRetentionIsAGap(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := started(t, 12)
		for _, l := range s.logs {
			l.votes = append(l.votes, l.votes...)
		}
		s.feed.forget()
		s.must(t, s.start(t.Context()))
		for _, w := range s.workers() {
			w.read = schema.Offset(len(w.log.votes))
			s.store.write(w.log.changed(0, w.read))
			s.store.account(w.log.ledger(0, w.read))
		}
		<-time.After(time.Minute)
		synctest.Wait()
		s.must(t, s.same())
		s.stop()
		if s.happened["mlf_query_cube_gaps_total"] == 0 {
			t.Error("there was no gap")
		}
	})
}

// TestALossIsFoundBeforeItsSegmentCloses: a claim that lacks a row of a cell.
func TestALossIsFoundBeforeItsSegmentCloses(t *testing.T) {
	cfg := snapshotConfig(t)
	c := newCore(&cfg, schema.Identity{Log: schema.LogID{7}, Partitions: 1})
	b := schema.ClaimBatch{Log: c.log, Number: 1, First: 1, Last: true, Claims: []schema.Claim{{
		Next:    2,
		Rollups: []schema.Rollup{{Cell: schema.Cell{Comune: 1001, Hour: 480_000}, Values: values{3}}},
		Ledger:  []schema.LedgerRow{{Next: 2, Tally: schema.Tally{Records: 2, VotesIn: 4, Counted: 4}}},
	}}}
	c.takeBatch(&b, time.Now())
	if v := c.check(nil, time.Now(), time.Second); v.imbalance == nil || v.imbalance.votes != 3 || v.imbalance.counted != 4 {
		t.Errorf("got %v", v.imbalance)
	}
}

// TestAStoreThatLostRowsIsNotBelieved: neither at a start nor for a gap, until it has
// them again.
func TestAStoreThatLostRowsIsNotBelieved(t *testing.T) {
	for _, when := range []string{"at the start", "for a gap"} {
		synctest.Test(t, func(t *testing.T) {
			s := newSim(t, 13, "")
			s.cfg.Dir, s.cfg.VotesMax = "", 1<<60
			if when == "for a gap" {
				s.must(t, s.start(t.Context()))
				<-time.After(time.Second)
			}
			w := s.workers()[0]
			all := w.log.changed(0, 3) // All of an open segment.
			s.store.write(all[1:])
			s.store.account(w.log.ledger(0, 3))
			if when == "at the start" {
				s.must(t, s.start(t.Context()))
			}
			for range 40 {
				<-time.After(500 * time.Millisecond)
				synctest.Wait()
				s.must(t, s.check())
			}
			s.store.write(all)
			<-time.After(2 * time.Minute)
			synctest.Wait()
			if v := s.follower.State(); v == nil || v.Ledger()[0].Next != 3 {
				t.Errorf("%s: got state %v", when, v)
			}
			s.must(t, s.check())
			s.stop()
		})
	}
}

// TestTellersAreForgotten: however many there are in the middle of telling.
func TestTellersAreForgotten(t *testing.T) {
	var tell tellers
	for i := range uint64(10 * tellersMax) {
		b := schema.ClaimBatch{Number: 2, First: 1}
		b.Teller[0], b.Teller[1] = byte(i), byte(i>>8)
		if tell.whole(&b) {
			t.Fatal("a record in the middle is whole")
		}
	}
	if n := len(tell.telling); n > tellersMax {
		t.Errorf("%d are remembered", n)
	}
}
