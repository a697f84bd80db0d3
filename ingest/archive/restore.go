package archive

import (
	"context"
	"crypto/sha256"
	"fmt"
	"slices"

	"mlf/schema"
)

// A Target is where a log is put back. Its calls try again by themselves.
type Target interface {
	Source
	// Create makes the topics that are missing, and refuses those that lose records, or
	// that have another partition count.
	Create(ctx context.Context, partitions, replicas int) error
	// Append puts records, the first of which is at the end of p, on the log, and returns
	// when they are there for good, with the offsets that they have. Records are the
	// caller's again.
	Append(ctx context.Context, p schema.Partition, records []schema.Record) error
	// PutRegistryRecords appends records to the registry, perhaps more than once.
	PutRegistryRecords(ctx context.Context, records []schema.Record) error
	// PutServedRecords does so for the numbers of served users.
	PutServedRecords(ctx context.Context, records []schema.Record) error
	// PutAlertRecords does so for settings, alerts and notes of bodies.
	PutAlertRecords(ctx context.Context, records []schema.Record) error
}

// A RestoreConfig says what is put back, and where.
type RestoreConfig struct {
	From     Folder
	To       Target
	Replicas int // Copies of every record; 0: what the target does by default.

	Tell func(Progress) // Called now and then, by the caller's goroutine; nil: nobody.
}

// A Restored is what came of it.
type Restored struct {
	Log        string `json:"log"`
	Partitions int    `json:"partitions"`
	Records    uint64 `json:"records"`  // Of votes, in the archive.
	Appended   uint64 `json:"appended"` // Of them, by this run; the others were there, and are the same.
	Registry   int    `json:"registry"` // Records appended.
	Served     int    `json:"served"`
	Alerts     int    `json:"alerts"`
}

// Restore puts an archive back: the same log, with the same records at the same
// offsets, then the registry, the numbers of served users and the alerts. It verifies the archive
// before it begins. It may be broken off at any moment, and called again: it compares
// what is there, and goes on after it. An error wraps ErrRefused where the topics have
// records that are not the archive's, and nothing is appended to that partition.
//
// The archive's append times are not put back: the log writes its own.
func Restore(ctx context.Context, cfg RestoreConfig) (Restored, error) {
	found, err := Verify(ctx, VerifyConfig{From: cfg.From})
	if err != nil {
		return Restored{}, err
	}
	if len(found.Faults) > 0 {
		return Restored{}, damaged("%d faults, the first: %s", len(found.Faults), found.Faults[0])
	}
	m, err := Load(cfg.From)
	if err != nil {
		return Restored{}, err
	}
	if err := m.restorable(); err != nil {
		return Restored{}, err
	}
	r := &restorer{cfg: cfg, m: m, meter: meter{tell: cfg.Tell}}
	r.did = Restored{Log: m.Log, Partitions: len(m.Votes), Records: found.Records}
	r.meter.Total = found.Records
	err = r.restore(ctx)
	return r.did, err
}

// A restorer is one call of Restore.
type restorer struct {
	cfg   RestoreConfig
	m     *Manifest
	meter meter
	did   Restored
}

func (r *restorer) restore(ctx context.Context) error {
	n := len(r.m.Votes)
	if err := r.cfg.To.Create(ctx, n, r.cfg.Replicas); err != nil {
		return err
	}
	all, err := boundsOf(ctx, r.cfg.To, n)
	if err != nil {
		return err
	}
	for p := range all {
		r.meter.of(schema.Partition(p))
		if err := r.partition(ctx, schema.Partition(p), all[p]); err != nil {
			return fmt.Errorf("restore partition %d: %w", p, err)
		}
	}
	if err := r.registry(ctx); err != nil {
		return fmt.Errorf("restore the registry: %w", err)
	}
	// Of several records of one key the one with the highest revision holds, or what all come
	// to (schema/alert), wherever they stand.
	if r.did.Served, err = r.missing(ctx, r.cfg.To.ReadServed, r.cfg.To.PutServedRecords, kept{Served, r.m.Served}); err != nil {
		return fmt.Errorf("restore the numbers of served users: %w", err)
	}
	if r.did.Alerts, err = r.missing(ctx, r.cfg.To.ReadAlerts, r.cfg.To.PutAlertRecords, kept{Alerts, r.m.Alerts}); err != nil {
		return fmt.Errorf("restore the alerts: %w", err)
	}
	return nil
}

// chunkBytes is how much is appended at once.
const chunkBytes = 900_000

// partition puts p back, after what the topic has of it.
func (r *restorer) partition(ctx context.Context, p schema.Partition, is schema.Bounds) error {
	if is.First > 0 {
		return refused("the topic begins at offset %d: records were removed from it; delete it and begin again", is.First)
	}
	c := comparison{from: r.cfg.To, p: p, is: is}
	var chunk chunk
	flush := func() error {
		if len(chunk.records) == 0 {
			return nil
		}
		err := r.cfg.To.Append(ctx, p, chunk.records)
		if err == nil {
			r.did.Appended += uint64(len(chunk.records))
		}
		chunk.reset()
		return err
	}
	err := eachArchived(r.cfg.From, r.m, p, func(rec *schema.Record) error {
		r.meter.count(rec)
		if rec.Offset < is.Next {
			return c.see(ctx, rec)
		}
		if chunk.bytes+len(rec.Key)+len(rec.Value) > chunkBytes {
			if err := flush(); err != nil {
				return err
			}
		}
		chunk.add(rec)
		return nil
	})
	if err != nil {
		return err
	}
	return flush()
}

// A chunk is records in memory of its own.
type chunk struct {
	records []schema.Record
	bytes   int
}

func (c *chunk) add(rec *schema.Record) {
	c.records = append(c.records, schema.Record{Offset: rec.Offset, Key: slices.Clone(rec.Key), Value: slices.Clone(rec.Value), Appended: rec.Appended})
	c.bytes += len(rec.Key) + len(rec.Value)
}

func (c *chunk) reset() {
	clear(c.records)
	c.records, c.bytes = c.records[:0], 0
}

// registry puts back what is missing. What the topic has otherwise somebody has
// written since, and nobody can say which of the two holds.
func (r *restorer) registry(ctx context.Context) error {
	var there latest
	if err := r.cfg.To.ReadRecords(ctx, there.apply); err != nil {
		return err
	}
	var missing chunk
	err := r.other(Registry, r.m.Registry, func(rec *schema.Record) error {
		switch got := there.get(rec.Key); {
		case got == nil:
			missing.add(rec)
		case string(got) != string(rec.Value):
			return refused("its record %s is another than the archive's: it was written by another log's schema apply, or after the archive was taken", rec.Key)
		}
		return nil
	})
	if err != nil {
		return err
	}
	if err := r.cfg.To.PutRegistryRecords(ctx, missing.records); err != nil {
		return err
	}
	r.did.Registry = len(missing.records)
	return nil
}

// kept is a file of records without offsets, and its kind.
type kept struct {
	kind Kind
	file *FileInfo
}

// missing puts back the records of k that a topic does not have, and returns how many.
func (r *restorer) missing(ctx context.Context, read reads, put puts, k kept) (n int, err error) {
	if k.file == nil {
		return 0, nil // The archive is older than what is kept in it.
	}
	there := make(map[[sha256.Size]byte]bool)
	var linker schema.Linker
	err = read(ctx, func(key string, value []byte) error {
		there[linker.Hash(&schema.Record{Key: []byte(key), Value: value})] = true
		return nil
	})
	if err != nil {
		return 0, err
	}
	var missing chunk
	flush := func() error {
		err := put(ctx, missing.records)
		n += len(missing.records)
		missing.reset()
		return err
	}
	err = r.other(k.kind, k.file, func(rec *schema.Record) error {
		if there[linker.Hash(rec)] {
			return nil
		}
		if missing.add(rec); missing.bytes < chunkBytes {
			return nil
		}
		return flush()
	})
	if err != nil {
		return n, err
	}
	return n, flush()
}

// How the records of a topic are read, and put.
type (
	reads func(ctx context.Context, apply func(key string, value []byte) error) error
	puts  func(ctx context.Context, records []schema.Record) error
)

// other calls do for each record of a file without offsets.
func (r *restorer) other(k Kind, f *FileInfo, do func(rec *schema.Record) error) error {
	head, err := r.m.head(k, 0, f)
	if err != nil {
		return err
	}
	_, _, err = readFile(r.cfg.From, head, f, do)
	return err
}
