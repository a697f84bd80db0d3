package question

import (
	"maps"
	"slices"

	"mlf/query/calendar"
	"mlf/schema"
)

// A reading is one question on its way to the store and back.
type reading struct {
	*StoreView
	axes   *Axes
	counts *Counts

	comune, office, service, channel, scale, class part
	time                                           schema.Column   // What is read by in time; 0 for nothing.
	groups                                         map[int32]Group // Of days, by the first of the store's step.
	hour                                           Group           // Where time is not read by.

	nothing bool // Nothing can pass.
	split   bool // Classes are told apart here: the store does not know all that is left out.
	merge   bool // Rows of the store may be of the same group.
	seen    map[Key]int32
}

// A part is what the store is asked by of one attribute: by its values, or by
// nothing where all that pass are of one group.
type part struct {
	grouped bool
	only    Group // Where it is not grouped.
}

// query returns what the store is asked for.
func (r *reading) query() schema.StatsQuery {
	a := r.axes
	q := schema.StatsQuery{From: a.From, Next: a.Next, Wide: a.Wide, Reasons: a.Reasons, RowsMax: a.RowsMax, Offices: a.Offices, Services: a.Services}
	r.places(&q)
	r.office = partOf(a.Office, a.Offices)
	r.service = partOf(a.Service, a.Services)
	r.channel, q.Channels = partOf(a.Channel, schema.Channels()), passing(a.Channel, schema.Channels())
	r.scale, q.Scales = partOf(a.Scale, schema.Scales()), passing(a.Scale, schema.Scales())
	r.class, q.Classes = partOf(a.Class, schema.Classes()), passing(a.Class, schema.Classes())
	r.hours()
	r.nothing = r.nothing || slices.ContainsFunc([]part{r.comune, r.office, r.service, r.channel, r.scale}, func(p part) bool { return !p.grouped && p.only == Out })
	if q.Classes != nil && (r.split || len(q.Classes) == 0) {
		q.Classes, r.class, r.merge = nil, part{grouped: true}, true
	}
	if r.merge || r.service.grouped {
		q.RowsMax = max(q.RowsMax, rawMax)
	}
	q.Group = r.columns()
	return q
}

func (r *reading) columns() []schema.Column {
	var columns []schema.Column
	for _, c := range []struct {
		grouped bool
		column  schema.Column
	}{
		{r.comune.grouped, schema.ColumnComune},
		{r.office.grouped, schema.ColumnOffice},
		{r.service.grouped, schema.ColumnService},
		{r.channel.grouped, schema.ColumnChannel},
		{r.scale.grouped, schema.ColumnScale},
		{r.class.grouped, schema.ColumnClass},
		{r.time != 0, r.time},
	} {
		if c.grouped {
			columns = append(columns, c.column)
		}
	}
	return columns
}

// partOf tells how to ask by an attribute whose values are of a domain; nil is one
// that is not known.
func partOf[T any](group func(T) Group, domain []T) part {
	if group == nil {
		return part{}
	}
	if domain == nil {
		return part{grouped: true}
	}
	p := part{only: Out}
	for _, x := range domain {
		switch g := group(x); {
		case g == Out || g == p.only:
		case p.only == Out:
			p.only = g
		default:
			return part{grouped: true}
		}
	}
	return p
}

// passing returns the values of a domain that are not left out, nil for all.
func passing[T comparable](group func(T) Group, domain []T) []T {
	if group == nil {
		return nil
	}
	pass := slices.DeleteFunc(slices.Clone(domain), func(x T) bool { return group(x) == Out })
	if len(pass) == len(domain) {
		return nil
	}
	return pass
}

// comuniMax is the most comuni that the store is asked for by name: it looks
// through all of them for every row.
const comuniMax = 2000

// places asks by comuni. The store puts the first code of a group in place of the
// others, so that it groups by anything that comuni have; codes of no list come as
// they are.
func (r *reading) places(q *schema.StatsQuery) {
	a := r.axes
	q.Provinces, q.Comuni = a.Provinces, a.Comuni
	if a.Comuni != nil && len(a.Comuni) == 0 || a.Provinces != nil && len(a.Provinces) == 0 {
		r.comune.only = Out // In the store's words an empty list is none.
		return
	}
	if a.Comune == nil {
		return
	}
	codes := r.Codes
	if a.Comuni != nil {
		codes = a.Comuni
	}
	if a.Comuni != nil && len(a.Comuni) <= comuniMax {
		if r.comune = partOf(a.Comune, a.Comuni); !r.comune.grouped {
			return
		}
	} else {
		q.Comuni = nil
	}
	r.comune.grouped = true
	q.CodeOf = make(map[schema.ComuneID]schema.ComuneID)
	first := make(map[Group]schema.ComuneID)
	for _, code := range codes {
		if q.Provinces != nil && !slices.Contains(q.Provinces, code.Province()) {
			continue
		}
		g := a.Comune(code)
		r.split = r.split || g == Out
		if _, ok := first[g]; !ok {
			first[g] = code
		}
		if first[g] != code {
			q.CodeOf[code] = first[g]
		}
	}
	r.split = r.split || a.Comuni != nil && q.Comuni == nil
}

// hours asks by the coarsest step of time whose hours are all of one group.
func (r *reading) hours() {
	a := r.axes
	if a.Hours == nil || a.From >= a.Next {
		r.nothing = a.From >= a.Next
		return
	}
	first := a.Hours[0]
	if !slices.ContainsFunc(a.Hours, func(g Group) bool { return g != first }) {
		r.hour, r.nothing = first, first == Out
		return
	}
	r.split = r.split || slices.Contains(a.Hours, Out)
	columns := [...]schema.Column{schema.ColumnMonth, schema.ColumnWeek, schema.ColumnDay}
	steps := [len(columns)]map[int32]Group{{}, {}, {}} // By the first day of a month, a week, a day.
	r.Clock.EachDay(a.From, a.Next, func(s calendar.Stretch) {
		groups := a.Hours[s.First-a.From : s.Next-a.From]
		whole := !slices.ContainsFunc(groups, func(g Group) bool { return g != groups[0] })
		for i, day := range [...]calendar.Day{calendar.DayOf(s.Day.Month(), 1), s.Day.Monday(), s.Day} {
			if there, ok := steps[i][int32(day)]; !whole || ok && there != groups[0] {
				steps[i] = nil
			}
			if steps[i] != nil {
				steps[i][int32(day)] = groups[0]
			}
		}
	})
	r.time = schema.ColumnHour
	for i, step := range steps {
		if step != nil {
			r.time, r.groups = columns[i], step
			break
		}
	}
	r.merge = r.merge || !r.each()
}

// each tells whether every group of time is one of the steps that are read.
func (r *reading) each() bool {
	groups := slices.Collect(maps.Values(r.groups))
	if r.groups == nil {
		groups = slices.Clone(r.axes.Hours)
	}
	slices.Sort(groups)
	groups = slices.DeleteFunc(groups, func(g Group) bool { return g == Out })
	return len(slices.Compact(slices.Clone(groups))) == len(groups)
}

// take groups what the store answered.
func (r *reading) take(answer *schema.StatsAnswer) error {
	if r.merge = r.merge || r.shared(answer.Rows); r.merge {
		r.seen = make(map[Key]int32)
	}
	r.counts.Rows = make([]Count, 0, len(answer.Rows))
	at := make([]int32, len(answer.Rows)) // Where what a row of the store counts has gone.
	for i := range answer.Rows {
		at[i] = r.add(&answer.Rows[i])
	}
	r.addReasons(answer.Reasons, at)
	for class, n := range answer.Excluded {
		r.counts.Excluded[class] += n
	}
	if len(r.counts.Rows) > r.axes.RowsMax {
		return schema.ErrTooManyRows
	}
	return nil
}

// shared tells whether comuni or services of the rows are of the same group.
func (r *reading) shared(rows []schema.StatsRow) bool {
	comuni, services := make(map[Group]schema.ComuneID), make(map[Group]schema.ServiceID)
	for i := range rows {
		row := &rows[i]
		c, s := groupIn(r.comune, r.axes.Comune, row.Comune), groupIn(r.service, r.axes.Service, row.Service)
		if there, ok := comuni[c]; ok && there != row.Comune && c != Out {
			return true
		}
		if there, ok := services[s]; ok && there != row.Service && s != Out {
			return true
		}
		comuni[c], services[s] = row.Comune, row.Service
	}
	return false
}

// A reasonOf is what a ReasonCount is the count of.
type reasonOf struct {
	Key
	reason schema.ReasonKey
}

// addReasons adds up the reasons of the store's rows, each of which is now the row
// at of counts.
func (r *reading) addReasons(reasons []schema.StatsReason, at []int32) {
	sums := make(map[reasonOf]int)
	for _, reason := range reasons {
		row := at[reason.Row]
		if row == nowhere {
			continue
		}
		of := reasonOf{r.counts.Rows[row].Key, reason.Key}
		i, ok := sums[of]
		if !ok {
			i = len(r.counts.Reasons)
			sums[of] = i
			r.counts.Reasons = append(r.counts.Reasons, ReasonCount{Key: of.Key, Reason: of.reason})
		}
		r.counts.Reasons[i].N += reason.N
	}
}

// nowhere is where a row goes that was not asked for.
const nowhere = -1

// add adds a row of the store to one of counts, and returns which.
func (r *reading) add(row *schema.StatsRow) int32 {
	a := r.axes
	k := Key{
		Comune: groupIn(r.comune, a.Comune, row.Comune), Office: groupIn(r.office, a.Office, row.Office),
		Service: groupIn(r.service, a.Service, row.Service), Channel: groupIn(r.channel, a.Channel, row.Channel),
		Scale: groupIn(r.scale, a.Scale, row.Scale), Class: groupIn(r.class, a.Class, row.Class),
	}
	switch r.time {
	case 0:
		k.Hour = r.hour
	case schema.ColumnHour:
		k.Hour = a.Hours[row.Hour-a.From]
	default:
		k.Hour = r.groups[row.Day]
	}
	if min(k.Comune, k.Office, k.Service, k.Channel, k.Scale, k.Hour) == Out {
		return nowhere
	}
	if k.Class == Out {
		r.counts.Excluded[row.Class] += row.N()
		return nowhere
	}
	if i, ok := r.seen[k]; ok {
		for v := range row.Values {
			r.counts.Rows[i].Values[v] += row.Values[v]
		}
		return i
	}
	last := int32(len(r.counts.Rows))
	if r.merge {
		r.seen[k] = last
	}
	r.counts.Rows = append(r.counts.Rows, Count{Key: k, Values: row.Values})
	return last
}

func groupIn[T any](p part, group func(T) Group, x T) Group {
	if !p.grouped {
		return p.only
	}
	return group(x)
}
