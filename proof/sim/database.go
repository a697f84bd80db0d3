package sim

import (
	"bytes"
	"fmt"
	"slices"
	"time"

	"mlf/aggregate/store/model"
	"mlf/schema"
)

// A written is one row, and when it was acknowledged or at least there.
type written struct {
	at time.Time
	do func(*model.Tables)
}

// A database is what the workers write to: it merges as the real one does, and can
// lose what it wrote lately.
type database struct {
	w       *world
	run     int // Its number, from 1.
	started time.Time
	ended   []span // The runs before this one.
	lies    []error
	halts   map[schema.Partition]string
	states  map[schema.Partition]schema.State
	*model.Tables
	journal []written
}

func newDatabase(w *world) *database {
	return &database{
		w: w, run: 1, started: time.Now(), Tables: model.New(),
		halts:  make(map[schema.Partition]string),
		states: make(map[schema.Partition]schema.State),
	}
}

// down tells that the server is being started.
func (s *database) down() bool { return time.Now().Before(s.started) }

// write does rows, as far as keep lets them be.
func (s *database) write(rows []func(*model.Tables), keep func() bool) {
	now := time.Now()
	for _, do := range rows {
		if keep() {
			do(s.Tables)
			s.journal = append(s.journal, written{now, do})
		}
	}
}

// lay does a row of long ago, which no power cut takes.
func (s *database) lay(do func(*model.Tables)) {
	do(s.Tables)
	s.journal = append(s.journal, written{do: do})
}

// restart takes the server down, and up again later. With a power cut, what was
// written within lossMax is lost in part, or all of it.
func (s *database) restart(cut bool) {
	now := time.Now()
	if s.down() {
		return
	}
	s.run++
	s.ended = append(s.ended, span{s.started, now})
	s.started = now.Add(3*tolerance + s.w.span(10*time.Second)) // Two starts can be told apart.
	s.w.ghosts = slices.DeleteFunc(s.w.ghosts, func(g ghost) bool { return g.run != 0 })
	if !cut {
		return
	}
	loss := []int{100, 500, 1000}[s.w.dice.IntN(3)]
	s.journal = slices.DeleteFunc(s.journal, func(r written) bool { return now.Sub(r.at) < lossMax && s.w.chance(loss) })
	s.Tables = model.New()
	for _, r := range s.journal {
		r.do(s.Tables)
	}
}

// A span is a run of the store that is over.
type span struct{ from, until time.Time }

// vouch looks whether c says of a run that it was there when it was not: such a
// checkpoint proves others whose rows went with the run.
func (s *database) vouch(c *schema.Checkpoint) {
	for _, run := range s.ended {
		if c.StoreStarted.Sub(run.from).Abs() <= tolerance && c.Taken.After(run.until) {
			s.lies = append(s.lies, fmt.Errorf("checkpoint of partition %d at %d was taken %v after the end of its run of the store",
				c.Partition, c.Next, c.Taken.Sub(run.until)))
		}
	}
}

// damaged returns c with a payload that was not written whole.
func damaged(c schema.Checkpoint) schema.Checkpoint {
	c.Payload = bytes.Clone(c.Payload[:len(c.Payload)/2])
	return c
}
