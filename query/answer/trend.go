package answer

import (
	"context"
	"slices"
	"strings"
	"time"

	"mlf/query/calendar"
	"mlf/query/figures"
	"mlf/query/format"
	"mlf/query/question"
	"mlf/schema"
)

// What a trend may have: as much as a chart can show, and some more for those who
// make one of their own.
const (
	seriesMax = 250
	stepsMax  = 2250    // Three months by hour, or five years by day, and some.
	pointsMax = 100_000 // Of all series.
)

// steps are the steps of a trend, with the longest time that is shown by each where
// nobody asks for another.
func steps() []struct {
	name string
	days schema.Hour
} {
	return []struct {
		name string
		days schema.Hour
	}{{"hour", 3}, {"day", 100}, {"week", 400}, {"month", 5*366 + 1}, {"quarter", 0}, {"year", 0}}
}

// A trend is how figures went, step by step, in one series or by a dimension.
type trend struct {
	inquiry
	step string
	days *question.Question // The same by day; nil where no effect is wanted.
}

func askTrend(v *question.Vocabulary, values question.Values, now time.Time) (Inquiry, error) {
	by, err := readBy(values, false, groups(v)...)
	if err != nil {
		return nil, err
	}
	t := &trend{inquiry: inquiry{endpoint: "trend", by: by}}
	if t.clustered, err = readInterval(values); err != nil {
		return nil, err
	}
	if t.step, err = readStep(v, values, now); err != nil {
		return nil, err
	}
	filled := make(question.Values, len(values)+1)
	for name, given := range values {
		filled[name] = given
	}
	filled["fill"] = []string{"zero"}
	if t.Question, err = ask(v, filled, now, append(slices.Clone(by), t.step)...); err != nil {
		return nil, err
	}
	if t.clustered {
		t.days, err = ask(v, values, now, append(slices.Clone(by), "day")...)
	}
	return t, err
}

// readStep reads the step; by default the shortest that suits the time asked for.
func readStep(v *question.Vocabulary, values question.Values, now time.Time) (string, error) {
	var names []string
	for _, s := range steps() {
		names = append(names, s.name)
	}
	if _, ok := values["step"]; ok {
		return choice(values, "step", names...)
	}
	q, err := ask(v, values, now)
	if err != nil {
		return "", err
	}
	for _, s := range steps() {
		if q.Next-q.From <= s.days*24+1 { // A day has 25 hours once a year.
			return s.name, nil
		}
	}
	return "month", nil
}

// A curve is one series: the row that says what it is of, and its points.
type curve struct {
	row         int // Of the table.
	key         string
	total, then observation
}

// A chart is a trend on its way from counts to a document.
type chart struct {
	*trend
	kit
	table      *question.Table
	grid, past []question.Step // Of the time asked for, and of that compared with.
	place      map[question.Group]int
	curves     []curve
	points     []observation // Of each curve, len(grid) of them.
	before     []observation // Of each curve, len(past) of them; none where nothing is compared.
	effects    effects
	marks      *marker
	marksThen  *marker // Nil where nothing is compared.
}

// Answer makes the trend.
func (t *trend) Answer(ctx context.Context, r Reading) (*Document, error) {
	c := &chart{trend: t, kit: kitOf(&t.inquiry), place: make(map[question.Group]int)}
	f := t.Frame(t.Asked())
	c.grid = begun(f.Grid(), t.Now)
	for i, step := range c.grid {
		c.place[step.Group] = i
	}
	if len(c.grid) > stepsMax {
		return nil, tooMuch("step", "%d steps, more than %d; ask for a longer step or a shorter time", len(c.grid), stepsMax)
	}
	counts, err := r.Count(ctx, f)
	if err != nil {
		return nil, err
	}
	var other *question.Frame
	var before *question.Counts
	if t.Compare != nil {
		other = f.Against(t.Compare.With)
		if before, err = r.Count(ctx, other); err != nil {
			return nil, err
		}
		past := begun(other.Grid(), t.Now)
		c.past = past[:min(len(past), len(c.grid))]
		c.marksThen = r.markerOf(other, before, t.Compare.With)
	}
	if c.marks = r.markerOf(f, counts, t.Span); byPlace(t.Question) {
		c.marks.tellOfNobody(r, f)
	}
	if c.clustered {
		if c.effects, err = c.countEffects(ctx, r, t.days, c.stepOf); err != nil {
			return nil, err
		}
	}
	if c.table, err = f.Tables(counts, other, before); err != nil {
		return nil, tooMuch("by", "too many series of too many steps; ask for a longer step, or for fewer by a filter")
	}
	if err := c.draw(); err != nil {
		return nil, err
	}
	formulas := c.formulas()
	if t.Compare != nil {
		formulas = append(formulas, figures.FormulaChange)
	}
	meta := t.metaOf(r, counts, formulas...)
	meta.Step, meta.Fill = t.step, ""
	return c.document(meta), nil
}

// begun returns the steps that have begun at now.
func begun(grid []question.Step, now schema.Hour) []question.Step {
	return slices.DeleteFunc(grid, func(s question.Step) bool { return s.From > now })
}

// stepOf returns a number that is the same for days of one step.
func (t *trend) stepOf(d calendar.Day) int32 {
	switch t.step {
	case "week":
		return int32(d.Monday())
	case "month":
		return int32(d.Month())
	case "quarter":
		return int32(d.Month().Quarter())
	case "year":
		return int32(d.Month().Year())
	}
	return int32(d)
}

// draw makes the curves of the rows, which come sorted: series by series.
func (c *chart) draw() error {
	var now, then []stroke // Of the curve that is drawn.
	for i := range c.table.Rows {
		row := &c.table.Rows[i]
		key := keyOf(c.table, row, len(c.by))
		if n := len(c.curves); n == 0 || c.curves[n-1].key != key {
			c.end(now, then)
			if len(c.curves) == seriesMax || (len(c.curves)+1)*len(c.grid) > pointsMax {
				return tooMuch("by", "more than %d series, or %d points; ask for a longer step, for fewer by a filter, or for /v1/ranking", seriesMax, pointsMax)
			}
			c.curves = append(c.curves, curve{row: i, key: key})
			now, then = make([]stroke, len(c.grid)), make([]stroke, len(c.past))
		}
		at, ok := c.place[row.Hour]
		if !ok {
			continue // It has not begun: clocks of terminals may be ahead.
		}
		now[at] = stroke{row.Values, c.marks.of(row.Key, c.grid[at].Span, row.N())}
		if at < len(then) {
			k, values := row.Key, c.table.Before[i].Values
			k.Hour = c.past[at].Group
			then[at] = stroke{values, c.marksThen.of(k, c.past[at].Span, sum(values))}
		}
	}
	c.end(now, then)
	return nil
}

// A stroke is the votes of a step of the curve that is drawn, and what marks them.
type stroke struct {
	values [schema.ValueMax]uint64
	status figures.Status
}

// end makes the figures of the curve that was drawn last.
func (c *chart) end(now, then []stroke) {
	if len(c.curves) == 0 {
		return
	}
	last := &c.curves[len(c.curves)-1]
	var sum, sumThen stroke
	for i := range now {
		step := &c.grid[i]
		status := statusOf(step.Span, c.Now) | now[i].status
		if step.Running {
			status |= figures.Running
		}
		effect := c.effects[effectKey{last.key, c.stepOf(c.Clock().DayOf(step.From))}]
		c.points = append(c.points, c.observe(now[i].values, status, effect))
		sum.add(&now[i])
	}
	for i := range then {
		c.before = append(c.before, c.observe(then[i].values, statusOf(c.past[i].Span, c.Now)|then[i].status, 0))
		sumThen.add(&then[i])
	}
	last.total = c.observe(sum.values, statusOf(c.Span, c.Now)|sum.status, c.effects[effectKey{last.key, allDays}])
	if c.Compare != nil {
		last.then = c.observe(sumThen.values, statusOf(c.Compare.With, c.Now)|sumThen.status, 0)
	}
}

// add adds a step: a sum has its breaks, and lacks what it lacks.
func (s *stroke) add(o *stroke) {
	s.values = plus(s.values, o.values)
	s.status |= o.status & (figures.Break | figures.Suppressed)
}

func plus(a, b [schema.ValueMax]uint64) [schema.ValueMax]uint64 {
	for i := range a {
		a[i] += b[i]
	}
	return a
}

func (c *chart) document(m *Meta) *Document {
	keys := format.FirstColumns(c.table, len(c.by))
	points := c.fields("", within(c.points))
	before := append(c.fields("", within(c.before)), c.change(func(i int) (then, now *observation) {
		return &c.before[i], &c.points[i/len(c.past)*len(c.grid)+i%len(c.past)]
	}))
	series := func(dst []byte, i int) []byte {
		v := &c.curves[i]
		dst = appendObject(append(dst, `{"key":`...), keys, v.row)
		dst = appendObject(append(dst, `,"total":`...), c.fields("", single(&v.total)), 0)
		dst = appendList(append(dst, `,"points":`...), points, i*len(c.grid), (i+1)*len(c.grid))
		if c.Compare != nil {
			dst = appendObject(append(dst, `,"compare_total":`...), c.fields("", single(&v.then)), 0)
			dst = appendList(append(dst, `,"compare":`...), before, i*len(c.past), (i+1)*len(c.past))
		}
		return append(dst, '}')
	}
	d := &Document{Name: c.endpoint, Span: c.Asked(), Meta: m, members: []member{objects("grid", len(c.grid), gridFields(c.grid))}}
	if c.Compare != nil {
		d.members = append(d.members, objects("compare_grid", len(c.past), gridFields(c.past)))
	}
	d.members = append(d.members, member{"series", len(c.curves), series})
	d.Sheet = sheetOf(m, "trend by "+c.step, len(c.points), c.columns(keys))
	return d
}

// gridFields are the fields of steps.
func gridFields(grid []question.Step) []format.Field {
	return []format.Field{
		{Name: "step", Kind: format.KindText, Text: func(i int) (string, bool) { return grid[i].Text, true }},
		{Name: "from", Kind: format.KindHour, Time: func(i int) (time.Time, bool) { return grid[i].From.Time(), true }},
		{Name: "to", Kind: format.KindHour, Time: func(i int) (time.Time, bool) { return grid[i].Next.Time(), true }},
		{Name: "partial", Kind: format.KindTruth, Truth: func(i int) (bool, bool) { return grid[i].Running || grid[i].Cut, true }},
	}
}

// columns are the fields of a table of points: what each is of, when, its figures,
// and those it is compared with.
func (c *chart) columns(keys []format.Field) []format.Field {
	steps := len(c.grid)
	step := func(i int) int { return i % steps }
	fields := atRows(keys, func(i int) int { return c.curves[i/steps].row })
	grid := atRows(gridFields(c.grid), step)
	fields = append(fields, c.time(step), grid[1], grid[2], grid[3])
	if c.step == "hour" {
		fields = append(fields, format.LocalHour(c.Clock().Zone(), func(i int) schema.Hour { return c.grid[step(i)].From }))
	}
	fields = append(fields, c.fields("", within(c.points))...)
	if c.Compare == nil {
		return fields
	}
	then := func(i int) *observation {
		if step(i) >= len(c.past) {
			return nil
		}
		return &c.before[i/steps*len(c.past)+step(i)]
	}
	compared := slices.DeleteFunc(c.fields("compare_", then), func(f format.Field) bool { return strings.HasSuffix(f.Name, "_status") })
	return append(append(fields, compared...), c.change(func(i int) (_, now *observation) { return then(i), &c.points[i] }))
}

// change is the field of how the votes changed.
func (c *chart) change(of func(i int) (then, now *observation)) format.Field {
	return shareField("n_change", func(i int) (float64, bool) {
		then, now := of(i)
		if then == nil {
			return 0, false
		}
		return figures.Change(then.n, now.n)
	})
}

// time is the field of the step, as the column of a table is.
func (c *chart) time(step func(int) int) format.Field {
	f := format.Field{Name: c.step, Kind: format.KindText, Text: func(i int) (string, bool) { return c.grid[step(i)].Text, true }}
	switch c.step {
	case "hour":
		f.Kind, f.Time = format.KindHour, func(i int) (time.Time, bool) { return c.grid[step(i)].From.Time(), true }
	case "day":
		f.Kind, f.Time = format.KindDay, func(i int) (time.Time, bool) { return c.Clock().DayOf(c.grid[step(i)].From).Time(), true }
	}
	return f
}
