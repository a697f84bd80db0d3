package archive

import (
	"context"
	"errors"
	"fmt"

	"mlf/schema"
)

// A Source is a log that is read. Its calls try again by themselves; an error is one
// that trying does not mend soon.
type Source interface {
	// Identity returns whose log it is, and of how many partitions.
	Identity(ctx context.Context) (schema.Identity, error)
	// Bounds returns where each partition begins and ends, those that were added to
	// the topic included.
	Bounds(ctx context.Context) ([]schema.Bounds, error)
	// Fetch returns records of p from at on, perhaps none. They are the caller's until
	// the next call.
	Fetch(ctx context.Context, p schema.Partition, at schema.Offset) (schema.Fetched, error)
	// ReadRecords calls apply for all that the registry has, in order. Key and value are
	// apply's for the length of the call. A value of nil takes back what the key had.
	ReadRecords(ctx context.Context, apply func(key string, value []byte) error) error
	// ReadServed does so for the numbers of served users.
	ReadServed(ctx context.Context, apply func(key string, value []byte) error) error
	// ReadAlerts does so for settings, alerts and notes of bodies.
	ReadAlerts(ctx context.Context, apply func(key string, value []byte) error) error
}

// ErrRefused says that a log and an archive do not belong together.
var ErrRefused = errors.New("refused")

func refused(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{ErrRefused}, args...)...)
}

// fetchesMax is how many fetches in a row may bring nothing, where there is something.
const fetchesMax = 20

// span is what is read of a partition.
type span struct {
	partition schema.Partition
	schema.Bounds
}

// each calls do for every record of a span, until it returns false. A record is do's for
// the length of the call.
func each(ctx context.Context, from Source, s span, do func(rec *schema.Record) (bool, error)) error {
	for at, nothing := s.First, 0; at < s.Next; {
		f, err := from.Fetch(ctx, s.partition, at)
		if err != nil {
			return err
		}
		if nothing++; len(f.Records) > 0 {
			nothing = 0
		}
		if f.LogEnd < s.Next || nothing == fetchesMax {
			return fmt.Errorf("partition %d: the log ends at %d while records up to %d are read", s.partition, f.LogEnd, s.Next-1)
		}
		for i := range f.Records {
			if f.Records[i].Offset != at {
				return fmt.Errorf("partition %d: record %d is missing: %w", s.partition, at, schema.ErrGap)
			}
			if at >= s.Next {
				return nil
			}
			if more, err := do(&f.Records[i]); err != nil || !more {
				return err
			}
			at++
		}
	}
	return nil
}

// boundsOf returns the bounds of the log that id names, less partitions that were added.
func boundsOf(ctx context.Context, from Source, partitions int) ([]schema.Bounds, error) {
	all, err := from.Bounds(ctx)
	if err != nil {
		return nil, err
	}
	if len(all) < partitions {
		return nil, refused("the topic has %d partitions, and the log %d", len(all), partitions)
	}
	return all[:partitions], nil
}

// Progress is how far a work has come. Done and Total are records of votes.
type Progress struct {
	Partition   schema.Partition
	Done, Total uint64
	Bytes       int64 // Of keys and values, so far.
}

// A meter counts what passes, and tells of it.
type meter struct {
	Progress
	tell func(Progress)
}

func (m *meter) count(rec *schema.Record) {
	m.Done++
	m.Bytes += int64(len(rec.Key) + len(rec.Value))
	if m.tell != nil && m.Done%1024 == 0 {
		m.tell(m.Progress)
	}
}

// of says which partition is worked on.
func (m *meter) of(p schema.Partition) {
	m.Partition = p
	if m.tell != nil {
		m.tell(m.Progress)
	}
}
