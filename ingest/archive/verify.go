package archive

import (
	"context"
	"errors"
	"fmt"

	"mlf/schema"
)

// A VerifyConfig says what is verified.
type VerifyConfig struct {
	From Folder

	// Against is a log that must have the same records at the same offsets; nil: none.
	Against Source

	Tell func(Progress) // Called now and then, by the caller's goroutine; nil: nobody.
}

// A Verified is what was found.
type Verified struct {
	Log        string `json:"log"`
	Taken      string `json:"taken"` // When the archive was added to last, RFC 3339.
	Partitions int    `json:"partitions"`
	Files      int    `json:"files"`
	Records    uint64 `json:"records"` // Of votes, that are as they were written.
	Bytes      int64  `json:"bytes"`   // Of keys and values.

	Registry int `json:"registry"` // Records.
	Served   int `json:"served"`
	Alerts   int `json:"alerts"`

	// Restorable tells whether the archive can be put back: it is whole, and begins with
	// every partition's genesis.
	Restorable bool `json:"restorable"`

	Compared uint64 `json:"compared"` // Records that archive and log both have.

	// Faults is what is wrong, a sentence each; at most faultsMax of them.
	Faults []string `json:"faults"`
}

// faultsMax is how many faults are told: whoever has as many needs no more.
const faultsMax = 100

// Verify reads every file of an archive, and holds it to its checksums, the density of
// offsets, the genesis records and the chains; and then to a log. What is wrong is in
// the answer; an error says why nobody can tell.
func Verify(ctx context.Context, cfg VerifyConfig) (Verified, error) {
	v := &verifier{cfg: cfg, meter: meter{tell: cfg.Tell}}
	v.found.Faults = []string{} // JSON has a list in any case.
	m, err := Load(cfg.From)
	if errors.Is(err, ErrDamaged) {
		v.fault(err)
		return v.found, nil
	}
	if err != nil {
		return v.found, err
	}
	v.m = m
	v.found.Log, v.found.Taken, v.found.Partitions = m.Log, m.Taken.Format(timeLayout), len(m.Votes)
	for _, part := range m.Votes {
		v.meter.Total += uint64(part.Next - part.First)
	}
	if err := v.files(ctx); err != nil {
		return v.found, err
	}
	v.found.Restorable = len(v.found.Faults) == 0 && m.restorable() == nil
	if cfg.Against != nil {
		if err := v.compare(ctx); err != nil {
			return v.found, err
		}
	}
	return v.found, nil
}

// timeLayout is RFC 3339.
const timeLayout = "2006-01-02T15:04:05Z07:00"

// restorable says why m cannot be put back.
func (m *Manifest) restorable() error {
	for p, part := range m.Votes {
		if part.First > 0 {
			return refused("the archive of partition %d begins at offset %d, because retention had removed what was before: records would get other offsets, and streams their votes twice", p, part.First)
		}
	}
	return nil
}

// A verifier is one call of Verify.
type verifier struct {
	cfg   VerifyConfig
	m     *Manifest
	meter meter
	found Verified
}

func (v *verifier) fault(err error) {
	if len(v.found.Faults) < faultsMax {
		v.found.Faults = append(v.found.Faults, err.Error())
	}
}

// files reads all files. An error is ctx's.
func (v *verifier) files(ctx context.Context) error {
	for p := range v.m.Votes {
		v.meter.of(schema.Partition(p))
		if err := v.part(ctx, schema.Partition(p)); err != nil {
			return err
		}
	}
	for k, f := range map[Kind]*FileInfo{Registry: v.m.Registry, Served: v.m.Served, Alerts: v.m.Alerts} {
		if f == nil && k == Alerts {
			continue // The archive is of before there were any.
		}
		if f == nil {
			v.fault(damaged("%s names no file of kind %d: the run that took the archive was broken off", ManifestName, k))
			continue
		}
		head, err := v.m.head(k, 0, f)
		if err == nil {
			v.found.Files++
			_, _, err = readFile(v.cfg.From, head, f, func(*schema.Record) error { return ctx.Err() })
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			v.fault(err)
			continue
		}
		*map[Kind]*int{Registry: &v.found.Registry, Served: &v.found.Served, Alerts: &v.found.Alerts}[k] = int(f.Next)
	}
	return nil
}

// part reads the files of a partition. An error is ctx's.
func (v *verifier) part(ctx context.Context, p schema.Partition) error {
	part := &v.m.Votes[p]
	var chain schema.Chain
	tail := hashes{from: part.Next - schema.Offset(len(part.Tail)), want: part.Tail}
	for i := range part.Files {
		f := &part.Files[i]
		want, err := v.m.head(Votes, p, f)
		if err != nil {
			return err
		}
		v.found.Files++
		sofar := v.meter.Progress
		head, end, err := readFile(v.cfg.From, want, f, func(rec *schema.Record) error {
			v.meter.count(rec)
			tail.see(rec)
			if rec.Offset == 0 {
				if err := v.genesis(rec, want); err != nil {
					v.fault(err)
				}
			}
			return ctx.Err()
		})
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil:
			v.fault(err)
		case head.Before != chain && (i > 0 || part.First == 0):
			v.fault(damaged("file %s: the chain of the records before it is another", f.Name))
		default:
			v.found.Records += v.meter.Done - sofar.Done
			v.found.Bytes += v.meter.Bytes - sofar.Bytes
		}
		if chain = end.After; err != nil && i+1 < len(part.Files) {
			chain, _ = before(v.cfg.From, &part.Files[i+1]) // Each is judged by itself, and told of in its turn.
		}
	}
	if len(part.Files) > 0 && (chain != schema.Chain(part.Chain) || tail.wrong) {
		v.fault(damaged("partition %d: the files do not have the chain of %s", p, ManifestName))
	}
	return nil
}

// genesis holds the first record of a partition to the archive's log.
func (v *verifier) genesis(rec *schema.Record, want Head) error {
	g, err := schema.DecodeGenesis(rec.Value)
	if string(rec.Key) != schema.KeyGenesis || err != nil {
		return damaged("partition %d: record 0 is no genesis record (%v)", want.Partition, err)
	}
	if g.Log != want.Log || g.Partition != want.Partition || g.Partitions != len(v.m.Votes) {
		return damaged("partition %d: its genesis is of log %v, partition %d of %d", want.Partition, g.Log, g.Partition, g.Partitions)
	}
	return nil
}

// hashes hold the last records to those that are known.
type hashes struct {
	linker schema.Linker
	from   schema.Offset
	want   []hexadecimal
	wrong  bool
}

func (h *hashes) see(rec *schema.Record) {
	if i := rec.Offset - h.from; i >= 0 && int(i) < len(h.want) && hexadecimal(h.linker.Hash(rec)) != h.want[i] {
		h.wrong = true
	}
}

// compare holds the archive to the log, record by record where both have some.
func (v *verifier) compare(ctx context.Context) error {
	id, err := v.cfg.Against.Identity(ctx)
	if err != nil {
		return fmt.Errorf("look whose log it is: %w", err)
	}
	if id.Log.String() != v.m.Log || id.Partitions != len(v.m.Votes) {
		v.fault(fmt.Errorf("the log is %v of %d partitions, and the archive has log %s of %d", id.Log, id.Partitions, v.m.Log, len(v.m.Votes)))
		return nil
	}
	all, err := boundsOf(ctx, v.cfg.Against, id.Partitions)
	if err != nil {
		return err
	}
	v.meter.Done = 0
	for p := range all {
		part := &v.m.Votes[p]
		if all[p].Next < part.Next {
			v.fault(fmt.Errorf("partition %d: the log ends at %d, and the archive at %d", p, all[p].Next, part.Next))
		}
		v.meter.of(schema.Partition(p))
		c := comparison{from: v.cfg.Against, p: schema.Partition(p), is: all[p]}
		err := eachArchived(v.cfg.From, v.m, schema.Partition(p), func(rec *schema.Record) error {
			v.meter.count(rec)
			return c.see(ctx, rec)
		})
		v.found.Compared += c.compared
		switch {
		case errors.Is(err, ErrRefused):
			v.fault(err)
		case errors.Is(err, ErrDamaged): // Told already.
		case err != nil:
			return err
		}
	}
	return nil
}

// eachArchived calls do for every record of a partition of an archive.
func eachArchived(from Folder, m *Manifest, p schema.Partition, do func(rec *schema.Record) error) error {
	files := m.Votes[p].Files
	for i := range files {
		want, err := m.head(Votes, p, &files[i])
		if err != nil {
			return err
		}
		if _, _, err := readFile(from, want, &files[i], do); err != nil {
			return err
		}
	}
	return nil
}

// A comparison holds records that come in order to those of a log.
type comparison struct {
	from     Source
	p        schema.Partition
	is       schema.Bounds // Of the log when it began.
	answer   []schema.Record
	compared uint64
}

// see returns an error that wraps ErrRefused where the log has another record than rec.
// What it has none for is not compared.
func (c *comparison) see(ctx context.Context, rec *schema.Record) error {
	if rec.Offset < c.is.First || rec.Offset >= c.is.Next {
		return ctx.Err()
	}
	for nothing := 0; len(c.answer) == 0; nothing++ {
		f, err := c.from.Fetch(ctx, c.p, rec.Offset)
		if err != nil {
			return err
		}
		if nothing == fetchesMax {
			return fmt.Errorf("partition %d: the log does not give record %d", c.p, rec.Offset)
		}
		c.answer = f.Records
	}
	got := &c.answer[0]
	c.answer = c.answer[1:]
	c.compared++
	if !same(got, rec) {
		return refused("partition %d: record %d of the log is not that of the archive", c.p, rec.Offset)
	}
	return nil
}

func same(a, b *schema.Record) bool {
	return a.Offset == b.Offset && string(a.Key) == string(b.Key) && string(a.Value) == string(b.Value) &&
		(a.Key == nil) == (b.Key == nil) && (a.Value == nil) == (b.Value == nil)
}
