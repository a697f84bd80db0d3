package aggregate

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"mlf/schema"
)

// Unreadable is the metric of checkpoints passed over.
func (a *Aggregator) Unreadable() prometheus.Counter { return a.m.unreadable }

// Believed is Config.believed with the defaults.
func Believed(infos []schema.CheckpointInfo, started time.Time) (proven, likely []schema.CheckpointInfo) {
	c := Config{}.withDefaults()
	return c.believed(infos, started)
}

// Untold is how many rows wait for the Teller.
func (a *Aggregator) Untold() (n int64) {
	for _, w := range a.list() {
		n += w.untold.Load()
	}
	return n
}
