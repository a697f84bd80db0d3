package sim

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"mlf/aggregate/store/model"
	"mlf/query/cube"
	"mlf/query/question"
	"mlf/schema"
)

// taint notes that rows are read of a store that has lost some: what they lack may
// not show, as another row may have more votes than the account is of. Workers tell
// them again.
func (a *answers) taint() {
	if cuts := a.w.hits[hitPower]; cuts > 0 && !a.tainted && (cuts > a.cuts || !a.w.feed.whole()) {
		a.w.hits[hitQueryTainted]++
		a.tainted = true
	}
}

// A figure is one of all that there is to ask for: a value of a cell, or a reason.
type figure struct {
	cell   schema.Cell
	value  int
	reason schema.ReasonKey // 0: the value.
}

// figures add up the rows of a partition.
func (t *oracle) addTo(figures map[figure]uint64) {
	for k, r := range t.tables.Rollups {
		addRow(figures, k.Cell, &r.Values, r.Reasons)
	}
}

func addRow(figures map[figure]uint64, cell schema.Cell, values *[schema.ValueMax]uint64, reasons []schema.ReasonNumber) {
	for i, n := range values {
		if n > 0 {
			figures[figure{cell, i + 1, 0}] += n
		}
	}
	for _, of := range reasons {
		if of.N > 0 {
			figures[figure{cell, 0, of.Key}] += of.N
		}
	}
}

// An axis numbers what it meets.
type axis[T comparable] struct{ met []T }

func (x *axis[T]) group(v T) question.Group {
	i := slices.Index(x.met, v)
	if i < 0 {
		i = len(x.met)
		x.met = append(x.met, v)
	}
	return question.Group(i)
}

// ask asks a state for everything that it has.
func (a *answers) ask(ctx context.Context, s *cube.State) (map[figure]uint64, error) {
	var comune axis[schema.ComuneID]
	var office axis[schema.OfficeCode]
	var service axis[schema.ServiceID]
	first := schema.InstantOf(a.w.began.AddDate(0, -1, 0)).Hour()
	next := schema.InstantOf(a.w.began.AddDate(3, 0, 0)).Hour()
	axes := question.Axes{
		From: first, Next: next, RowsMax: 1 << 30, Reasons: true,
		Comune: comune.group, Office: office.group, Service: service.group,
		Channel: func(v schema.Channel) question.Group { return question.Group(v) },
		Scale:   func(v schema.Scale) question.Group { return question.Group(v) },
		Class:   func(v schema.Class) question.Group { return question.Group(v) },
		Hours:   a.hours(int(next - first)),
	}
	got, err := s.Counts(ctx, &axes)
	if err != nil {
		return nil, err
	}
	cell := func(k question.Key) schema.Cell {
		return schema.Cell{
			Comune: comune.met[k.Comune], Office: office.met[k.Office], Service: service.met[k.Service],
			Channel: schema.Channel(k.Channel), Scale: schema.Scale(k.Scale), Class: schema.Class(k.Class), Hour: first + schema.Hour(k.Hour),
		}
	}
	figures := make(map[figure]uint64)
	for i := range got.Rows {
		addRow(figures, cell(got.Rows[i].Key), &got.Rows[i].Values, nil)
	}
	for _, r := range got.Reasons {
		figures[figure{cell(r.Key), 0, r.Reason}] += r.N
	}
	return figures, nil
}

// hours returns one group for each of n hours.
func (a *answers) hours(n int) []question.Group {
	for i := len(a.hoursKept); i < n; i++ {
		a.hoursKept = append(a.hoursKept, question.Group(i))
	}
	return a.hoursKept
}

// check holds the newest state to what it promises at any time: it has all that its
// ledger accounts for, and nothing that is not on the log.
func (a *answers) check(ctx context.Context) {
	s := a.follower.State()
	if s == nil || a.wrong != nil || a.who.dead {
		return
	}
	a.w.hits[hitQueryAsked]++
	if err := a.promises(ctx, s); err != nil {
		a.wrong = fmt.Errorf("answers of %s at step %d: %w", a.who, a.w.steps, err)
	}
}

func (a *answers) promises(ctx context.Context, s *cube.State) error {
	got, err := a.ask(ctx, s)
	if err != nil {
		return err
	}
	least, most := make(map[figure]uint64), make(map[figure]uint64)
	for p, account := range s.Ledger() {
		end := a.w.log.parts[p].end()
		if account.Next > end {
			return fmt.Errorf("they are as of %d of partition %d, which ends at %d", account.Next, p, end)
		}
		a.goOn(p, account.Next, end)
		a.floor[p].addTo(least)
		a.ceiling[p].addTo(most)
		if want := a.floor[p].tally(); account.Tally != want && !a.tainted {
			return fmt.Errorf("account of partition %d below %d is %+v, want %+v", p, account.Next, account.Tally, want)
		}
	}
	for k, n := range least {
		if got[k] < n && !a.tainted {
			return fmt.Errorf("%+v is %d, and the ledger accounts for %d: %+v", k, got[k], n, s.Ledger())
		}
	}
	for k, n := range got {
		if n > most[k] {
			return fmt.Errorf("%+v is %d, and the log has %d", k, n, most[k])
		}
	}
	return nil
}

// goOn moves the oracles of p.
func (a *answers) goOn(p int, least, most schema.Offset) {
	if a.floor[p] == nil || a.floor[p].fold.Next() > least {
		a.floor[p] = a.w.newOracle(p)
	}
	if a.ceiling[p] == nil {
		a.ceiling[p] = a.w.newOracle(p)
	}
	a.floor[p].goOn(a.w, least)
	a.ceiling[p].goOn(a.w, most)
}

// tally returns the account of all.
func (t *oracle) tally() (all schema.Tally) {
	for _, r := range t.tables.Segments() {
		all.Add(r.Tally)
	}
	return all
}

// cubeSettleMax bounds how long it may take until every answer is exact, in virtual
// time: the pauses after imbalances, several times over.
const cubeSettleMax = 10 * time.Minute

// end lets the process go on until its answers are what the votes amount to, and may
// have it killed or stopped then, so that another has to begin with what it left.
func (a *answers) end(ctx context.Context, want *amount) error {
	if a == nil || a.wrong != nil {
		return a.error()
	}
	for _, again := range []bool{a.dice.IntN(2) == 0, false} {
		if err := a.settle(ctx, want); err != nil {
			return err
		}
		if !again {
			break
		}
		if a.dice.IntN(2) == 0 {
			a.w.kill(a.who)
		} else {
			a.w.stop(a.who)
		}
	}
	a.check(ctx)
	a.remember()
	return a.error()
}

func (a *answers) error() error {
	if a == nil {
		return nil
	}
	return a.wrong
}

// settle waits until everything is right.
func (a *answers) settle(ctx context.Context, want *amount) error {
	err := errors.New("there is no state")
	var looked time.Time
	for begun := time.Now(); time.Since(begun) < cubeSettleMax; {
		if !a.w.turn() {
			a.w.pass(a.w.span(flushEvery))
		}
		if a.who.dead || a.who.over() {
			a.remember()
			a.start(ctx)
			continue
		}
		if a.who.stopping || time.Since(looked) < time.Second {
			continue
		}
		looked = time.Now()
		if err = a.exact(ctx, want); err == nil {
			return nil
		}
	}
	return fmt.Errorf("answers do not come right within %v: %w", cubeSettleMax, err)
}

// exact holds the newest state to all votes: every figure, every position, and every
// segment sealed that is closed.
func (a *answers) exact(ctx context.Context, want *amount) error {
	s := a.follower.State()
	if s == nil {
		return fmt.Errorf("there is no state: %w", a.follower.Ready())
	}
	for p, account := range s.Ledger() {
		if end := a.w.log.parts[p].end(); account.Next != end {
			return fmt.Errorf("they are as of %d of partition %d, which ends at %d", account.Next, p, end)
		}
	}
	got, err := a.ask(ctx, s)
	if err != nil {
		return err
	}
	all := make(map[figure]uint64)
	(&oracle{tables: want.tables}).addTo(all)
	for k, n := range all {
		if got[k] != n {
			return fmt.Errorf("%+v is %d, want %d", k, got[k], n)
		}
	}
	if len(got) != len(all) {
		return fmt.Errorf("there are %d figures, want %d", len(got), len(all))
	}
	return a.sealed(want.tables)
}

// sealed sees that no cell is kept open but those of open segments.
func (a *answers) sealed(want *model.Tables) error {
	closed := make(map[model.LedgerKey]bool)
	for k := range want.Ledger {
		if k.Chain != (schema.Chain{}) {
			closed[model.LedgerKey{Partition: k.Partition, Segment: k.Segment}] = true
		}
	}
	open := 0
	for k, r := range want.Rollups {
		if !closed[model.LedgerKey{Partition: k.Partition, Segment: k.Segment}] && r.Values != ([schema.ValueMax]uint64{}) {
			open++
		}
	}
	families, err := a.registry.Gather()
	a.must(err)
	for _, f := range families {
		for _, m := range f.Metric {
			if f.GetName() != "mlf_query_cube_cells" || m.Label[0].GetValue() != "open" {
				continue
			}
			if n := int(m.Gauge.GetValue()); n != open {
				return fmt.Errorf("%d cells are open, want %d", n, open)
			}
		}
	}
	return nil
}
