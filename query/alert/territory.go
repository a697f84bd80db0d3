package alert

import (
	"context"
	"slices"
	"time"

	"mlf/query/calendar"
	"mlf/query/question"
	"mlf/schema"
	"mlf/schema/network"
	"mlf/schema/registry"
)

// A territory is what a rule is about: votes by where they were cast, and terminals.
//
// A comune's votes are all that were cast in it, also before terminals said whose they are. Those
// of any other body are where its own terminals are: a union sees what is voted at its counters,
// and what is voted at those of its members is theirs.
type territory struct {
	body     schema.BodyCode
	comuni   []schema.ComuneID // With all codes that they had, ascending.
	all      bool              // All that was cast there.
	own      map[spot]bool     // Else at these.
	offices  map[schema.OfficeCode]bool
	services map[schema.ServiceID]bool // Nil: all, as the two beside it.
	channels map[schema.Channel]bool
}

// A spot is where a terminal takes votes.
type spot struct {
	comune  schema.ComuneID
	office  schema.OfficeCode
	service schema.ServiceID
	channel schema.Channel
}

// territory returns that of q on the day of now; nil where the body is nowhere.
func (j *Judge) territory(q *Question, now time.Time) *territory {
	reg := j.Words.Registry()
	t := &territory{body: q.Body, own: make(map[spot]bool)}
	body := j.Bodies(q.Body)
	if body != nil && body.Type == network.TypeComune {
		t.all = true
		for _, c := range body.MembersAt(registry.DateOf(now.In(j.Words.Clock().Zone()))) {
			t.comuni = append(t.comuni, reg.Codes(c)...)
		}
	}
	if !t.all {
		t.claim(j.Terminals.All())
	}
	slices.Sort(t.comuni)
	t.comuni = slices.Compact(t.comuni)
	if !t.narrow(q, reg) || len(t.comuni) == 0 {
		return nil
	}
	return t
}

// claim adds where the body's own terminals are, or were: votes of a closed one are still counted.
func (t *territory) claim(all []*schema.Enrolment) {
	for _, e := range all {
		if e.Body != t.body || e.Test {
			continue
		}
		t.comuni = append(t.comuni, e.Comune)
		t.own[spot{e.Comune, e.Office, schema.ServiceUnspecified, e.Channel}] = true
		for _, s := range e.Services {
			t.own[spot{e.Comune, e.Office, s.ID, e.Channel}] = true
		}
	}
}

// narrow keeps what the scope of q names, and tells whether it could be read.
func (t *territory) narrow(q *Question, reg *registry.Registry) bool {
	if len(q.Scope.Comuni) > 0 {
		var wanted []schema.ComuneID
		for _, code := range q.Scope.Comuni {
			c, err := schema.ParseComune(code)
			if err != nil {
				return false
			}
			wanted = append(wanted, append(reg.Codes(c), c)...)
		}
		t.comuni = slices.DeleteFunc(t.comuni, func(c schema.ComuneID) bool { return !slices.Contains(wanted, c) })
	}
	for _, code := range q.Scope.Offices {
		if t.offices == nil {
			t.offices = make(map[schema.OfficeCode]bool)
		}
		t.offices[schema.OfficeCode(code)] = true
	}
	for _, code := range q.Scope.Services {
		id, known := reg.ServiceID(code)
		if !known {
			return false
		}
		if t.services == nil {
			t.services = make(map[schema.ServiceID]bool)
		}
		t.services[id] = true
	}
	for _, code := range q.Scope.Channels {
		channel, err := schema.ParseChannel(code)
		if err != nil {
			return false
		}
		if t.channels == nil {
			t.channels = make(map[schema.Channel]bool)
		}
		t.channels[channel] = true
	}
	return true
}

// placesMax is how many comuni are named in a question; of more, notes on other places count.
const placesMax = 500

// values are the question that q is about, to find what was noted of it.
func (t *territory) values(q *Question, span calendar.Span) question.Values {
	values := question.Values{"from": {span.From.String()}, "to": {span.Next.String()}, "class": {"ok", "late_clock"}}
	if q.Scope.Scale != "" {
		values["scale"] = []string{q.Scope.Scale}
	}
	if len(t.comuni) <= placesMax {
		for _, c := range t.comuni {
			values["comune"] = append(values["comune"], c.String())
		}
	}
	for name, codes := range map[string][]string{"office": q.Scope.Offices, "service": q.Scope.Services, "channel": q.Scope.Channels} {
		if len(codes) > 0 {
			values[name] = codes
		}
	}
	return values
}

// has tells whether a terminal is of t, in use.
func (t *territory) has(e *schema.Enrolment) bool {
	own := e.Body == t.body || t.all && e.Body == ""
	if e.Test || e.Revoked || !e.Closed.IsZero() || !own {
		return false
	}
	if _, in := slices.BinarySearch(t.comuni, e.Comune); !in || t.offices != nil && !t.offices[e.Office] || t.channels != nil && !t.channels[e.Channel] {
		return false
	}
	return t.services == nil || slices.ContainsFunc(e.Services, func(s schema.EnrolledService) bool { return t.services[s.ID] })
}

// rowsMax bounds one reading: each hour's places of the largest body.
const rowsMax = 200_000

// read asks the counts for r and calls add with each row and the day it is of. schema.ErrTooManyRows
// and others: they could not be asked.
func (j *Judge) read(ctx context.Context, r *reading, add func(*Day, *question.Count)) error {
	view := j.Counts()
	if view == nil {
		return errNoCounts
	}
	names := namesOf(r.of)
	counts, err := view.Counts(ctx, r.axes(j, names))
	if err != nil {
		return err
	}
	for i := range counts.Rows {
		row := &counts.Rows[i]
		if r.of.all || r.of.own[names.spot(row)] {
			add(&r.days[row.Hour], row)
		}
	}
	return nil
}

// axes are those of r: places apart where it matters whose they are, and time by days.
func (r *reading) axes(j *Judge, names *names) *question.Axes {
	t := r.of
	a := &question.Axes{From: r.span.From, Next: r.span.Next, Comuni: t.comuni, RowsMax: rowsMax}
	a.Comune = func(c schema.ComuneID) question.Group {
		i, in := slices.BinarySearch(t.comuni, c)
		switch {
		case !in:
			return question.Out
		case t.all:
			return 0
		}
		return question.Group(i)
	}
	a.Office = func(o schema.OfficeCode) question.Group {
		if t.offices != nil && !t.offices[o] {
			return question.Out
		}
		return names.office(o)
	}
	a.Service = func(s schema.ServiceID) question.Group {
		if t.services != nil && !t.services[s] {
			return question.Out
		}
		return names.service(s)
	}
	a.Channel = func(c schema.Channel) question.Group {
		if t.channels != nil && !t.channels[c] {
			return question.Out
		}
		return names.channel(c)
	}
	a.Scale = func(s schema.Scale) question.Group {
		if r.scale != 0 && s != r.scale {
			return question.Out
		}
		return 0
	}
	a.Class = func(c schema.Class) question.Group {
		if g, in := r.class[c]; in {
			return g
		}
		return question.Out
	}
	a.Hours = r.hours(j.Words.Clock())
	return a
}

// hours gives each hour its day of 24 hours, and leaves out what is not compared.
func (r *reading) hours(clock calendar.Clock) []question.Group {
	groups := make([]question.Group, r.span.Next-r.span.From)
	clock.EachDay(r.span.From, r.span.Next, func(s calendar.Stretch) {
		for h := s.First; h < s.Next; h++ {
			groups[h-r.span.From] = question.Group((h - r.span.From) / 24)
			if r.outDay[s.Day] || h < r.usable {
				groups[h-r.span.From] = question.Out
			}
		}
	})
	return groups
}

// names number offices, services and channels as they are met, where it matters which they are.
type names struct {
	t        *territory
	offices  numbers[schema.OfficeCode]
	services numbers[schema.ServiceID]
	channels numbers[schema.Channel]
}

func namesOf(t *territory) *names { return &names{t: t} }

func (n *names) office(o schema.OfficeCode) question.Group {
	if n.t.all {
		return 0
	}
	return n.offices.of(o)
}

func (n *names) service(s schema.ServiceID) question.Group {
	if n.t.all {
		return 0
	}
	return n.services.of(s)
}

func (n *names) channel(c schema.Channel) question.Group {
	if n.t.all {
		return 0
	}
	return n.channels.of(c)
}

// spot returns where a row is of.
func (n *names) spot(row *question.Count) spot {
	return spot{n.t.comuni[row.Comune], n.offices.values[row.Office], n.services.values[row.Service], n.channels.values[row.Channel]}
}

// numbers are values in the order in which they were met.
type numbers[T comparable] struct {
	at     map[T]question.Group
	values []T
}

func (n *numbers[T]) of(v T) question.Group {
	if n.at == nil {
		n.at = make(map[T]question.Group)
	}
	g, known := n.at[v]
	if !known {
		g = question.Group(len(n.values))
		n.at[v], n.values = g, append(n.values, v)
	}
	return g
}
