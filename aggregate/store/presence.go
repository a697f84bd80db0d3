package store

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"

	"mlf/schema"
	"mlf/schema/presence"
)

// WriteDays writes when terminals voted. Rows may be repeated, in any order, by any number
// of writers.
func (s *Store) WriteDays(ctx context.Context, days []presence.TerminalDay) error {
	n := len(days)
	day, terminal := make([]time.Time, n), make([]uint64, n)
	first, last, ingested := make([]int64, n), make([]int64, n), make([]int64, n)
	for i := range days {
		d := &days[i]
		day[i], terminal[i] = time.Unix(int64(d.Day)*secondsPerDay, 0).UTC(), uint64(d.Terminal)
		first[i], last[i], ingested[i] = int64(d.First), int64(d.Last), int64(d.Ingested)
	}
	return s.insert(ctx, "day", n, []any{day, terminal, first, last, ingested})
}

// secondsPerDay turns a presence.UTCDay into Unix time.
const secondsPerDay = 24 * secondsPerHour

// presentColumns are those of a row of the ledger that say of which records the days of
// terminals are written.
func presentColumns(rows []schema.LedgerRow) []any {
	next, since := make([]map[uint64]uint64, len(rows)), make([]map[uint64]int64, len(rows))
	for i := range rows {
		next[i], since[i] = map[uint64]uint64{}, map[uint64]int64{}
		if p := rows[i].Present; p != (schema.PresenceRun{}) {
			next[i][uint64(p.From)], since[i][uint64(p.From)] = uint64(p.Next), int64(p.Since)
		}
	}
	return []any{next, since}
}

// LastVotes calls take with each terminal of which a vote was cast in [from, until), and
// when the latest such was that is known: at least one was then. from lies before the day
// of UTC of until.
func (s *Store) LastVotes(ctx context.Context, from, until schema.Instant, take func(schema.TerminalID, schema.Instant)) error {
	return s.readTimes(ctx, "last_votes", clickhouse.Parameters{
		"from": number(from), "until": number(until), "first": number(presence.DayOf(from)), "last": number(presence.DayOf(until)),
	}, take)
}

// NewestVotes calls take with each terminal of which a record that was ingested at since or
// later brought a vote, and when one of its days had its latest. 0: with all.
func (s *Store) NewestVotes(ctx context.Context, since schema.Instant, take func(schema.TerminalID, schema.Instant)) error {
	return s.readTimes(ctx, "newest_votes", clickhouse.Parameters{"since": number(since)}, take)
}

func (s *Store) readTimes(ctx context.Context, query string, p clickhouse.Parameters, take func(schema.TerminalID, schema.Instant)) error {
	return s.readBy(ctx, s.wide(), query, p, func(scan scanFunc) error {
		var terminal uint64
		var at int64
		if err := scan(&terminal, &at); err != nil {
			return err
		}
		take(schema.TerminalID(terminal), schema.Instant(at))
		return nil
	})
}

// DaySpan returns the first and the last day that some terminal has; false without any.
func (s *Store) DaySpan(ctx context.Context) (first, last presence.UTCDay, some bool, err error) {
	err = s.readBy(ctx, s.lookups(), "day_span", nil, func(scan scanFunc) error {
		var least, most uint16
		var rows uint64
		if err := scan(&least, &most, &rows); err != nil {
			return err
		}
		first, last, some = presence.UTCDay(least), presence.UTCDay(most), rows > 0
		return nil
	})
	return first, last, some, err
}

// Days calls take with all that is known of the days [first, last], in their order, and of
// each in that of terminals.
func (s *Store) Days(ctx context.Context, first, last presence.UTCDay, take func(presence.TerminalDay)) error {
	return s.readBy(ctx, s.wide(), "days", clickhouse.Parameters{"first": number(first), "last": number(last)}, func(scan scanFunc) error {
		var day uint16
		var terminal uint64
		var first, last, ingested int64
		if err := scan(&day, &terminal, &first, &last, &ingested); err != nil {
			return err
		}
		take(presence.TerminalDay{
			Terminal: schema.TerminalID(terminal), Day: presence.UTCDay(day),
			First: schema.Instant(first), Last: schema.Instant(last), Ingested: schema.Instant(ingested),
		})
		return nil
	})
}

// Present returns of which records the days of terminals are there, by partition: of those
// of which something is counted.
func (s *Store) Present(ctx context.Context) ([]presence.Account, error) {
	var all []presence.Account
	err := s.readBy(ctx, s.lookups(), "present", nil, func(scan scanFunc) error {
		var partition uint16
		var next uint64
		var newest time.Time
		var ends map[uint64]uint64
		var since map[uint64]int64
		if err := scan(&partition, &next, &newest, &ends, &since); err != nil {
			return err
		}
		a := presence.Account{Partition: schema.Partition(partition), Next: schema.Offset(next), Newest: schema.InstantOf(newest)}
		for from, end := range ends {
			a.Runs = append(a.Runs, schema.PresenceRun{From: schema.Offset(from), Next: schema.Offset(end), Since: schema.Instant(since[from])})
		}
		slices.SortFunc(a.Runs, func(a, b schema.PresenceRun) int { return cmp.Compare(a.From, b.From) })
		all = append(all, a)
		return nil
	})
	return all, err
}
