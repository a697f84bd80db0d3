package aggregate_test

import (
	"testing"
	"time"

	"mlf/aggregate"
	"mlf/schema"
)

// gauge returns a gauge of partition 0, or of the process; absent where nobody tells it.
func (r *rig) gauge(name string) float64 {
	r.t.Helper()
	families, err := r.metrics.Gather()
	if err != nil {
		r.t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() == name {
			return f.GetMetric()[0].GetGauge().GetValue()
		}
	}
	return absent
}

const absent = -1

// fresh appends n records that are ingested now.
func (r *rig) fresh(n int) {
	for range n {
		end, h := r.log.end(0), counter()
		h.Ingested = schema.InstantOf(time.Now())
		r.log.append(0, schema.Record{Value: batch(h, schema.Vote{Seq: schema.Seq(end), At: h.Ingested, Value: schema.Green})})
	}
}

// TestGaugesAreTrueWhileAStoreIsFrozen: nothing fails and nothing moves, and a scrape
// says what waits and for how long.
func TestGaugesAreTrueWhileAStoreIsFrozen(t *testing.T) {
	bubble(t, func(r *rig) {
		r.fresh(3)
		r.run()
		r.counted()
		pass(time.Minute)
		f := func(when, name string, least, most float64) {
			t.Helper()
			if got := r.gauge(name); got < least || got > most {
				t.Errorf("%s: %s is %v, want %v to %v", when, name, got, least, most)
			}
		}
		const when = "all is in the store"
		f(when, "mlf_consumer_lag_messages", 0, 0)
		f(when, "mlf_consumer_event_age_seconds", 0, 0)
		f(when, "mlf_aggregate_oldest_unflushed_seconds", 0, 0)
		f(when, "mlf_aggregate_checkpoint_age_seconds", 0, 0)
		f(when, "mlf_aggregate_unflushed_rows", 0, 0)

		release := make(chan struct{})
		r.store.look(func() { r.store.fault = func(string) error { <-release; return nil } })
		frozen := time.Now()
		last := r.gauge("mlf_aggregate_last_flush_timestamp_seconds")
		for after := time.Second; after <= 5*time.Minute; after *= 3 {
			r.fresh(2)
			pass(after)
			n, age := float64(r.log.end(0)-r.store.Next(0)), time.Since(frozen).Seconds()
			const when = "the store is frozen"
			f(when, "mlf_consumer_lag_messages", n, n)
			f(when, "mlf_consumer_event_age_seconds", age-0.5, age)
			f(when, "mlf_aggregate_oldest_unflushed_seconds", age-1, age)
			f(when, "mlf_aggregate_checkpoint_age_seconds", age-1, age+1)
			f(when, "mlf_aggregate_unflushed_rows", 1, 100)
			f(when, "mlf_aggregate_last_flush_timestamp_seconds", last, last)
		}
		close(release)
		r.store.look(func() { r.store.fault = nil })
		pass(2 * time.Minute)
		const after = "it goes on"
		f(after, "mlf_consumer_lag_messages", 0, 0)
		f(after, "mlf_consumer_event_age_seconds", 0, 0)
		f(after, "mlf_aggregate_oldest_unflushed_seconds", 0, 0)
		f(after, "mlf_aggregate_checkpoint_age_seconds", 0, 0)
		compare(t, r.log, r.store)
	})
}

// TestLagIsOfTheLog also where the process may not read on, because too much waits.
func TestLagIsOfTheLog(t *testing.T) {
	bubble(t, func(r *rig) {
		r.cfg = aggregate.Config{DirtyRowsMax: 1}
		r.fresh(1)
		r.run()
		r.counted()
		r.store.look(func() {
			r.store.fault = func(operation string) error {
				if operation == "rollups" {
					return errWorld
				}
				return nil
			}
		})
		r.fresh(5000)
		pass(time.Minute)
		if got, want := r.gauge("mlf_consumer_lag_messages"), float64(r.log.end(0)-r.store.Next(0)); got != want || want != 5000 {
			t.Errorf("lag is %v, want %v", got, want)
		}
		r.store.look(func() { r.store.fault = nil })
		pass(time.Minute)
		if got := r.gauge("mlf_consumer_lag_messages"); got != 0 {
			t.Errorf("lag is %v in the end, want 0", got)
		}
	})
}

// TestARecoveryHasNoLag, for nobody knows it yet, and says that it stands still.
func TestARecoveryHasNoLag(t *testing.T) {
	bubble(t, func(r *rig) {
		r.fresh(1)
		r.store.fault = func(operation string) error {
			if operation == "checkpoints" {
				return errWorld
			}
			return nil
		}
		r.run()
		pass(time.Minute)
		if lag, stuck := r.gauge("mlf_consumer_lag_messages"), r.gauge("mlf_aggregate_stuck"); lag != absent || stuck != 1 {
			t.Errorf("lag is %v, want none; stuck is %v, want 1", lag, stuck)
		}
		r.store.look(func() { r.store.fault = nil })
		pass(5 * time.Second)
		r.counted()
	})
}
