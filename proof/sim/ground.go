package sim

import (
	"crypto/sha256"
	"fmt"
	"time"

	"mlf/aggregate/fold"
	"mlf/aggregate/store/model"
	"mlf/schema"
)

// groundNext is where the filler of a schedule that begins near the end of a
// segment ends.
const groundNext = schema.SegmentRecords - 20

// A Ground is what such schedules begin with. It is the same for all of them, and
// takes a moment to make.
type Ground struct {
	checkpoints [partitions]schema.Checkpoint
	rows        [partitions]fold.Rows
}

// NewGround counts the filler.
func NewGround() (*Ground, error) {
	g := &Ground{}
	for p := range g.checkpoints {
		sum := fold.New(schema.Partition(p), identity())
		rec := schema.Record{Key: []byte(schema.KeyGenesis), Value: genesisOf(schema.Partition(p), schema.RulesV1)}
		for rec.Offset = 0; rec.Offset < groundNext; rec.Offset++ {
			if err := sum.Apply(&rec); err != nil {
				return nil, fmt.Errorf("fold filler: %w", err)
			}
		}
		sum.Drain(&g.rows[p])
		info, payload, err := sum.Checkpoint()
		if err != nil {
			return nil, fmt.Errorf("fold filler: %w", err)
		}
		info.SHA256 = sha256.Sum256(payload)
		g.checkpoints[p] = schema.Checkpoint{CheckpointInfo: info, Payload: payload}
	}
	return g, nil
}

// lay lets w begin on g: with two checkpoints of the same place by a run of the
// store long ago, the later of which proves the earlier.
func (g *Ground) lay(w *world) {
	for p := range w.log.parts {
		part := &w.log.parts[p]
		part.base, part.records = groundNext, nil
		if w.dice.IntN(2) == 0 { // Retention has left what the last checkpoints need.
			part.first = groundNext - schema.Offset(w.dice.IntN(40))
		}
		for _, r := range g.rows[p].Ledger {
			w.store.lay(func(t *model.Tables) { t.Account(r) })
		}
		for _, age := range []time.Duration{24 * time.Hour, 23 * time.Hour} {
			c := g.checkpoints[p]
			c.Taken = w.began.Add(-age).UTC()
			c.StoreStarted = w.began.Add(-48 * time.Hour).UTC()
			w.store.lay(func(t *model.Tables) { t.Checkpoints = append(t.Checkpoints, c) })
		}
	}
	if w.dice.IntN(2) == 0 { // It happens once in a segment.
		w.weather.aim = point{"", kindChains}
	}
	w.ground = g
}

// fold returns the state that the counting of p began with.
func (w *world) fold(p schema.Partition) (*fold.Fold, error) {
	if w.ground == nil {
		return fold.New(p, identity()), nil
	}
	return fold.Open(w.ground.checkpoints[p].Payload)
}
