package answer

import (
	"context"
	"maps"
	"slices"
	"time"

	"mlf/query/answer/words"
	"mlf/query/calendar"
	"mlf/query/figures"
	"mlf/query/question"
	"mlf/query/turnout"
	"mlf/schema"
	"mlf/schema/registry"
)

// pagePeriod is the time of a page where nobody asks for another.
const pagePeriod = "last-30-days"

// A page is all that is told of one place: how it was rated, whether that changed, by
// what, why and when.
type page struct {
	inquiry
	place  words.Place
	within string             // The dimension of the places that it is told by; "" where it has none.
	places *question.Question // The same by comune; nil where the place is one.

	codes []schema.ComuneID // Of the comune, if it is one.
	ofUse func() (*participation, error)
}

// A part is a stretch of a page's time. All that was asked for is what has passed and the
// rest; what is compared is what has passed, with what was before.
type part = question.Group

// The parts.
const (
	partBefore part = iota // The time that is compared with.
	partPassed             // What can be compared of the time asked for.
	partRest               // The hour that is running, and after it.
	parts      = int(partRest) + 1
)

// askPage returns the Ask of pages of places that a filter names, told by those
// within.
func askPage(name, filter, within string) func(*question.Vocabulary, question.Values, time.Time) (Inquiry, error) {
	return func(v *question.Vocabulary, values question.Values, now time.Time) (Inquiry, error) {
		code := ""
		if filter != "" {
			code = values[filter][0]
		}
		p := &page{inquiry: inquiry{endpoint: name}, within: within}
		var ok bool
		if p.place, ok = words.FindPlace(v.Registry(), filter, code, registry.DateOf(now.In(v.Clock().Zone()))); !ok {
			return nil, &question.Error{Parameter: filter, Detail: "no " + filter + " has the code " + code, Missing: true}
		}
		asked := maps.Clone(values)
		if len(values["from"])+len(values["to"])+len(values["period"]) == 0 {
			asked["period"] = []string{pagePeriod}
		}
		plain := maps.Clone(asked)
		delete(plain, "scale")
		p.ofUse = func() (*participation, error) { return newParticipation(v, plain, now, nil) }
		asked["compare"] = []string{"previous"}
		columns := []string{"service", "category", "channel"}
		if within == "" {
			columns = append(columns, "office")
		}
		var err error
		if within == "" {
			if id, err := schema.ParseComune(p.place.Code); err == nil {
				p.codes = v.Registry().Codes(id)
			}
		}
		if p.Question, err = ask(v, asked, now, columns...); err == nil && within != "" {
			p.places, err = ask(v, asked, now, within, "comune")
		}
		return p, err
	}
}

// A leaf is what votes of a page are told apart by.
type leaf struct{ service, channel question.Group }

// A counted is what a page is made of.
type counted struct {
	*page
	kit
	meta     *Meta
	values   [parts][schema.ValueMax]uint64 // Of all.
	cells    []*pageCell                    // By service and channel, in the order of their texts.
	motives  []motive
	days     []pageDay
	lastVote schema.Hour // The last hour with a vote; 0 for none.

	marks *marker
	lacks [parts]bool // Votes are not shown to who asks.

	offices, services, channels, comuni int // Of which there are votes.
	parts                               []pagePlace
	sides                               [2]*side // The time asked for and the one before, as far as they compare.
	apart                               pair
	mix                                 []weight
	use                                 turnout.Row
}

// A pageCell is the votes of a service and channel.
type pageCell struct {
	service, category, channel string
	values                     [parts][schema.ValueMax]uint64
	now                        observation
	status                     figures.Status // That votes do not say.
}

// Answer makes the page.
func (p *page) Answer(ctx context.Context, r Reading) (*Document, error) {
	c := &counted{page: p, kit: kitOf(&p.inquiry)}
	if err := c.countCells(ctx, r); err != nil {
		return nil, err
	}
	if err := c.countDays(ctx, r); err != nil {
		return nil, err
	}
	if p.places != nil {
		if err := c.countPlaces(ctx, r); err != nil {
			return nil, err
		}
	}
	if err := c.countUse(ctx, r); err != nil {
		return nil, err
	}
	c.compare()
	return c.document(), nil
}

// countUse counts how many of those who were served voted, where any are known.
func (c *counted) countUse(ctx context.Context, r Reading) error {
	if !r.Lots && (r.Served == nil || !r.Served.Complete() || c.codes != nil && !slices.ContainsFunc(c.codes, r.Served.Knows)) {
		return nil
	}
	p, err := c.ofUse()
	if err != nil {
		return err
	}
	rows, _, err := p.count(ctx, r)
	if err == nil && len(rows) > 0 {
		c.use = *rows[0]
	}
	return err
}

// frameOf returns the frame of q over its time and the one before, by parts.
func frameOf(q *question.Question) *question.Frame {
	with, of := q.Compare.With, q.Compare.Of
	f := q.Frame(calendar.Span{From: min(with.From, q.From), Next: q.Next})
	passes := f.Hours // By filters of time.
	f.Hours = make([]question.Group, f.Next-f.From)
	set := func(s calendar.Span, to part) {
		if from, next := max(s.From, f.From), min(s.Next, f.Next); from < next {
			hours := f.Hours[from-f.From : next-f.From]
			for i := range hours {
				hours[i] = to
			}
		}
	}
	set(calendar.Span{From: f.From, Next: f.Next}, question.Out)
	set(with, partBefore)
	set(q.Span, partRest)
	set(of, partPassed)
	for i, passing := range passes {
		if passing == question.Out {
			f.Hours[i] = question.Out
		}
	}
	return f
}

// countCells counts by service, channel and part, with reasons.
func (c *counted) countCells(ctx context.Context, r Reading) error {
	q := c.Question
	if r.Lots {
		q = q.By(slices.DeleteFunc(slices.Clone(q.Group), func(d *question.Dimension) bool { return d.Of == question.OfOffice })...)
	}
	f := frameOf(q)
	f.Reasons = !r.Lots
	counts, err := r.Count(ctx, f)
	if err != nil {
		return err
	}
	c.marks = r.markerOf(f, counts, question.Span{From: f.From, Next: f.Next})
	c.marks.tellOfNobody(r, f)
	for _, key := range counts.Partial {
		c.lacks[key.Hour] = true
	}
	at := make(map[leaf]int, len(counts.Rows))
	var offices, services, channels seen
	known := texts{frame: f}
	for i := range counts.Rows {
		row := &counts.Rows[i]
		k := leaf{row.Service, row.Channel}
		n, ok := at[k]
		if !ok {
			n = len(c.cells)
			at[k] = n
			c.cells = append(c.cells, known.cell(k))
		}
		of := row.Hour
		c.cells[n].values[of] = plus(c.cells[n].values[of], row.Values)
		c.values[of] = plus(c.values[of], row.Values)
		if of != partBefore {
			c.cells[n].status |= c.marks.of(row.Key, c.Span, row.N())
			services.add(row.Service)
			channels.add(row.Channel)
			if c.places == nil && !r.Lots && f.Text(question.OfOffice, 0, row.Office) != "" {
				offices.add(row.Office)
			}
		}
	}
	c.offices, c.services, c.channels = offices.n, services.n, channels.n
	slices.SortFunc(c.cells, comparePageCells)
	if r.Lots {
		return c.countWhole(ctx, r)
	}
	c.addMotives(counts.Reasons)
	return nil
}

// countWhole counts by part alone: lots that name no service or channel are in it, too.
// How many offices there are lots do not say.
func (c *counted) countWhole(ctx context.Context, r Reading) error {
	f := frameOf(c.By())
	f.Reasons = true
	counts, err := r.Count(ctx, f)
	if err != nil {
		return err
	}
	c.offices, c.values, c.lacks = unknown, [parts][schema.ValueMax]uint64{}, [parts]bool{}
	for i := range counts.Rows {
		row := &counts.Rows[i]
		c.values[row.Hour] = plus(c.values[row.Hour], row.Values)
	}
	for _, key := range counts.Partial {
		c.lacks[key.Hour] = true
	}
	c.addMotives(counts.Reasons)
	return nil
}

// unknown is a number that nobody can tell.
const unknown = -1

// texts are the texts of groups that were asked for, each made once.
type texts struct {
	frame    *question.Frame
	services [][2]string // And categories.
	channels []string
}

// cell returns the cell of k, without votes.
func (t *texts) cell(k leaf) *pageCell {
	for int(k.service) >= len(t.services) {
		g := question.Group(len(t.services))
		t.services = append(t.services, [2]string{t.frame.Text(question.OfService, 0, g), t.frame.Text(question.OfService, 1, g)})
	}
	for int(k.channel) >= len(t.channels) {
		t.channels = append(t.channels, t.frame.Text(question.OfChannel, 0, question.Group(len(t.channels))))
	}
	return &pageCell{service: t.services[k.service][0], category: t.services[k.service][1], channel: t.channels[k.channel]}
}

// seen counts groups, each once.
type seen struct {
	there []bool
	n     int
}

func (s *seen) add(g question.Group) {
	for int(g) >= len(s.there) {
		s.there = append(s.there, false)
	}
	if !s.there[g] {
		s.there[g] = true
		s.n++
	}
}

// addMotives adds up the reasons of the time asked for.
func (c *counted) addMotives(reasons []question.ReasonCount) {
	var sums [256]uint64 // By key.
	for i := range reasons {
		if reasons[i].Hour != partBefore {
			sums[reasons[i].Reason] += reasons[i].N
		}
	}
	var all []question.ReasonCount
	for key, n := range sums {
		if n > 0 {
			all = append(all, question.ReasonCount{Reason: schema.ReasonKey(key), N: n})
		}
	}
	whole := plus(c.values[partPassed], c.values[partRest])
	for v := c.scale.Max(); v >= 1; v-- { // The best first, as faces are.
		c.motives = append(c.motives, motiveOf(v, whole[v-1], all, statusOf(c.Span, c.Now)))
	}
}

// A pagePlace is the votes of a place within a page's.
type pagePlace struct {
	code string
	observation
}

// countPlaces counts the time asked for by the places that the page's has.
func (c *counted) countPlaces(ctx context.Context, r Reading) error {
	f := c.places.Frame(c.Span)
	counts, err := r.Count(ctx, f)
	if err != nil {
		return err
	}
	c.comuni = len(counts.Rows)
	if r.Lots { // Those of a province name no comune.
		f = c.places.By(c.places.Group[0]).Frame(c.Span)
		if counts, err = r.Count(ctx, f); err != nil {
			return err
		}
	}
	sums, status := make(map[string][schema.ValueMax]uint64), make(map[string]figures.Status)
	marks := r.markerOf(f, counts, c.Span)
	for i := range counts.Rows {
		row := &counts.Rows[i]
		code := f.Text(question.OfComune, 0, row.Comune)
		sums[code] = plus(sums[code], row.Values)
		status[code] |= marks.of(row.Key, c.Span, row.N())
	}
	for _, code := range slices.Sorted(maps.Keys(sums)) {
		c.parts = append(c.parts, pagePlace{code, c.observe(sums[code], statusOf(c.Span, c.Now)|status[code], 0)})
	}
	return nil
}
