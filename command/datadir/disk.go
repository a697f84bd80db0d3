package datadir

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
	"golang.org/x/sys/unix"

	"mlf/schema"
)

// ErrFull is the answer to a vote for which there is no room.
var ErrFull = errors.New("data disk is full")

// A Log is where votes are appended.
type Log interface {
	Append(ctx context.Context, p schema.Partition, record []byte) error
	Partitions() int
}

// A Guard stands before the log of mlf up and refuses votes while the disk
// has less than its reserve free. The embedded engines write to the same disk
// and need room to go on: refusing early keeps what was accepted safe, and the
// terminals keep what was refused.
type Guard struct {
	Log
	dir     string
	reserve uint64 // Bytes.

	free    prometheus.Gauge
	refused prometheus.Counter
	full    atomic.Bool
}

// diskLookInterval is the time between two looks at the disk. At the 100 MB/s
// that one process could write, much less than the reserve goes by between them.
const diskLookInterval = 250 * time.Millisecond

// NewGuard returns a guard of log, whose data is in dir, and looks at the disk for
// the first time. reserve is in bytes.
func NewGuard(log Log, dir string, reserve uint64, reg prometheus.Registerer) (*Guard, error) {
	f := promauto.With(reg)
	g := &Guard{
		Log: log, dir: dir, reserve: reserve,
		free: f.NewGauge(prometheus.GaugeOpts{
			Name: "mlf_up_disk_free_bytes",
			Help: "Free bytes on the data disk. Below mlf_up_disk_reserve_bytes votes are answered 503: make room or move the data.",
		}),
		refused: f.NewCounter(prometheus.CounterOpts{
			Name: "mlf_up_disk_full_refusals_total",
			Help: "Requests answered 503 because the data disk is full. The terminals keep the votes; make room.",
		}),
	}
	f.NewGauge(prometheus.GaugeOpts{
		Name: "mlf_up_disk_reserve_bytes",
		Help: "Bytes of the data disk that must be free for votes to be taken.",
	}).Set(float64(reserve))
	return g, g.look()
}

// Run looks at the disk until ctx ends.
func (g *Guard) Run(ctx context.Context) error {
	tick := time.NewTicker(diskLookInterval)
	defer tick.Stop()
	for {
		if err := g.look(); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

func (g *Guard) look() error {
	var fs unix.Statfs_t
	if err := unix.Statfs(g.dir, &fs); err != nil {
		return fmt.Errorf("look at the disk of %s: %w", g.dir, err)
	}
	free := fs.Bavail * uint64(fs.Bsize)
	g.free.Set(float64(free))
	g.full.Store(free < g.reserve)
	return nil
}

// Append refuses while the disk is full, else hands on.
func (g *Guard) Append(ctx context.Context, p schema.Partition, record []byte) error {
	if g.full.Load() {
		g.refused.Inc()
		return ErrFull
	}
	return g.Log.Append(ctx, p, record)
}

// Room returns ErrFull while there is no room.
func (g *Guard) Room(context.Context) error {
	if g.full.Load() {
		return ErrFull
	}
	return nil
}
