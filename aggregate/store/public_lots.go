package store

import (
	"context"
	"maps"
	"slices"

	"github.com/ClickHouse/clickhouse-go/v2"

	"mlf/schema"
)

// WriteLots appends the rows of an attempt at a release, or some of them, each
// once: what is written again is there twice. After an error it is not known how
// many are there, and the attempt must be given up. The rows of one call may span
// 32 months.
func (s *Store) WriteLots(ctx context.Context, a schema.AttemptID, lots []schema.Lot, taken []schema.Taken) error {
	if err := s.insert(ctx, "public_lot", len(lots), lotColumns(a, lots)); err != nil {
		return err
	}
	return s.insert(ctx, "public_taken", len(taken), takenColumns(a, taken))
}

// WriteTurnout appends the turnout of the month that begins with first as rows of an
// attempt, each once. After an error the attempt must be given up.
func (s *Store) WriteTurnout(ctx context.Context, a schema.AttemptID, first schema.Day, rows []schema.Turnout) error {
	n := len(rows)
	comune, service, channel := make([]uint32, n), make([]uint16, n), make([]uint8, n)
	votes, users := make([]uint64, n), make([]uint64, n)
	for i := range rows {
		t := &rows[i]
		comune[i], service[i], channel[i], votes[i], users[i] = uint32(t.Comune), uint16(t.Service), uint8(t.Channel), t.Votes, t.Users
	}
	return s.insert(ctx, "public_turnout", n, []any{
		slices.Repeat([]uint64{uint64(a)}, n), slices.Repeat([]int32{int32(first)}, n), comune, service, channel, votes, users,
	})
}

// publicMax is the most connections for what is published: one of who publishes,
// one of who copies it, one of who shows it, and one of who writes it to files.
const publicMax = 4

// published is the lane of reads of what is published. They are long, and nobody
// waits for them; nor may they keep those who count or who answer waiting.
func (s *Store) published() lane {
	return lane{conn: s.public, silence: ownSilenceMax, timeMax: ownTimeMax, memoryMax: min(PublicMemoryMax, s.cfg.ReadMemoryMax)}
}

// PublicMemoryMax is what one of them may use on the server: a month of the
// country's lots is read as it stands, and what was taken, a province at a time.
const PublicMemoryMax = 256 << 20

// Lots calls take with the lots of q whose first day is in its time, in no order.
// What it points at is the callee's until take returns.
func (s *Store) Lots(ctx context.Context, q schema.LotQuery, take func(schema.AttemptID, *schema.Lot) error) error {
	return s.readBy(ctx, s.published(), "public_lots", lotParameters(q), scanLot(take))
}

// scanLot calls take with the lot of a row.
func scanLot(take func(schema.AttemptID, *schema.Lot) error) func(scanFunc) error {
	return func(scan scanFunc) error {
		var l schema.Lot
		var attempt uint64
		var level, region, channel, scale uint8
		var province, service uint16
		var comune uint32
		var office string
		var first, last int32
		var reasons map[uint8]uint64
		v := &l.Values
		err := scan(&attempt, &l.Number, &level, &region, &province, &comune, &office, &service, &channel, &scale, &first, &last,
			&v[0], &v[1], &v[2], &v[3], &v[4], &reasons)
		if err != nil {
			return err
		}
		l.Level, l.Region, l.Province = schema.LotLevel(level), schema.RegionID(region), schema.ProvinceID(province)
		l.Spot = spot(comune, office, service, channel, scale)
		l.First, l.Last, l.Reasons = schema.Day(first), schema.Day(last), sortReasons(reasons)
		return take(schema.AttemptID(attempt), &l)
	}
}

// orderedMax is how many lots are put in order at once, on the server.
const orderedMax = 1 << 16

// LotsInOrder does what Lots does, attempt by attempt as q names them, the lots of each
// ascending by number. It reads them in stretches, so that a month takes little memory
// on either side, and as long as take takes. q's comuni are not looked at.
func (s *Store) LotsInOrder(ctx context.Context, q schema.LotQuery, take func(schema.AttemptID, *schema.Lot) error) error {
	return s.byStretch(ctx, q, "public_lots_ordered", scanLot(take))
}

// TakenInOrder calls take with what each lot of q has of each spot and day, as
// LotsInOrder does.
func (s *Store) TakenInOrder(ctx context.Context, q schema.LotQuery, take func(schema.AttemptID, *schema.Taken) error) error {
	return s.byStretch(ctx, q, "public_taken_ordered", func(scan scanFunc) error {
		var t schema.Taken
		var attempt uint64
		if err := scanSpotDay(scan, &t.SpotDay, &attempt, &t.Lot); err != nil {
			return err
		}
		return take(schema.AttemptID(attempt), &t)
	})
}

// byStretch runs the named query on one stretch of lots after the other.
func (s *Store) byStretch(ctx context.Context, q schema.LotQuery, query string, row func(scanFunc) error) error {
	for _, attempt := range q.Attempts {
		p := clickhouse.Parameters{"attempt": number(attempt), "first": number(q.First), "next": number(q.Next)}
		var first, last uint32
		var n uint64
		if err := s.readBy(ctx, s.published(), "public_lots_span", p, func(scan scanFunc) error { return scan(&first, &last, &n) }); err != nil {
			return err
		}
		for from := uint64(first); n > 0 && from <= uint64(last); from += orderedMax {
			stretch := maps.Clone(p)
			stretch["from"], stretch["until"] = number(from), number(min(from+orderedMax-1, uint64(last)))
			if err := s.readBy(ctx, s.published(), query, stretch, row); err != nil {
				return err
			}
		}
	}
	return nil
}

// Taken calls take with what the lots of q have of each spot and day, each once, in
// no order. What it points at is the callee's until take returns.
func (s *Store) Taken(ctx context.Context, q schema.LotQuery, take func(*schema.SpotDay) error) error {
	return s.readBy(ctx, s.published(), "public_taken", lotParameters(q), func(scan scanFunc) error {
		var t schema.SpotDay
		if err := scanSpotDay(scan, &t); err != nil {
			return err
		}
		return take(&t)
	})
}

// scanSpotDay reads votes of a spot and day, behind what else the row begins with.
func scanSpotDay(scan scanFunc, t *schema.SpotDay, before ...any) error {
	var channel, scale uint8
	var service uint16
	var comune uint32
	var office string
	var day int32
	var reasons map[uint8]uint64
	v := &t.Values
	err := scan(append(before, &comune, &office, &service, &channel, &scale, &day, &v[0], &v[1], &v[2], &v[3], &v[4], &reasons)...)
	t.Spot, t.Day, t.Reasons = spot(comune, office, service, channel, scale), schema.Day(day), sortReasons(reasons)
	return err
}

// Turnout calls take with the turnout of the months of q that some attempts froze, in
// no order. What it points at is the callee's until take returns.
func (s *Store) Turnout(ctx context.Context, q schema.LotQuery, take func(schema.AttemptID, schema.Day, *schema.Turnout) error) error {
	return s.readBy(ctx, s.published(), "public_turnout", lotParameters(q), func(scan scanFunc) error {
		var t schema.Turnout
		var attempt uint64
		var first int32
		var comune uint32
		var service uint16
		var channel uint8
		if err := scan(&attempt, &first, &comune, &service, &channel, &t.Votes, &t.Users); err != nil {
			return err
		}
		t.Comune, t.Service, t.Channel = schema.ComuneID(comune), schema.ServiceID(service), schema.Channel(channel)
		return take(schema.AttemptID(attempt), schema.Day(first), &t)
	})
}

func lotParameters(q schema.LotQuery) clickhouse.Parameters {
	return clickhouse.Parameters{
		"attempts": numbers(q.Attempts), "first": number(q.First), "next": number(q.Next), "comuni": numbers(q.Comuni),
	}
}

func spot(comune uint32, office string, service uint16, channel, scale uint8) schema.Spot {
	return schema.Spot{
		Comune: schema.ComuneID(comune), Office: schema.OfficeCode(office), Service: schema.ServiceID(service),
		Channel: schema.Channel(channel), Scale: schema.Scale(scale),
	}
}

func sortReasons(reasons map[uint8]uint64) []schema.ReasonNumber {
	if len(reasons) == 0 {
		return nil
	}
	sorted := make([]schema.ReasonNumber, 0, len(reasons))
	for key, n := range reasons {
		sorted = append(sorted, schema.ReasonNumber{Key: schema.ReasonKey(key), N: n})
	}
	slices.SortFunc(sorted, func(a, b schema.ReasonNumber) int { return int(a.Key) - int(b.Key) })
	return sorted
}

// lotColumns turns lots into the columns of insert_public_lot.
func lotColumns(a schema.AttemptID, lots []schema.Lot) []any {
	n := len(lots)
	number, level, region, province := make([]uint32, n), make([]uint8, n), make([]uint8, n), make([]uint16, n)
	first, last := make([]int32, n), make([]int32, n)
	spots, votes := newSpotColumns(n), newVoteColumns(n)
	for i := range lots {
		l := &lots[i]
		number[i], level[i], region[i], province[i] = l.Number, uint8(l.Level), uint8(l.Region), uint16(l.Province)
		first[i], last[i] = int32(l.First), int32(l.Last)
		spots.set(i, l.Spot)
		votes.set(i, &l.Values, l.Reasons)
	}
	columns := []any{slices.Repeat([]uint64{uint64(a)}, n), number, level, region, province}
	columns = append(columns, spots.columns()...)
	return append(append(columns, first, last), votes.columns()...)
}

// takenColumns turns what was taken into the columns of insert_public_taken.
func takenColumns(a schema.AttemptID, taken []schema.Taken) []any {
	n := len(taken)
	number, day := make([]uint32, n), make([]int32, n)
	spots, votes := newSpotColumns(n), newVoteColumns(n)
	for i := range taken {
		t := &taken[i]
		number[i], day[i] = t.Lot, int32(t.Day)
		spots.set(i, t.Spot)
		votes.set(i, &t.Values, t.Reasons)
	}
	columns := append([]any{slices.Repeat([]uint64{uint64(a)}, n), number}, spots.columns()...)
	return append(append(columns, day), votes.columns()...)
}

// spotColumns are the columns of spots.
type spotColumns struct {
	comune         []uint32
	office         []string
	service        []uint16
	channel, scale []uint8
}

func newSpotColumns(n int) *spotColumns {
	return &spotColumns{make([]uint32, n), make([]string, n), make([]uint16, n), make([]uint8, n), make([]uint8, n)}
}

func (c *spotColumns) set(i int, s schema.Spot) {
	c.comune[i], c.office[i], c.service[i] = uint32(s.Comune), string(s.Office), uint16(s.Service)
	c.channel[i], c.scale[i] = uint8(s.Channel), uint8(s.Scale)
}

func (c *spotColumns) columns() []any {
	return []any{c.comune, c.office, c.service, c.channel, c.scale}
}

// voteColumns are the columns of votes and their reasons.
type voteColumns struct {
	values  [schema.ValueMax][]uint64
	reasons []map[uint8]uint64
}

func newVoteColumns(n int) *voteColumns {
	c := &voteColumns{reasons: make([]map[uint8]uint64, n)}
	for k := range c.values {
		c.values[k] = make([]uint64, n)
	}
	return c
}

func (c *voteColumns) set(i int, values *[schema.ValueMax]uint64, reasons []schema.ReasonNumber) {
	for k := range c.values {
		c.values[k][i] = values[k]
	}
	if len(reasons) == 0 {
		return
	}
	c.reasons[i] = make(map[uint8]uint64, len(reasons))
	for _, r := range reasons {
		c.reasons[i][uint8(r.Key)] = r.N
	}
}

func (c *voteColumns) columns() []any {
	v := &c.values
	return []any{v[0], v[1], v[2], v[3], v[4], c.reasons}
}
