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
	m := newMetrics(reg)
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		tick := time.NewTicker(countEvery)
		defer tick.Stop()
		for {
			if f.Book.Complete() && f.Terminals.Complete() {
				m.show(f.regions(time.Now()))
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

// metrics are what is measured of a fleet.
type metrics struct {
	terminals *prometheus.GaugeVec
	waiting   prometheus.Gauge
	untaken   prometheus.Gauge
}

func newMetrics(reg prometheus.Registerer) *metrics {
	auto := promauto.With(reg)
	m := &metrics{
		terminals: auto.NewGaugeVec(prometheus.GaugeOpts{
			Name: "mlf_query_fleet_terminals",
			Help: "Terminals by how they do, as /v1/fleet has it, and by region, two digits; none of tests. silent above a few: a network or a supplier's service is down. copied: images of devices were copied. lost: devices that lost votes.",
		}, []string{"state", "region"}),
		waiting: auto.NewGauge(prometheus.GaugeOpts{
			Name: "mlf_query_fleet_waiting_votes",
			Help: "Votes in devices by their last heartbeats. Rising with terminals ok: votes are not taken, look at mlf_ingest_requests_total.",
		}),
		untaken: auto.NewGauge(prometheus.GaugeOpts{
			Name: "mlf_query_fleet_untaken_terminals",
			Help: "Terminals that say of themselves, within 15 minutes, that a vote has waited in them for more than an hour: we hear them, and take no vote of theirs. Above a few: look at mlf_ingest_votes_total by reason.",
		}),
	}
	m.show(map[string]*Counts{"": {}})
	return m
}

// show says how a fleet does, by region.
func (m *metrics) show(of map[string]*Counts) {
	m.terminals.Reset() // A region may have none any more.
	var waiting uint64
	var untaken int
	for region, c := range of {
		for state, n := range map[State]int{OK: c.OK, Silent: c.Silent, Copied: c.Copied, Lost: c.Lost, Unheard: c.Unheard} {
			m.terminals.WithLabelValues(string(state), region).Set(float64(n))
		}
		waiting += c.Waiting
		untaken += c.untaken
	}
	m.waiting.Set(float64(waiting))
	m.untaken.Set(float64(untaken))
}

// regions counts all terminals at now, by the usual patience and by region; "" is of comuni
// that are in no registry, and always there.
func (f *Fleet) regions(now time.Time) map[string]*Counts {
	counts := map[string]*Counts{"": {}}
	for _, e := range f.Terminals.All() {
		if e.Revoked {
			continue
		}
		t := f.terminal(e, now, silentDefault*time.Minute)
		if counts[t.Region] == nil {
			counts[t.Region] = new(Counts)
		}
		counts[t.Region].add(&t)
		if !t.Test && t.untaken(now) {
			counts[t.Region].untaken++
		}
	}
	return counts
}

// Count counts all terminals at now, by the usual patience.
func (f *Fleet) Count(now time.Time) Counts {
	sum := Counts{By: "all"}
	for _, c := range f.regions(now) {
		sum.Terminals, sum.Waiting = sum.Terminals+c.Terminals, sum.Waiting+c.Waiting
		sum.OK, sum.Silent, sum.Copied, sum.Lost, sum.Unheard = sum.OK+c.OK, sum.Silent+c.Silent, sum.Copied+c.Copied, sum.Lost+c.Lost, sum.Unheard+c.Unheard
	}
	return sum
}

// untaken tells whether a terminal reaches us, and its votes do not.
func (t *Terminal) untaken(now time.Time) bool {
	return t.LastSeen != nil && now.Sub(*t.LastSeen) < 15*time.Minute && t.Waiting != nil && *t.Waiting > 0 && *t.OldestMS > uint64(time.Hour/time.Millisecond)
}

// Everybody lets all terminals be seen.
func Everybody(*schema.Enrolment) bool { return true }
