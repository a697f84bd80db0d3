package answer

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"mlf/query/calendar"
	"mlf/query/figures"
	"mlf/query/format"
	"mlf/query/question"
	"mlf/schema"
	"mlf/schema/served"
)

// A participation is how many of those who were served voted, by a dimension or in
// all.
type participation struct {
	inquiry
	places *question.Question // The same, told apart as served users are.
}

func askParticipation(v *question.Vocabulary, values question.Values, now time.Time) (Inquiry, error) {
	by, err := readBy(values, false, "macro_area", "region", "province", "comune", "office", "service", "category", "channel")
	if err != nil {
		return nil, err
	}
	p, err := newParticipation(v, values, now, by)
	return p, err
}

func newParticipation(v *question.Vocabulary, values question.Values, now time.Time, by []string) (*participation, error) {
	p := &participation{inquiry: inquiry{endpoint: "participation", by: by}}
	columns := slices.Clone(by)
	for _, name := range []string{"comune", "office", "service", "channel", "day"} {
		if !slices.Contains(by, name) {
			columns = append(columns, name)
		}
	}
	var err error
	if p.Question, err = ask(v, values, now, by...); err == nil {
		p.places, err = ask(v, values, now, columns...)
	}
	return p, err
}

// A turnout is one row: the votes of all, and those that served users are known for.
type turnout struct {
	columns []string // Of by.
	n       uint64
	known   []figures.Turnout
	result  figures.Participation
	ok      bool
}

// Answer makes the answer.
func (p *participation) Answer(ctx context.Context, r Reading) (*Document, error) {
	rows, counts, err := p.count(ctx, r)
	if err != nil {
		return nil, err
	}
	m := p.metaOf(r, counts, figures.FormulaParticipation)
	fields := make([]format.Field, 0, len(p.by))
	for k, name := range p.by {
		fields = append(fields, coded(p.Question, name, func(i int) string { return rows[i].columns[k] })...)
	}
	fields = append(fields, turnoutFields(func(i int) *turnout { return rows[i] })...)
	return &Document{
		Name: p.endpoint, Span: p.Span, Meta: m, Sheet: sheetOf(m, "participation", len(rows), fields),
		members: []member{objects("rows", len(rows), fields)},
	}, nil
}

// turnoutFields are the votes, and what is known of those who could have voted: null
// where nothing is, never 0.
func turnoutFields(of func(i int) *turnout) []format.Field {
	count := func(name string, part func(*figures.Participation) uint64) format.Field {
		return format.Field{Name: name, Kind: format.KindCount, Count: func(i int) (uint64, bool) { return part(&of(i).result), of(i).ok }}
	}
	return []format.Field{
		{Name: "n", Kind: format.KindCount, Count: func(i int) (uint64, bool) { return of(i).n, true }},
		count("votes", func(p *figures.Participation) uint64 { return p.Votes }),
		count("served", func(p *figures.Participation) uint64 { return p.Served }),
		shareField("participation", func(i int) (float64, bool) { return of(i).result.Rate, of(i).ok }),
		shareField("coverage", func(i int) (float64, bool) { return of(i).result.Coverage, of(i).ok }),
	}
}

// count counts all votes by p's columns, and those of the places and days of which
// served users are known.
func (p *participation) count(ctx context.Context, r Reading) ([]*turnout, *question.Counts, error) {
	f := p.Frame(p.Span)
	counts, err := r.Count(ctx, f)
	if err != nil {
		return nil, nil, err
	}
	t := f.Table(counts)
	rows := make(map[string]*turnout)
	at := func(columns []string) *turnout {
		key := strings.Join(columns, "\x00")
		if rows[key] == nil {
			rows[key] = &turnout{columns: columns}
		}
		return rows[key]
	}
	for i := range t.Rows {
		columns := make([]string, len(p.by))
		for k := range columns {
			columns[k] = t.Columns[k].Text(&t.Rows[i])
		}
		at(columns).n = t.Rows[i].N()
	}
	if r.Served != nil && r.Served.Complete() {
		if err := p.countKnown(ctx, r, at); err != nil {
			return nil, nil, err
		}
	}
	sorted := make([]*turnout, 0, len(rows))
	for _, key := range slices.Sorted(maps.Keys(rows)) {
		row := rows[key]
		known := uint64(0)
		for _, k := range row.known {
			known += k.Votes
		}
		row.known = append(row.known, figures.Turnout{Votes: row.n - min(row.n, known)})
		row.result, row.ok = figures.Participate(row.known)
		sorted = append(sorted, row)
	}
	return sorted, counts, nil
}

// countKnown counts the votes of places and days of which served users are known.
// Days that the time asked for cuts are left out: users are those of whole days.
func (p *participation) countKnown(ctx context.Context, r Reading, at func([]string) *turnout) error {
	f := p.places.Frame(p.Span)
	comuni := make(map[schema.ComuneID]bool)
	r.Served.Comuni(func(c schema.ComuneID) { comuni[c] = true })
	passes := f.Comune
	f.Comune = func(c schema.ComuneID) question.Group {
		if !comuni[c] {
			return question.Out // Nothing is known of it, so its votes need not be told apart.
		}
		return passes(c)
	}
	sums := p.served(r.Served, f)
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
		columns := make([]string, len(p.by))
		for i, name := range p.by {
			columns[i] = p.text(f, name, k)
		}
		row := at(columns)
		row.known = append(row.known, figures.Turnout{Votes: votes[k], Served: users, Known: true})
	}
	return nil
}

// served returns the served users by the groups of f.
func (p *participation) served(book *served.Book, f *question.Frame) map[question.Key]uint64 {
	sums := make(map[question.Key]uint64)
	days := make(map[schema.Day]question.Group)
	p.Clock().EachDay(p.From, p.Next, func(s calendar.Stretch) {
		whole := p.Clock().Begin(s.Day) >= p.From && p.Clock().Begin(s.Day+1) <= p.Next
		if g := f.Hours[s.First-p.From]; whole && g != question.Out {
			days[schema.Day(s.Day)] = g
		}
	})
	first, last := schema.Day(p.Clock().DayOf(p.From)), schema.Day(p.Clock().DayOf(p.Next-1))
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

// text returns the text of a column of by.
func (p *participation) text(f *question.Frame, name string, k question.Key) string {
	switch name {
	case "office":
		return f.Text(question.OfOffice, 0, k.Office)
	case "service", "category":
		return f.Text(question.OfService, 0, k.Service)
	case "channel":
		return f.Text(question.OfChannel, 0, k.Channel)
	}
	return f.Text(question.OfComune, 0, k.Comune)
}
