package cube

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"log/slog"
	"runtime"
	"time"

	"mlf/query/calendar"
	"mlf/query/cube/journal"
	"mlf/query/cube/packed"
	"mlf/query/question"
	"mlf/schema"
)

// identityMax is how long a start with a snapshot waits for the store to say whose
// log it counts. Without an answer the snapshot is believed, until the store is there.
const identityMax = 2 * time.Second

// restore returns the core of the newest snapshot that can be used; nil for none.
func (f *Follower) restore(ctx context.Context) *core {
	if f.cfg.Dir == "" {
		return nil
	}
	names, err := snapshotsIn(f.cfg.Dir)
	if err != nil || len(names) == 0 {
		return nil
	}
	asked, cancel := context.WithTimeout(ctx, identityMax)
	id, idErr := f.cfg.Store().Identity(asked)
	cancel()
	for _, path := range names {
		began := f.cfg.Now()
		c, err := restoreFrom(&f.cfg, path)
		if err == nil && idErr == nil && (c.log != id.Log || len(c.parts) != id.Partitions) {
			err = fmt.Errorf("it is of log %v, and the store counts %v", c.log, id.Log)
		}
		if err == nil {
			f.m.snapshotTaken.Set(float64(c.taken.Unix()))
			f.cfg.Log.LogAttrs(ctx, slog.LevelInfo, "the counts are those of a snapshot", slog.String("path", path),
				slog.Time("taken", c.taken), slog.Duration("took", f.cfg.Now().Sub(began)))
			return c
		}
		f.m.snapshotErrors.WithLabelValues("read").Inc()
		f.cfg.Log.LogAttrs(ctx, slog.LevelError, "a snapshot cannot be used; the one before it is, or all is loaded",
			slog.String("path", path), slog.String("err", err.Error()))
	}
	return nil
}

// Errors of reading a snapshot.
var (
	errDamaged = errors.New("the snapshot is damaged")
	errFormat  = errors.New("the snapshot is of another format")
)

// sectionsOf returns the directory of a snapshot, checked.
func sectionsOf(bytes []byte) ([]section, error) {
	if len(bytes) < preambleBytes+trailerBytes {
		return nil, fmt.Errorf("%w: it has %d bytes", errDamaged, len(bytes))
	}
	if string(bytes[:len(snapshotMagic)]) != snapshotMagic {
		return nil, fmt.Errorf("%w: it begins as another file", errDamaged)
	}
	if format := binary.LittleEndian.Uint64(bytes[len(snapshotMagic):]); format != snapshotFormat {
		return nil, fmt.Errorf("%w: %d, want %d", errFormat, format, snapshotFormat)
	}
	table := castagnoli()
	trailer := bytes[len(bytes)-trailerBytes:]
	sum := crc32.Checksum(append(preamble(), trailer[:trailerBytes-4]...), table)
	if sum != binary.LittleEndian.Uint32(trailer[trailerBytes-4:]) {
		return nil, fmt.Errorf("%w: its end does not match its checksum", errDamaged)
	}
	at, length := binary.LittleEndian.Uint64(trailer), binary.LittleEndian.Uint32(trailer[8:])
	if at+uint64(length)+trailerBytes != uint64(len(bytes)) || at < preambleBytes {
		return nil, fmt.Errorf("%w: its directory is not where it says", errDamaged)
	}
	directory := bytes[at : at+uint64(length)]
	if crc32.Checksum(directory, table) != binary.LittleEndian.Uint32(trailer[12:]) {
		return nil, fmt.Errorf("%w: its directory does not match its checksum", errDamaged)
	}
	return readDirectory(directory, at)
}

// readDirectory reads the sections that directory, at end, lists.
func readDirectory(directory []byte, end uint64) ([]section, error) {
	const entry = 1 + 4 + 8 + 8 + 4
	var sections []section
	at := uint64(preambleBytes)
	for ; len(directory) >= entry; directory = directory[entry:] {
		s := section{
			kind:   directory[0],
			month:  calendar.Month(binary.LittleEndian.Uint32(directory[1:])),
			offset: binary.LittleEndian.Uint64(directory[5:]),
			length: binary.LittleEndian.Uint64(directory[13:]),
			sum:    binary.LittleEndian.Uint32(directory[21:]),
		}
		if s.offset != at || s.length > end-at {
			break
		}
		at += s.length
		sections = append(sections, s)
	}
	if len(directory) > 0 || at != end {
		return nil, fmt.Errorf("%w: its sections do not follow each other", errDamaged)
	}
	return sections, nil
}

// openBlocks maps the blocks of a snapshot that was just written.
func openBlocks(path string) (map[calendar.Month][][]byte, *mapping, error) {
	m, err := mapFile(path)
	if err != nil {
		return nil, nil, err
	}
	sections, err := sectionsOf(m.bytes)
	if err != nil {
		return nil, nil, err
	}
	blocks := make(map[calendar.Month][][]byte)
	for i, s := range sections {
		if s.kind == sectionMonth {
			blocks[s.month] = blocksOf(s.month, sections[i+1:], m)
		}
	}
	return blocks, m, nil
}

// in returns the bytes of s in a snapshot.
func (s *section) in(snapshot []byte) []byte { return snapshot[s.offset : s.offset+s.length] }

// restoreFrom returns the core that a snapshot is of, its blocks mapped.
func restoreFrom(cfg *Config, path string) (*core, error) {
	m, err := mapFile(path)
	if err != nil {
		return nil, err
	}
	return restoreIn(cfg, m)
}

// restoreIn is restoreFrom for a snapshot that is mapped.
func restoreIn(cfg *Config, m *mapping) (*core, error) {
	sections, err := sectionsOf(m.bytes)
	if err != nil {
		return nil, err
	}
	table := castagnoli()
	for _, s := range sections {
		if crc32.Checksum(s.in(m.bytes), table) != s.sum {
			return nil, fmt.Errorf("%w: section %d of %v does not match its checksum", errDamaged, s.kind, s.month)
		}
	}
	c, err := readSections(cfg, sections, m)
	runtime.KeepAlive(m)
	return c, err
}

// readSections reads a core from the sections of a file whose checksums match.
func readSections(cfg *Config, sections []section, m *mapping) (*core, error) {
	if len(sections) < 2 || sections[0].kind != sectionCore || sections[1].kind != sectionLeaves {
		return nil, fmt.Errorf("%w: it does not begin with core and leaves", errFormat)
	}
	c, err := readCore(cfg, sections[0].in(m.bytes))
	if err != nil {
		return nil, err
	}
	if err := c.cells.ReadLeaves(sections[1].in(m.bytes)); err != nil {
		return nil, fmt.Errorf("%w: leaves: %w", errDamaged, err)
	}
	if err := readMonths(c, sections[2:], m); err != nil {
		return nil, err
	}
	c.noteAhead()
	return c, nil
}

// readMonths reads the months of c from the sections behind its leaves.
func readMonths(c *core, rest []section, m *mapping) error {
	blocksMax := 1 // Sums are made.
	if len(rest) > 0 && rest[0].kind == sectionRegions {
		isSame, err := c.cells.ReadRegions(rest[0].in(m.bytes))
		if err != nil {
			return fmt.Errorf("%w: regions: %w", errDamaged, err)
		}
		if isSame {
			blocksMax = packed.BlocksMax
		}
		rest = rest[1:]
	}
	for len(rest) > 0 {
		s := rest[0]
		if s.kind == sectionJournal {
			return readJournal(c, rest, m)
		}
		if s.kind != sectionMonth {
			return fmt.Errorf("%w: section %d is not known", errFormat, s.kind)
		}
		blocks := blocksOf(s.month, rest[1:], m)
		if err := c.cells.ReadMonth(s.month, s.in(m.bytes), blocks[:min(blocksMax, len(blocks))], m); err != nil {
			return fmt.Errorf("%w: %v: %w", errDamaged, s.month, err)
		}
		rest = rest[1+len(blocks):]
	}
	return nil
}

// readJournal reads the journal of c from the section that is the last.
func readJournal(c *core, rest []section, m *mapping) error {
	if len(rest) > 1 {
		return fmt.Errorf("%w: the journal is not its end", errFormat)
	}
	var err error
	if c.journal, err = journal.Read(rest[0].in(m.bytes)); err != nil {
		return fmt.Errorf("%w: %w", errDamaged, err)
	}
	return nil
}

// blocksOf returns the blocks of a month, which sections begin with.
func blocksOf(month calendar.Month, sections []section, m *mapping) [][]byte {
	var blocks [][]byte
	for i, s := range sections {
		if i == packed.BlocksMax || s.month != month || int(s.kind) != sectionBlock+i {
			break
		}
		blocks = append(blocks, s.in(m.bytes))
	}
	return blocks
}

// noteAhead notes as changed what segments have that may be ahead of the position, once
// leaves are read.
func (c *core) noteAhead() {
	for i := range c.parts {
		for s, open := range c.parts[i].segments {
			if open.votes == c.parts[i].rows[s].Counted {
				continue
			}
			for k := range open.at {
				open.changed[question.PlaceMonth{Comune: c.cells.Comune(k.leaf), Month: c.monthOf(k.hour)}] = struct{}{}
			}
		}
	}
}

// readCore reads what appendCore appended.
func readCore(cfg *Config, bytes []byte) (*core, error) {
	d := decoder{packed.Decoder{Bytes: bytes}}
	var id schema.Identity
	copy(id.Log[:], d.Take(len(id.Log)))
	taken := time.UnixMilli(d.Varint()).UTC()
	id.Partitions = int(min(d.Uvarint(), schema.Slots))
	c := newCore(cfg, id)
	c.taken = taken
	for i := range c.parts {
		d.part(&c.parts[i])
	}
	if d.IsShort || len(d.Bytes) > 0 {
		return nil, fmt.Errorf("%w: the core is not as long as it says", errDamaged)
	}
	return c, nil
}

// A decoder takes parts off the front of bytes.
type decoder struct{ packed.Decoder }

func (d *decoder) tally() (t schema.Tally) {
	for _, n := range t.Numbers() {
		*n = d.Uvarint()
	}
	return t
}

func (d *decoder) part(p *part) {
	p.position, p.sealed = schema.Offset(d.Uvarint()), schema.Segment(d.Uvarint())
	p.base.Newest = schema.Instant(d.Varint())
	p.base.Tally = d.tally()
	for n := d.Uvarint(); n > 0 && !d.IsShort; n-- {
		r := schema.LedgerRow{Partition: p.partition, Segment: schema.Segment(d.Uvarint())}
		copy(r.Chain[:], d.Take(len(r.Chain)))
		r.Next, r.Newest = schema.Offset(d.Uvarint()), schema.Instant(d.Varint())
		r.Tally = d.tally()
		p.rows[r.Segment] = r
	}
	for n := d.Uvarint(); n > 0 && !d.IsShort; n-- {
		d.openSegment(p.segment(schema.Segment(d.Uvarint())))
	}
}

func (d *decoder) openSegment(s *openSegment) {
	for n := d.Uvarint(); n > 0 && !d.IsShort; n-- {
		k := openKey{uint32(d.Uvarint()), schema.Hour(d.Uvarint())}
		v := d.Values()
		s.raise(k, &v)
	}
	for n := d.Uvarint(); n > 0 && !d.IsShort; n-- {
		k := openReason{openKey{uint32(d.Uvarint()), schema.Hour(d.Uvarint())}, schema.ReasonKey(d.Byte())}
		s.raiseReason(k, d.Uvarint())
	}
}
