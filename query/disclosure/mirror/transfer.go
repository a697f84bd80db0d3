package mirror

import (
	"context"
	"fmt"

	"mlf/query/calendar"
	"mlf/schema"
)

// rowsOfWrite is how many rows are written at once, some 10 MB of them.
const rowsOfWrite = 65_536

// A transfer copies the rows of a release from one database to another, there under an
// attempt of their own: what another process, or one that was broken off, has written
// of it is nobody's.
type transfer struct {
	release  schema.Release
	from, to Copy
	source   schema.AttemptID // Of the rows, where they come from,
	rows     schema.AttemptID // and where they go.

	lots, taken uint64 // Rows that were copied.
}

// run copies the rows, and then says that they are there. Where they have come
// meanwhile, from another process, it does nothing.
func (t *transfer) run(ctx context.Context) error {
	notes, _, err := t.to.Notes(ctx)
	if err != nil {
		return err
	}
	if l := (look{notes: notes}); l.rows(&t.release) != 0 {
		return nil
	}
	for _, account := range t.release.Months {
		q := schema.LotQuery{Attempts: []schema.AttemptID{t.source}, First: account.First, Next: nextMonth(account.First)}
		if err := t.copyLots(ctx, q); err != nil {
			return err
		}
		if err := t.copyTaken(ctx, q); err != nil {
			return err
		}
	}
	if t.lots != t.release.Lots || t.taken != t.release.Taken {
		return fmt.Errorf("read its rows: %d lots of %d spots and days: want %d of %d", t.lots, t.taken, t.release.Lots, t.release.Taken)
	}
	for _, of := range t.release.Turnouts {
		if err := t.copyTurnout(ctx, of); err != nil {
			return err
		}
	}
	return t.to.WriteNote(ctx, schema.ReleaseNote{Release: t.release, Rows: t.rows})
}

func (t *transfer) copyLots(ctx context.Context, q schema.LotQuery) error {
	var lots []schema.Lot
	flush := func() error {
		err := t.to.WriteLots(ctx, t.rows, lots, nil)
		t.lots, lots = t.lots+uint64(len(lots)), lots[:0]
		return err
	}
	err := t.from.LotsInOrder(ctx, q, func(_ schema.AttemptID, l *schema.Lot) error {
		if lots = append(lots, *l); len(lots) < rowsOfWrite {
			return nil
		}
		return flush()
	})
	if err != nil {
		return err
	}
	return flush()
}

func (t *transfer) copyTaken(ctx context.Context, q schema.LotQuery) error {
	var taken []schema.Taken
	flush := func() error {
		err := t.to.WriteLots(ctx, t.rows, nil, taken)
		t.taken, taken = t.taken+uint64(len(taken)), taken[:0]
		return err
	}
	err := t.from.TakenInOrder(ctx, q, func(_ schema.AttemptID, one *schema.Taken) error {
		if taken = append(taken, *one); len(taken) < rowsOfWrite {
			return nil
		}
		return flush()
	})
	if err != nil {
		return err
	}
	return flush()
}

func (t *transfer) copyTurnout(ctx context.Context, of schema.ReleaseTurnouts) error {
	var rows []schema.Turnout
	q := schema.LotQuery{Attempts: []schema.AttemptID{t.source}, First: of.First, Next: of.First + 1}
	err := t.from.Turnout(ctx, q, func(_ schema.AttemptID, _ schema.Day, row *schema.Turnout) error {
		rows = append(rows, *row)
		return nil
	})
	if err != nil {
		return err
	}
	if uint64(len(rows)) != of.Rows {
		return fmt.Errorf("read turnout of the month of day %d: %d rows: want %d", of.First, len(rows), of.Rows)
	}
	return t.to.WriteTurnout(ctx, t.rows, of.First, rows)
}

// nextMonth returns the first day of the month behind that which begins with first.
func nextMonth(first schema.Day) schema.Day {
	return schema.Day(calendar.DayOf(calendar.Day(first).Month()+1, 1))
}
