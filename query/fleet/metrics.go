package fleet

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"mlf/schema"
)

// A Log is where heartbeats are read: as they were put, for ever, caughtUp once, until ctx
// ends.
type Log interface {
	FollowHeartbeats(ctx context.Context, apply func(key string, value []byte) error, caughtUp func()) error
}

// countEvery is the time between two countings for metrics.
const countEvery = 30 * time.Second

// Follow keeps f's book up to date, and what is measured of it, until ctx ends. Answers do
// without until the topic is read to its end.
func (f *Fleet) Follow(ctx context.Context, log Log, reg prometheus.Registerer) error {
	auto := promauto.With(reg)
	terminals := auto.NewGaugeVec(prometheus.GaugeOpts{
		Name: "mlf_query_fleet_terminals",
		Help: "Terminals by how they do, as /v1/fleet has it; none of tests. silent above a few: a network or a supplier's service is down. copied: images of devices were copied. lost: devices that lost votes.",
	}, []string{"state"})
	waiting := auto.NewGauge(prometheus.GaugeOpts{
		Name: "mlf_query_fleet_waiting_votes",
		Help: "Votes in devices by their last heartbeats. Rising with terminals ok: votes are not taken, look at mlf_ingest_requests_total.",
	})
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		tick := time.NewTicker(countEvery)
		defer tick.Stop()
		for {
			if f.Book.Complete() && f.Terminals.Complete() {
				c := f.Count(time.Now())
				for state, n := range map[State]int{OK: c.OK, Silent: c.Silent, Copied: c.Copied, Lost: c.Lost, Unheard: c.Unheard} {
					terminals.WithLabelValues(string(state)).Set(float64(n))
				}
				waiting.Set(float64(c.Waiting))
			}
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
		}
	}()
	err := log.FollowHeartbeats(ctx, f.Book.Apply, f.Book.SetComplete)
	cancel()
	<-done
	return err
}

// Count counts all terminals at now, by the usual patience.
func (f *Fleet) Count(now time.Time) Counts {
	c := Counts{By: "all"}
	for _, e := range f.Terminals.All() {
		if !e.Revoked {
			t := f.terminal(e, now, silentDefault*time.Minute)
			c.add(&t)
		}
	}
	return c
}

// Everybody lets all terminals be seen.
func Everybody(*schema.Enrolment) bool { return true }
