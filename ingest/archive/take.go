package archive

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"mlf/schema"
)

// A TakeConfig says what is taken, and where to.
type TakeConfig struct {
	From Source
	To   Folder

	// FileBytesMax is how long a file of votes may be before compression, but for one
	// record more; 256 MiB. Whoever verifies reads it whole, a part at a time.
	FileBytesMax int64

	// Rate limits what is asked of the log, in bytes a second; no limit.
	Rate int64

	Tell func(Progress) // Called now and then, by the caller's goroutine; nil: nobody.
	Now  func() time.Time
}

// A Taken is what came of it.
type Taken struct {
	Log        string `json:"log"`
	Partitions int    `json:"partitions"`
	Added      uint64 `json:"added"`   // Records of votes that the archive did not have.
	Records    uint64 `json:"records"` // That it has now.
	Files      int    `json:"files"`
	Bytes      int64  `json:"bytes"` // Of all files.

	// Incomplete names the partitions that begin above offset 0: retention had removed
	// what was before, and nothing can be put back.
	Incomplete []schema.Partition `json:"incomplete,omitempty"`
}

// Take adds to an archive what the log has beyond it, or begins one. It may be broken
// off at any moment, and called again: what was archived stays, and the next call goes
// on from there. An error wraps ErrRefused where the log is not the archive's, or begins
// after its end; nothing is changed then. Beside any error stands what was archived.
func Take(ctx context.Context, cfg TakeConfig) (Taken, error) {
	cfg.FileBytesMax = cmp.Or(cfg.FileBytesMax, 256<<20)
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	t := &taker{cfg: cfg, meter: meter{tell: cfg.Tell}, pace: pace{rate: cfg.Rate, began: cfg.Now(), now: cfg.Now}}
	err := t.take(ctx)
	if t.m == nil {
		return Taken{}, err
	}
	return t.taken(), err
}

// A taker is one call of Take.
type taker struct {
	cfg    TakeConfig
	m      *Manifest
	meter  meter
	pace   pace
	linker schema.Linker
}

func (t *taker) take(ctx context.Context) error {
	id, err := t.cfg.From.Identity(ctx)
	if err != nil {
		return fmt.Errorf("look whose log it is: %w", err)
	}
	all, err := boundsOf(ctx, t.cfg.From, id.Partitions)
	if err != nil {
		return err
	}
	if err := t.open(id, all); err != nil {
		return err
	}
	for p := range all {
		if err := t.recognise(ctx, schema.Partition(p), all[p]); err != nil {
			return err
		}
		t.meter.Total += uint64(all[p].Next - t.m.Votes[p].Next)
	}
	if err := t.clean(); err != nil {
		return err
	}
	for p := range all {
		t.meter.of(schema.Partition(p))
		if err := t.partition(ctx, schema.Partition(p), all[p].Next); err != nil {
			return fmt.Errorf("archive partition %d: %w", p, err)
		}
	}
	if err := t.others(ctx, id.Log); err != nil {
		return err
	}
	t.m.Taken = t.cfg.Now().UTC().Truncate(time.Second)
	return t.m.save(t.cfg.To)
}

// open loads the manifest, or writes one that has nothing yet.
func (t *taker) open(id schema.Identity, all []schema.Bounds) error {
	m, err := Load(t.cfg.To)
	if err == nil {
		if m.Log != id.Log.String() || len(m.Votes) != id.Partitions {
			return refused("the log is %v of %d partitions, and the archive has log %s of %d: name another folder, or another Kafka",
				id.Log, id.Partitions, m.Log, len(m.Votes))
		}
		t.m = m
		return nil
	}
	if !errors.Is(err, ErrNone) {
		return err
	}
	names, err := t.cfg.To.Names()
	if err != nil {
		return fmt.Errorf("look into the folder: %w", err)
	}
	if i := slices.IndexFunc(names, isArchive); i >= 0 {
		return refused("the folder has %s, and no %s: bring that back, or name another folder", names[i], ManifestName)
	}
	t.m = &Manifest{Format: manifestFormat, Log: id.Log.String(), Taken: t.cfg.Now().UTC().Truncate(time.Second), Votes: make([]Part, id.Partitions)}
	for p := range t.m.Votes {
		t.m.Votes[p].First, t.m.Votes[p].Next = all[p].First, all[p].First
	}
	return t.m.save(t.cfg.To)
}

// recognise refuses a log that does not go on where the archive of p ends.
func (t *taker) recognise(ctx context.Context, p schema.Partition, is schema.Bounds) error {
	part := &t.m.Votes[p]
	switch {
	case is.First > part.Next:
		return refused("partition %d: the log begins at %d, and the archive ends at %d: what was between them is gone; begin another archive", p, is.First, part.Next)
	case is.Next < part.Next:
		return refused("partition %d: the log ends at %d, and the archive at %d: records that the archive has are gone from the log; restore it from the archive before anything is appended", p, is.Next, part.Next)
	}
	tail := part.Next - schema.Offset(len(part.Tail))
	both := span{p, schema.Bounds{First: max(is.First, tail), Next: part.Next}}
	return each(ctx, t.cfg.From, both, func(rec *schema.Record) (bool, error) {
		if hexadecimal(t.linker.Hash(rec)) != part.Tail[rec.Offset-tail] {
			return false, refused("partition %d: record %d is not the one that was archived: the log was written anew; begin another archive", p, rec.Offset)
		}
		return true, nil
	})
}

// clean removes what a run left that was broken off.
func (t *taker) clean() error {
	names, err := t.cfg.To.Names()
	if err != nil {
		return fmt.Errorf("look into the folder: %w", err)
	}
	known := make(map[string]bool)
	for _, f := range t.m.files() {
		known[f.Name] = true
	}
	for _, name := range names {
		if isArchive(name) && !known[name] || name == tmpName {
			if err := t.cfg.To.Remove(name); err != nil {
				return fmt.Errorf("remove what was left by a run before: %w", err)
			}
		}
	}
	return nil
}

// partition archives p up to end.
func (t *taker) partition(ctx context.Context, p schema.Partition, end schema.Offset) error {
	for t.m.Votes[p].Next < end {
		if err := t.file(ctx, p, end); err != nil {
			return err
		}
	}
	return nil
}

// file writes one file of p, and makes it part of the archive. It has the records of
// the short files at the archive's end, too, which it replaces.
func (t *taker) file(ctx context.Context, p schema.Partition, end schema.Offset) error {
	part := &t.m.Votes[p]
	kept := t.long(part, end)
	d, err := t.begin(p, kept)
	if err != nil {
		return err
	}
	tail := part.Tail
	rest := span{p, schema.Bounds{First: part.Next, Next: end}}
	err = each(ctx, t.cfg.From, rest, func(rec *schema.Record) (bool, error) {
		if err := d.Add(rec); err != nil {
			return false, fmt.Errorf("write a file: %w", err)
		}
		if len(tail) >= 64*tailRecords {
			tail = slices.Clone(tail[len(tail)-tailRecords:])
		}
		tail = append(tail, hexadecimal(d.Hash()))
		t.meter.count(rec)
		return d.Raw() < t.cfg.FileBytesMax, t.pace.wait(ctx, int64(len(rec.Key)+len(rec.Value)))
	})
	if err != nil {
		return d.abandon(err)
	}
	last := d.Tail()
	f, err := d.finish(func(hexadecimal) string { return votesName(p, d.first, last.Next) })
	if err != nil {
		return err
	}
	replaced := slices.Clone(part.Files[kept:])
	part.Files = append(part.Files[:kept:kept], f)
	part.Next, part.Chain = last.Next, hexadecimal(last.After)
	part.Tail = slices.Clone(tail[max(0, len(tail)-tailRecords):])
	return t.replace(replaced)
}

// replace makes the manifest true, and removes files that it had before.
func (t *taker) replace(files []FileInfo) error {
	if err := t.m.save(t.cfg.To); err != nil {
		return err
	}
	for _, f := range files {
		if err := t.cfg.To.Remove(f.Name); err != nil {
			return fmt.Errorf("remove a file that was replaced: %w", err)
		}
	}
	return nil
}

// long returns how many files of part stay as they are. Those after them are short: they
// have no more records than come after them. So each record is written again only when
// there are twice as many, and files stay few.
func (t *taker) long(part *Part, end schema.Offset) int {
	after, raw := end-part.Next, int64(0)
	for n := len(part.Files); ; n-- {
		if n == 0 {
			return 0
		}
		f := &part.Files[n-1]
		if raw += f.Raw; f.Next-f.First > after || raw > t.cfg.FileBytesMax/2 {
			return n
		}
		after += f.Next - f.First
	}
}

// begin returns a file with the records of all but the first kept files of p.
func (t *taker) begin(p schema.Partition, kept int) (d *draft, err error) {
	part := &t.m.Votes[p]
	again := part.Files[kept:]
	head, err := t.m.head(Votes, p, &FileInfo{First: part.Next})
	if err != nil {
		return nil, err
	}
	head.Before = schema.Chain(part.Chain)
	if len(again) > 0 {
		head.First = again[0].First
		if head.Before, err = before(t.cfg.To, &again[0]); err != nil {
			return nil, err
		}
	}
	if d, err = newDraft(t.cfg.To, head); err != nil {
		return nil, err
	}
	for i := range again {
		head.First = again[i].First
		if _, _, err := readFile(t.cfg.To, head, &again[i], d.Add); err != nil {
			return nil, d.abandon(err)
		}
	}
	if d.Tail().After != schema.Chain(part.Chain) {
		return nil, d.abandon(damaged("partition %d: the files do not have the chain of %s", p, ManifestName))
	}
	return d, nil
}

// before returns the chain of all records before a file.
func before(from Folder, f *FileInfo) (schema.Chain, error) {
	in, err := from.Open(f.Name)
	if err != nil {
		return schema.Chain{}, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	r, err := NewReader(in)
	if err != nil {
		return schema.Chain{}, errors.Join(fmt.Errorf("file %s: %w", f.Name, err), in.Close())
	}
	r.Close()
	return r.Head.Before, in.Close()
}

// taken returns what the archive has.
func (t *taker) taken() Taken {
	r := Taken{Log: t.m.Log, Partitions: len(t.m.Votes), Added: t.meter.Done}
	for p, part := range t.m.Votes {
		r.Records += uint64(part.Next - part.First)
		if part.First > 0 {
			r.Incomplete = append(r.Incomplete, schema.Partition(p))
		}
	}
	for _, f := range t.m.files() {
		r.Files++
		r.Bytes += f.Bytes
	}
	return r
}

// A pace keeps to a rate.
type pace struct {
	rate  int64 // Bytes a second; 0: none.
	bytes int64
	began time.Time
	now   func() time.Time
}

// wait returns when so many bytes more are due.
func (p *pace) wait(ctx context.Context, bytes int64) error {
	if p.rate <= 0 {
		return ctx.Err()
	}
	p.bytes += bytes
	ahead := time.Duration(float64(p.bytes)/float64(p.rate)*float64(time.Second)) - p.now().Sub(p.began)
	if ahead < paceLeast {
		return ctx.Err()
	}
	timer := time.NewTimer(ahead)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// paceLeast is the shortest pause: each costs a timer.
const paceLeast = 10 * time.Millisecond
