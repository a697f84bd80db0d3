package aggregate_test

import (
	"slices"
	"testing"
	"time"

	"mlf/aggregate"
	"mlf/aggregate/store/model"
	"mlf/schema"
)

// TestStepsWaitForEachOther: the ledger never says more than the rollups hold, and
// a checkpoint never more than both; nothing of a flush that failed is dropped.
func TestStepsWaitForEachOther(t *testing.T) {
	bubble(t, func(r *rig) {
		r.vote(10)
		broken := "rollups"
		r.store.fault = func(operation string) error {
			if operation == broken {
				return errWorld
			}
			return nil
		}
		calls := func(operation string) (n int) {
			r.store.look(func() { n = r.store.calls[operation] })
			return n
		}
		mend := func(next string) {
			r.store.look(func() { broken = next })
			pass(30 * time.Second)
		}
		r.run()
		mend("rollups")
		if calls("rollups") < 2 || calls("ledger") != 0 || calls("checkpoint") != 0 {
			t.Errorf("without rollups: got calls %v, want some of rollups, none of ledger and checkpoint", r.store.calls)
		}
		mend("days")
		if calls("days") < 2 || calls("ledger") != 0 || calls("checkpoint") != 0 {
			t.Errorf("without days: got calls %v, want some of days, none of ledger and checkpoint", r.store.calls)
		}
		mend("ledger")
		if calls("ledger") < 2 || calls("checkpoint") != 0 {
			t.Errorf("without a ledger: got calls %v, want some of ledger, none of checkpoint", r.store.calls)
		}
		mend("checkpoint")
		if calls("checkpoint") < 2 {
			t.Errorf("got calls %v, want some of checkpoint", r.store.calls)
		}
		mend("")
		r.counted()
		compare(t, r.log, r.store)
	})
}

// TestRestartBetweenRowsAndCheckpoint: the rows were acknowledged by a run of the
// store that ended, with them, before the checkpoint was written. It must not pass
// for one of the new run.
func TestRestartBetweenRowsAndCheckpoint(t *testing.T) {
	bubble(t, func(r *rig) {
		r.vote(10)
		pass(time.Minute) // The store has been up for a while.
		landed, restarted := false, false
		r.store.fault = func(operation string) error { // Called with the store's lock held.
			switch {
			case operation == "ledger":
				landed = true
			case operation == "started" && landed && !restarted:
				restarted = true
				r.store.started, r.store.Tables, r.store.journal = time.Now(), model.New(), nil
			}
			return nil
		}
		r.run()
		pass(time.Minute)
		r.counted()
		if !restarted {
			t.Fatal("the store was not asked for its start between rows and checkpoint")
		}
		compare(t, r.log, r.store)
	})
}

// TestBelieved: which checkpoints the store must still have the rows of.
func TestBelieved(t *testing.T) {
	at := func(clock string) time.Time {
		when, err := time.Parse("15:04", clock)
		if err != nil {
			t.Fatal(err)
		}
		return when
	}
	// taken and run of a checkpoint: when it was taken, when the store had started.
	taken := func(clock, run string) schema.CheckpointInfo {
		return schema.CheckpointInfo{Taken: at(clock), StoreStarted: at(run)}
	}
	f := func(what, started string, wantProven, wantLikely []schema.CheckpointInfo, infos ...schema.CheckpointInfo) {
		t.Helper()
		proven, likely := aggregate.Believed(infos, at(started))
		if !slices.Equal(proven, wantProven) || !slices.Equal(likely, wantLikely) {
			t.Errorf("%s: got proven %v, likely %v\nwant %v, %v", what, proven, likely, wantProven, wantLikely)
		}
	}
	type infos = []schema.CheckpointInfo
	one := taken("10:00", "09:00")
	f("the run lasts", "09:00", infos{one}, nil, one)
	f("too young", "10:14", nil, nil, one)
	f("old enough, but of a run that nothing is known of since", "10:20", nil, infos{one}, one)
	f("a later one of the same run, too soon", "10:20", nil, infos{one}, taken("10:14", "09:00"), one)
	f("a later one of the same run", "10:20", infos{one}, nil, taken("10:15", "09:00"), one)
	f("a later one of another run", "11:00", nil, infos{taken("10:20", "10:10"), one}, taken("10:20", "10:10"), one)
	f("one of this run proves nothing of the one before", "10:10", infos{taken("10:20", "10:10")}, nil, taken("10:20", "10:10"), one)
}
