package cube

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"time"

	"mlf/query/calendar"
	"mlf/query/cube/packed"
	"mlf/schema"
)

// A snapshot is a file that a core can begin from:
//
//	magic, format
//	sections: the core, leaves, regions, then of each month what is beside its blocks,
//	its block, and that block's sums by region, with service and without;
//	last the journal, which older ones have not
//	directory: kind, month, offset, length and checksum of each section
//	trailer: offset, length and checksum of the directory, checksum of magic and trailer
//
// Every byte is under a checksum. Blocks are read where they lie, mapped. The core's
// section has all that is not in the counts, and cannot be had again from the feed:
// position, account and the maxima of the cells of open segments. Without those a
// late row of a segment would be counted once more.
const (
	snapshotMagic  = "mlf cube"
	snapshotFormat = 2
	preambleBytes  = 8 + 8
	trailerBytes   = 8 + 4 + 4 + 4
)

// The kinds of sections.
const (
	sectionCore = iota + 1
	sectionLeaves
	sectionMonth
	sectionBlock
	sectionSums       // By region; files of before have none,
	sectionRegionSums // nor those without service,
	sectionRegions    // nor whose sums they are.
	sectionJournal
)

// A section is an entry of the directory.
type section struct {
	kind   uint8
	month  calendar.Month
	offset uint64
	length uint64
	sum    uint32
}

// An image is a core at one moment, for a snapshot.
type image struct {
	taken   time.Time
	core    []byte
	journal []byte
	cells   *packed.Cells
}

// snapshotsKept is how many snapshots there are: one may be damaged.
const snapshotsKept = 2

// castagnoli is the polynomial of checksums, which processors know.
func castagnoli() *crc32.Table { return crc32.MakeTable(crc32.Castagnoli) }

// image returns c as it is. Cells never change; the rest is copied.
func (c *core) image(now time.Time) *image {
	s := c.state()
	c.isNews = true // The state is not shown: the next one is.
	return &image{taken: now, core: c.appendCore(nil, now), journal: c.journal.Append(nil), cells: s.Cells}
}

// A snapshotWriter writes sections one after the other.
type snapshotWriter struct {
	w        io.Writer
	at       uint64
	sections []section
	table    *crc32.Table
}

func (w *snapshotWriter) section(kind uint8, m calendar.Month, bytes []byte) error {
	w.sections = append(w.sections, section{kind, m, w.at, uint64(len(bytes)), crc32.Checksum(bytes, w.table)})
	return w.write(bytes)
}

func (w *snapshotWriter) write(bytes []byte) error {
	n, err := w.w.Write(bytes)
	w.at += uint64(n)
	return err
}

// preamble is what a snapshot begins with.
func preamble() []byte {
	return binary.LittleEndian.AppendUint64([]byte(snapshotMagic), snapshotFormat)
}

// writeTo writes a snapshot of i.
func (i *image) writeTo(to io.Writer) error {
	w := &snapshotWriter{w: to, table: castagnoli()}
	if err := w.write(preamble()); err != nil {
		return err
	}
	if err := w.section(sectionCore, 0, i.core); err != nil {
		return err
	}
	if err := w.section(sectionLeaves, 0, i.cells.AppendLeaves(nil)); err != nil {
		return err
	}
	if err := w.section(sectionRegions, 0, i.cells.AppendRegions(nil)); err != nil {
		return err
	}
	err := i.cells.EachMonth(func(m calendar.Month, fresh []byte, blocks [][]byte) error {
		err := w.section(sectionMonth, m, fresh)
		for kind, block := range blocks {
			err = errors.Join(err, w.section(sectionBlock+uint8(kind), m, block))
		}
		return err
	})
	if err == nil {
		err = w.section(sectionJournal, 0, i.journal)
	}
	if err == nil {
		err = w.end()
	}
	runtime.KeepAlive(i) // Blocks may lie in a file that is mapped as long as i lives.
	return err
}

// end writes directory and trailer.
func (w *snapshotWriter) end() error {
	var directory []byte
	for _, s := range w.sections {
		directory = append(directory, s.kind)
		directory = binary.LittleEndian.AppendUint32(directory, uint32(s.month))
		directory = binary.LittleEndian.AppendUint64(directory, s.offset)
		directory = binary.LittleEndian.AppendUint64(directory, s.length)
		directory = binary.LittleEndian.AppendUint32(directory, s.sum)
	}
	trailer := binary.LittleEndian.AppendUint64(nil, w.at)
	trailer = binary.LittleEndian.AppendUint32(trailer, uint32(len(directory)))
	trailer = binary.LittleEndian.AppendUint32(trailer, crc32.Checksum(directory, w.table))
	sum := crc32.Checksum(append(preamble(), trailer...), w.table)
	trailer = binary.LittleEndian.AppendUint32(trailer, sum)
	return w.write(append(directory, trailer...))
}

// snapshotName is the name of a snapshot by the time it was taken; names sort by it.
func snapshotName(taken time.Time) string {
	return fmt.Sprintf("cube-%015d.snapshot", taken.UnixMilli())
}

// snapshotsIn lists those of dir, newest first.
func snapshotsIn(dir string) ([]string, error) {
	names, err := filepath.Glob(filepath.Join(dir, "cube-*.snapshot"))
	slices.Sort(names)
	slices.Reverse(names)
	return names, err
}

// write writes i beside the snapshots of dir, and then in their place: it is whole
// or not there. It returns its path.
func (i *image) write(dir string) (path string, err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", fmt.Errorf("make folder of snapshots: %w", err)
	}
	if err := forget(dir); err != nil { // First, because the disk may be full of what is left.
		return "", err
	}
	path = filepath.Join(dir, snapshotName(i.taken))
	beside := path + ".new"
	f, err := os.Create(beside)
	if err != nil {
		return "", fmt.Errorf("make snapshot: %w", err)
	}
	err = errors.Join(i.writeTo(f), f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(beside, path)
	}
	if err == nil {
		err = syncDir(dir)
	}
	if err != nil {
		_ = os.Remove(beside) // What matters is why there is no snapshot.
		return "", fmt.Errorf("write snapshot: %w", err)
	}
	return path, forget(dir)
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// forget removes all snapshots of dir but the newest, and what was left of those that
// a process was killed over.
func forget(dir string) error {
	names, err := snapshotsIn(dir)
	if err != nil {
		return err
	}
	halves, err := filepath.Glob(filepath.Join(dir, "cube-*.snapshot.new"))
	if err != nil {
		return err
	}
	for _, name := range append(halves, names[min(snapshotsKept, len(names)):]...) {
		if err := os.Remove(name); err != nil {
			return fmt.Errorf("remove old snapshot: %w", err)
		}
	}
	return nil
}

// snapshots writes one now and then. What it wrote is mapped in place of the blocks
// that are in memory.
func (l *loop) snapshots(ctx context.Context) error {
	if l.f.cfg.Dir == "" {
		return nil
	}
	pause := min(l.f.cfg.SnapshotEvery, firstSnapshot)
	for {
		pauseFor(ctx, pause)
		pause = l.f.cfg.SnapshotEvery
		var i *image
		if err := l.do(ctx, func() { i = l.core.image(l.f.cfg.Now()) }); err != nil {
			return err
		}
		if path := l.f.writeSnapshot(ctx, i); path != "" {
			l.remap(ctx, path, i)
		}
	}
}

// firstSnapshot is how soon after a start the first is written: what was loaded is
// then out of memory, and need not be loaded again.
const firstSnapshot = time.Minute

// writeSnapshot writes i, and tells if it cannot; it goes on without.
func (f *Follower) writeSnapshot(ctx context.Context, i *image) (path string) {
	began := f.cfg.Now()
	path, err := i.write(f.cfg.Dir)
	if err != nil {
		f.m.snapshotErrors.WithLabelValues("write").Inc()
		f.cfg.Log.LogAttrs(ctx, slog.LevelError, "the snapshot cannot be written; the one before stays", slog.String("dir", f.cfg.Dir), slog.String("err", err.Error()))
		return path
	}
	f.m.snapshotTaken.Set(float64(i.taken.Unix()))
	f.cfg.Log.LogAttrs(ctx, slog.LevelDebug, "a snapshot is written", slog.String("path", path), slog.Duration("took", f.cfg.Now().Sub(began)))
	return path
}

// keepLast writes a snapshot when the follower stops.
func (f *Follower) keepLast(ctx context.Context, c *core) {
	if f.cfg.Dir == "" {
		return
	}
	f.writeSnapshot(ctx, c.image(f.cfg.Now()))
}

// remap puts the blocks of the snapshot at path, which is one of i, in place of the
// same ones in memory.
func (l *loop) remap(ctx context.Context, path string, i *image) {
	blocks, home, err := openBlocks(path)
	if err == nil {
		err = l.do(ctx, func() {
			l.core.isNews = true
			err = l.core.cells.Replace(i.cells, blocks, home)
		})
	}
	if err != nil && ctx.Err() == nil {
		l.f.cfg.Log.LogAttrs(ctx, slog.LevelWarn, "the snapshot cannot be mapped; the counts stay in memory", slog.String("path", path), slog.String("err", err.Error()))
	}
}

// appendCore appends what c is beside its counts.
func (c *core) appendCore(b []byte, now time.Time) []byte {
	b = append(b, c.log[:]...)
	b = binary.AppendVarint(b, now.UnixMilli())
	b = binary.AppendUvarint(b, uint64(len(c.parts)))
	for i := range c.parts {
		b = c.parts[i].append(b)
	}
	return b
}

func (p *part) append(b []byte) []byte {
	b = binary.AppendUvarint(b, uint64(p.position))
	b = binary.AppendUvarint(b, uint64(p.sealed))
	b = appendTally(binary.AppendVarint(b, int64(p.base.Newest)), &p.base.Tally)
	b = binary.AppendUvarint(b, uint64(len(p.rows)))
	for _, segment := range slices.Sorted(maps.Keys(p.rows)) {
		r := p.rows[segment]
		b = append(binary.AppendUvarint(b, uint64(segment)), r.Chain[:]...)
		b = binary.AppendVarint(binary.AppendUvarint(b, uint64(r.Next)), int64(r.Newest))
		b = appendTally(b, &r.Tally)
	}
	b = binary.AppendUvarint(b, uint64(len(p.segments)))
	for _, segment := range slices.Sorted(maps.Keys(p.segments)) {
		b = p.segments[segment].append(binary.AppendUvarint(b, uint64(segment)))
	}
	return b
}

func appendTally(b []byte, t *schema.Tally) []byte {
	for _, n := range t.Numbers() {
		b = binary.AppendUvarint(b, *n)
	}
	return b
}

func (s *openSegment) append(b []byte) []byte {
	b = binary.AppendUvarint(b, uint64(len(s.at)))
	for k, i := range s.at {
		b = binary.AppendUvarint(binary.AppendUvarint(b, uint64(k.leaf)), uint64(k.hour))
		for _, n := range s.counts[i] {
			b = binary.AppendUvarint(b, n)
		}
	}
	b = binary.AppendUvarint(b, uint64(len(s.reasons)))
	for k, n := range s.reasons {
		b = binary.AppendUvarint(binary.AppendUvarint(b, uint64(k.leaf)), uint64(k.hour))
		b = binary.AppendUvarint(append(b, byte(k.key)), n)
	}
	return b
}
