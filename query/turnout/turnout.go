package turnout

import (
	"context"
	"iter"
	"maps"
	"slices"
	"strings"

	"mlf/query/calendar"
	"mlf/query/figures"
	"mlf/query/question"
	"mlf/schema"
	"mlf/schema/served"
)

// Frozen is what bulletins say of months.
type Frozen interface {
	// Frozen returns the turnout of the month with that first day, by comune, service
	// and channel, as its newest bulletin has it; none where there is none, or where it
	// was not known who was served. The caller must not change it.
	Frozen(first schema.Day) []schema.Turnout
}

// A Reading is what turnouts are counted of.
type Reading struct {
	Count  func(context.Context, *question.Frame) (*question.Counts, error) // Of one moment.
	Served *served.Book                                                     // nil: nobody knows.
	Frozen Frozen                                                           // Set where counts are sums of lots.
}

// A Question is whose turnout is asked for.
type Question struct {
	By     []string           // Dimensions of a row.
	Votes  *question.Question // By By, then scale.
	Places *question.Question // The same, told apart by By, then as served users are.
}

// Columns returns what Places is told apart by, given By.
func Columns(by []string) []string {
	columns := slices.Clone(by)
	for _, name := range []string{"comune", "office", "service", "channel", "day", "scale"} {
		if !slices.Contains(by, name) {
			columns = append(columns, name)
		}
	}
	return columns
}

// A Row is the votes of one group, and the turnout of those that it is known of.
type Row struct {
	Columns []string // Of By.
	N       uint64   // All votes.
	Result  figures.Participation
	Known   bool // Result is.

	turnouts []figures.Turnout // That are known; in the end the rest, too.
}

// rows are those of an answer, by their columns.
type rows map[string]*Row

func (r rows) at(columns []string) *Row {
	key := strings.Join(columns, "\x00")
	if r[key] == nil {
		r[key] = &Row{Columns: columns}
	}
	return r[key]
}

// Count returns the rows in the order of their columns, with the counts of Votes. An
// error is that of r.Count.
func (q *Question) Count(ctx context.Context, r Reading) ([]*Row, *question.Counts, error) {
	f := q.Votes.Frame(q.Votes.Span)
	counts, err := r.Count(ctx, f)
	if err != nil {
		return nil, nil, err
	}
	t := f.Table(counts)
	all := make(rows)
	if len(q.By) == 0 {
		all.at(nil) // All there is, though it may be nothing.
	}
	for i := range t.Rows {
		columns := make([]string, len(q.By))
		for k := range columns {
			columns[k] = t.Columns[k].Text(&t.Rows[i])
		}
		all.at(columns).N += t.Rows[i].N()
	}
	switch {
	case r.Frozen != nil:
		q.addFrozen(r.Frozen, all)
	case r.Served != nil && r.Served.Complete():
		if err := q.addServed(ctx, r, all); err != nil {
			return nil, nil, err
		}
	}
	sorted := make([]*Row, 0, len(all))
	for _, key := range slices.Sorted(maps.Keys(all)) {
		row := all[key]
		known := uint64(0)
		for _, k := range row.turnouts {
			known += k.Votes
		}
		row.turnouts = append(row.turnouts, figures.Turnout{Votes: row.N - min(row.N, known)})
		row.Result, row.Known = figures.Participate(row.turnouts)
		sorted = append(sorted, row)
	}
	return sorted, counts, nil
}

// addFrozen takes what was frozen of the months that are asked for whole: of all scales
// together, and not of offices.
func (q *Question) addFrozen(from Frozen, to rows) {
	if slices.Contains(q.By, "office") || q.Votes.Filters["office"] != nil || len(q.Votes.Filters["scale"]) < len(schema.Scales()) {
		return
	}
	f := q.Places.Frame(q.Votes.Span)
	for first := range q.months(f) {
		frozen := from.Frozen(first)
		for i := range frozen {
			t := &frozen[i]
			k := question.Key{Comune: f.Comune(t.Comune), Service: f.Service(t.Service), Channel: f.Channel(t.Channel)}
			if min(k.Comune, k.Service, k.Channel) != question.Out {
				row := to.at(q.columns(f, k))
				row.turnouts = append(row.turnouts, figures.Turnout{Votes: t.Votes, Served: t.Users, Known: true})
			}
		}
	}
}

// months yields the first days of the months whose every hour passes.
func (q *Question) months(f *question.Frame) iter.Seq[schema.Day] {
	return func(yield func(schema.Day) bool) {
		clock := q.Votes.Clock()
		for m := clock.MonthOf(f.From); ; m++ {
			from, next := clock.Hours(m)
			if next > f.Next {
				return
			}
			if from < f.From || slices.Contains(f.Hours[from-f.From:next-f.From], question.Out) {
				continue
			}
			if !yield(schema.Day(calendar.DayOf(m, 1))) {
				return
			}
		}
	}
}

// addServed counts the votes of places and days of which served users are known.
// Days that the time asked for cuts are left out: users are those of whole days.
func (q *Question) addServed(ctx context.Context, r Reading, to rows) error {
	f := q.Places.Frame(q.Votes.Span)
	comuni := make(map[schema.ComuneID]bool)
	r.Served.Comuni(func(c schema.ComuneID) { comuni[c] = true })
	passes := f.Comune
	f.Comune = func(c schema.ComuneID) question.Group {
		if !comuni[c] {
			return question.Out // Nothing is known of it, so its votes need not be told apart.
		}
		return passes(c)
	}
	sums := q.served(r.Served, f)
	if len(sums) == 0 {
		return nil
	}
	counts, err := r.Count(ctx, f)
	if err != nil {
		return err
	}
	votes := make(map[question.Key]uint64, len(counts.Rows))
	for i := range counts.Rows {
		k := counts.Rows[i].Key
		k.Scale, k.Class = 0, 0
		votes[k] += counts.Rows[i].N()
	}
	for k, users := range sums {
		row := to.at(q.columns(f, k))
		row.turnouts = append(row.turnouts, figures.Turnout{Votes: votes[k], Served: users, Known: true})
	}
	return nil
}

// served returns the served users by the groups of f.
func (q *Question) served(book *served.Book, f *question.Frame) map[question.Key]uint64 {
	sums := make(map[question.Key]uint64)
	days := make(map[schema.Day]question.Group)
	clock := q.Votes.Clock()
	clock.EachDay(f.From, f.Next, func(s calendar.Stretch) {
		whole := clock.Begin(s.Day) >= f.From && clock.Begin(s.Day+1) <= f.Next
		if g := f.Hours[s.First-f.From]; whole && g != question.Out {
			days[schema.Day(s.Day)] = g
		}
	})
	first, last := schema.Day(clock.DayOf(f.From)), schema.Day(clock.DayOf(f.Next-1))
	all := served.By{Comune: true, Office: true, Service: true, Channel: true, Day: true}
	for place, sum := range book.Sums(served.Question{From: first, Next: last + 1, By: all}) {
		day, ok := days[place.Day]
		k := question.Key{Comune: f.Comune(place.Comune), Office: f.Office(place.Office), Service: f.Service(place.Service), Channel: f.Channel(place.Channel), Hour: day}
		if ok && min(k.Comune, k.Office, k.Service, k.Channel) != question.Out {
			sums[k] += sum.Users
		}
	}
	return sums
}

// columns returns the texts of By.
func (q *Question) columns(f *question.Frame, k question.Key) []string {
	columns := make([]string, len(q.By))
	for i, name := range q.By {
		switch name {
		case "office":
			columns[i] = f.Text(question.OfOffice, 0, k.Office)
		case "service", "category":
			columns[i] = f.Text(question.OfService, 0, k.Service)
		case "channel":
			columns[i] = f.Text(question.OfChannel, 0, k.Channel)
		default:
			columns[i] = f.Text(question.OfComune, 0, k.Comune)
		}
	}
	return columns
}
