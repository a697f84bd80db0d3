package model

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"mlf/schema"
)

// A Store is Tables behind the seams that workers write to, with what is read back.
// Safe for use by several goroutines. It keeps every checkpoint.
type Store struct {
	mu      sync.Mutex
	tables  *Tables
	started time.Time
	id      schema.Identity // Zero: not written yet.
	states  map[schema.Partition]schema.PartitionState
	public  public
}

// NewStore returns an empty store whose server started at started.
func NewStore(started time.Time) *Store {
	return &Store{tables: New(), started: started, states: make(map[schema.Partition]schema.PartitionState)}
}

// errNoIdentity is the error of a store that was not set up.
var errNoIdentity = errors.New("the store has no identity")

// WriteIdentity writes whose log the store counts; once, and for ever.
func (s *Store) WriteIdentity(_ context.Context, id schema.Identity) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.id != (schema.Identity{}) && s.id != id {
		return fmt.Errorf("write identity: the store counts log %v, not %v", s.id, id)
	}
	s.id = id
	return nil
}

// Identity returns what WriteIdentity wrote.
func (s *Store) Identity(context.Context) (schema.Identity, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.id == (schema.Identity{}) {
		return s.id, errNoIdentity
	}
	return s.id, nil
}

// Started returns when the server started.
func (s *Store) Started(context.Context) (time.Time, error) { return s.started, nil }

// WriteRollups merges rows.
func (s *Store) WriteRollups(_ context.Context, rows []schema.Rollup) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range rows {
		s.tables.Rollup(r)
	}
	return nil
}

// WriteLedger merges the account of segments, and the state of streams.
func (s *Store) WriteLedger(_ context.Context, rows []schema.LedgerRow, marks []schema.Watermark) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range rows {
		s.tables.Account(r)
	}
	for _, m := range marks {
		s.tables.Mark(m)
	}
	return nil
}

// Chains returns those of the closed rows of a segment, the lowest first.
func (s *Store) Chains(_ context.Context, p schema.Partition, segment schema.Segment) ([]schema.Chain, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	chains := s.tables.Chains(p, segment)
	slices.SortFunc(chains, func(a, b schema.Chain) int { return bytes.Compare(a[:], b[:]) })
	return chains, nil
}

// WriteCheckpoint keeps c.
func (s *Store) WriteCheckpoint(_ context.Context, c schema.Checkpoint) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	c.Payload = bytes.Clone(c.Payload)
	s.tables.Checkpoints = append(s.tables.Checkpoints, c)
	return nil
}

// Checkpoints lists those of p, the newest first.
func (s *Store) Checkpoints(_ context.Context, p schema.Partition) ([]schema.CheckpointInfo, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Compact(s.tables.CheckpointsOf(p)), nil // Written again, it is the same.
}

// Checkpoint returns one of them; schema.ErrCheckpointCorrupt where it is not there
// or does not match its sum.
func (s *Store) Checkpoint(_ context.Context, info schema.CheckpointInfo) (schema.Checkpoint, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.tables.Checkpoints {
		if c.CheckpointInfo == info && sha256.Sum256(c.Payload) == info.SHA256 {
			c.Payload = bytes.Clone(c.Payload)
			return c, nil
		}
	}
	return schema.Checkpoint{}, schema.ErrCheckpointCorrupt
}

// WriteState keeps the states of partitions: the last written hold.
func (s *Store) WriteState(_ context.Context, states []schema.PartitionState) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, st := range states {
		s.states[st.Partition] = st
	}
	return nil
}
