package cube

import (
	"maps"
	"slices"
	"time"

	"mlf/query/cube/journal"
	"mlf/query/question"
	"mlf/schema"
)

// A part is what a core knows of one partition: up to which offset it has every
// cell, and the highest rows of the segments that are not sealed.
//
// Rows are taken whenever they come, for each is true by itself. The position moves
// by claims alone. What a segment came to is settled when it is sealed; until then
// a late row of anybody may repeat it, so the highest of each cell is kept.
type part struct {
	partition schema.Partition
	position  schema.Offset
	sealed    schema.Segment // All segments below are.
	base      schema.LedgerTotals
	rows      map[schema.Segment]schema.LedgerRow // From sealed on.
	segments  map[schema.Segment]*openSegment     // From sealed on.

	pending  []span        // Claims from above the position, ascending, with gaps between.
	gapSince time.Time     // Since when there are any.
	due      schema.Offset // Where the store was at dueSince.
	dueSince time.Time

	sealedNow []journal.Change // Of segments that were sealed since the last state.
}

// A span is what a claim says without its rows of cells.
type span struct {
	after, next schema.Offset
	ledger      []schema.LedgerRow
}

// pendingMax is how many gaps are waited for. Beyond, the highest claims are
// forgotten: what they say is in the store, too, by then.
const pendingMax = 64

func newPart(p schema.Partition) part {
	return part{
		partition: p,
		rows:      make(map[schema.Segment]schema.LedgerRow),
		segments:  make(map[schema.Segment]*openSegment),
	}
}

// honour takes what a claim says, after its rows were taken. Who has all cells as
// of position >= after has them as of next. A claim from above the position waits
// for what is missing between.
func (p *part) honour(s span, now time.Time) {
	if s.next <= p.position {
		return
	}
	p.wait(s)
	p.follow()
	if len(p.pending) == 0 {
		p.gapSince = time.Time{}
	} else if p.gapSince.IsZero() {
		p.gapSince = now
	}
}

// wait puts s among the pending, joined with those that it meets: claims (a, b] and
// (c, d] with c <= b are one of (a, d].
func (p *part) wait(s span) {
	rest := p.pending[:0]
	for _, other := range p.pending {
		if other.after > s.next || other.next < s.after {
			rest = append(rest, other)
			continue
		}
		s.after, s.next = min(s.after, other.after), max(s.next, other.next)
		s.ledger = append(slices.Clip(other.ledger), s.ledger...)
	}
	at, _ := slices.BinarySearchFunc(rest, s.after, func(o span, after schema.Offset) int { return int(o.after - after) })
	s.ledger = joinLedger(s.ledger)
	p.pending = slices.Insert(rest, at, s)
	if len(p.pending) > pendingMax {
		p.pending = slices.Delete(p.pending, pendingMax, len(p.pending))
	}
}

// follow moves the position over the pending claims that it reaches. Those that it
// has passed say nothing new.
func (p *part) follow() {
	for len(p.pending) > 0 && p.pending[0].after <= p.position {
		s := p.pending[0]
		p.pending = slices.Delete(p.pending, 0, 1)
		if s.next > p.position {
			p.stand(s.next, s.ledger)
		}
	}
}

// stand says that all cells are here as of next, with the account of them.
func (p *part) stand(next schema.Offset, ledger []schema.LedgerRow) {
	p.position = max(p.position, next)
	for _, r := range ledger {
		if r.Segment >= p.sealed {
			p.rows[r.Segment] = highest(p.rows[r.Segment], r)
		}
	}
}

// highest merges two rows of one segment by maximum. A chain stays where one is known.
func highest(a, b schema.LedgerRow) schema.LedgerRow {
	a.Partition, a.Segment = b.Partition, b.Segment
	if a.Chain == (schema.Chain{}) {
		a.Chain = b.Chain
	}
	a.Next, a.Newest = max(a.Next, b.Next), max(a.Newest, b.Newest)
	a.Max(b.Tally)
	return a
}

// joinLedger merges the rows of each segment.
func joinLedger(rows []schema.LedgerRow) []schema.LedgerRow {
	by := make(map[schema.Segment]schema.LedgerRow, len(rows))
	for _, r := range rows {
		by[r.Segment] = highest(by[r.Segment], r)
	}
	return slices.Collect(maps.Values(by))
}

// totals returns the account of all that is surely here.
func (p *part) totals() schema.LedgerTotals {
	t := p.base
	t.Partition, t.Next = p.partition, p.position
	for _, r := range p.rows {
		t.Add(r.Tally)
		t.Newest = max(t.Newest, r.Newest)
	}
	return t
}

// segment returns the open segment s, a new one where it is not known.
func (p *part) segment(s schema.Segment) *openSegment {
	open := p.segments[s]
	if open == nil {
		open = newOpenSegment()
		p.segments[s] = open
	}
	return open
}

// seal forgets the maxima of the lowest open segment, which r accounts for.
func (p *part) seal(r *schema.LedgerRow) {
	if open := p.segments[p.sealed]; open != nil {
		p.sealedNow = append(p.sealedNow, open.change(p.source(p.sealed), true))
	}
	delete(p.segments, p.sealed)
	delete(p.rows, p.sealed)
	p.sealed++
	p.base.Add(r.Tally)
	p.base.Newest = max(p.base.Newest, r.Newest)
}

// An openSegment has the highest counts of the cells of a segment that is not sealed.
type openSegment struct {
	at      map[openKey]uint32 // Position in counts.
	counts  []values
	reasons map[openReason]uint64
	votes   uint64 // The sum of counts.

	changed map[question.PlaceMonth]struct{} // Since the last state.
	isAhead bool                             // As of the last state: some is not of its position.
}

// An openKey is a cell within a segment.
type openKey struct {
	leaf uint32
	hour schema.Hour
}

// An openReason is a reason of a cell within a segment.
type openReason struct {
	openKey
	key schema.ReasonKey
}

func newOpenSegment() *openSegment {
	return &openSegment{at: make(map[openKey]uint32), reasons: make(map[openReason]uint64), changed: make(map[question.PlaceMonth]struct{})}
}

// changes appends what has changed since the last state. Cells have at least what the
// account says of them at the position, so a segment that has as many votes as it says
// has just these.
func (p *part) changes(dst []journal.Change) []journal.Change {
	dst, p.sealedNow = append(dst, p.sealedNow...), nil
	for s, open := range p.segments {
		if len(open.changed) == 0 && !open.isAhead {
			continue
		}
		open.isAhead = open.votes != p.rows[s].Counted
		dst = append(dst, open.change(p.source(s), !open.isAhead))
		clear(open.changed)
	}
	return dst
}

func (p *part) source(s schema.Segment) journal.Source {
	return journal.Source{Partition: p.partition, Segment: s}
}

func (s *openSegment) change(of journal.Source, covered bool) journal.Change {
	return journal.Change{Source: of, Months: slices.Collect(maps.Keys(s.changed)), Covered: covered}
}

// raise merges v by maximum, and returns what that adds.
func (s *openSegment) raise(k openKey, v *values) (more values) {
	i, ok := s.at[k]
	if !ok {
		i = uint32(len(s.counts))
		s.at[k] = i
		s.counts = append(s.counts, values{})
	}
	old := &s.counts[i]
	for n, count := range v {
		if count > old[n] {
			more[n] = count - old[n]
			s.votes += more[n]
			old[n] = count
		}
	}
	return more
}

// raiseReason is raise for a reason.
func (s *openSegment) raiseReason(k openReason, n uint64) (more uint64) {
	old := s.reasons[k]
	if n <= old {
		return 0
	}
	s.reasons[k] = n
	return n - old
}
