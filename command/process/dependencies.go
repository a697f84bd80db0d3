package process

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

// askEvery is the time between two questions to a neighbour. With CheckMax it is
// known within 6 s that one is frozen.
const askEvery = 5 * time.Second

// errNotAsked is what is known of a neighbour that was not reached yet.
var errNotAsked = errors.New("not reached yet")

// Dependencies are the neighbours that a process cannot do its work without. They
// are told of and decide nothing: see Admin. They are asked in the background, so
// that one that is frozen keeps neither a scrape nor a probe waiting. Safe for use
// by several goroutines.
type Dependencies struct {
	up      *prometheus.GaugeVec
	success *prometheus.GaugeVec
	kick    chan struct{} // Somebody new is to be asked.

	mu    sync.Mutex
	asked []Check
	said  map[string]error
}

// NewDependencies returns those of the given names, of which nothing is known yet.
// Their metrics, with reg, exist from now on.
func NewDependencies(reg prometheus.Registerer, names ...string) *Dependencies {
	f := promauto.With(reg)
	d := &Dependencies{
		up: f.NewGaugeVec(prometheus.GaugeOpts{
			Name: "mlf_dependency_up",
			Help: "1 while the neighbour answers this process, asked every 5 s; 0 before it first has. 0 in one process alone: look at the line between them; in all: at the neighbour. The process is ready all the same.",
		}, []string{"dependency"}),
		success: f.NewGaugeVec(prometheus.GaugeOpts{
			Name: "mlf_dependency_last_success_timestamp_seconds",
			Help: "When the neighbour last answered; 0 before it first has.",
		}, []string{"dependency"}),
		kick: make(chan struct{}, 1),
		said: make(map[string]error),
	}
	for _, name := range names {
		d.said[name] = errNotAsked
		d.up.WithLabelValues(name).Set(0)
		d.success.WithLabelValues(name).Set(0)
	}
	return d
}

// Ask has c asked from now on, in place of one of its name, which must be one of
// those that NewDependencies was told.
func (d *Dependencies) Ask(c Check) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if _, ok := d.said[c.Name]; !ok {
		panic("BUG: dependency " + c.Name + " is not known")
	}
	others := slices.DeleteFunc(slices.Clone(d.asked), func(old Check) bool { return old.Name == c.Name })
	d.asked = append(others, c)
	select {
	case d.kick <- struct{}{}:
	default: // All are asked soon.
	}
}

// Run asks until ctx ends.
func (d *Dependencies) Run(ctx context.Context) error {
	tick := time.NewTicker(askEvery)
	defer tick.Stop()
	for {
		d.look(ctx)
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		case <-d.kick:
		}
	}
}

// look asks each once.
func (d *Dependencies) look(ctx context.Context) {
	d.mu.Lock()
	asked := d.asked
	d.mu.Unlock()
	errs := ask(ctx, asked)
	if ctx.Err() != nil {
		return // It says nothing of them.
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	for i, err := range errs {
		name := asked[i].Name
		d.said[name] = err
		if err != nil {
			d.up.WithLabelValues(name).Set(0)
			continue
		}
		d.up.WithLabelValues(name).Set(1)
		d.success.WithLabelValues(name).SetToCurrentTime()
	}
}

// Away tells whether one of them did not answer when it was last asked.
func (d *Dependencies) Away() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, err := range d.said {
		if err != nil {
			return true
		}
	}
	return false
}

// report returns what a probe says of each. d may be nil.
func (d *Dependencies) report() map[string]string {
	said := make(map[string]string)
	if d == nil {
		return said
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	for name, err := range d.said {
		said[name] = inWords(err)
	}
	return said
}

// Part returns d as a part of the process.
func (d *Dependencies) Part() Part { return Part{"dependencies", d.Run} }
