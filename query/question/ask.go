package question

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"mlf/query/calendar"
	"mlf/schema"
)

// yearsMax is the longest time of one question (protocol §5).
const yearsMax = 5

// Parameters are the names of the parameters that Ask reads.
func (v *Vocabulary) Parameters() []string {
	names := []string{"from", "to", "period", "compare", "fill", "at_least", "names", "group", "region", "province", "comune", "office", "service", "channel", "scale", "class"}
	for _, d := range v.all {
		if d.parse != nil {
			names = append(names, d.Name)
		}
	}
	return names
}

// Ask returns the question that values ask at the time now. Parameters that it
// does not know are the caller's. An error is an Error.
func (v *Vocabulary) Ask(values Values, now time.Time) (*Question, error) {
	q := &Question{Filters: make(map[string][]string), Now: schema.HourOf(now), clock: v.clock, codes: v.codes}
	r := &asker{v, q, values, now}
	for _, read := range []func() error{r.readTime, r.readGroup, r.readPlaces, r.readAttributes, r.readScale, r.readFilters, r.readShape, r.readNames} {
		if err := read(); err != nil {
			return nil, err
		}
	}
	if slices.ContainsFunc(q.Group, func(d *Dimension) bool { return d.Of == OfComune }) {
		r.today()
	}
	return q, nil
}

// today gives rows the codes that hold today, and places what they are today.
func (r *asker) today() *atlas {
	r.q.atlas = r.atlasAt(r.now)
	return r.q.atlas
}

// An asker reads values into a question.
type asker struct {
	*Vocabulary
	q      *Question
	values Values
	now    time.Time
}

func (r *asker) readTime() error {
	q := r.q
	read := r.readSpan
	if _, ok := r.values["period"]; ok {
		read = r.readPeriod
	}
	if err := read(); err != nil {
		return err
	}
	if r.tooLong(q.Span) {
		return tooMuch("to", "more than %d years; ask year by year and add up", yearsMax)
	}
	return r.readCompare()
}

func (r *asker) tooLong(s Span) bool {
	return s.Next.Time().After(s.From.Time().In(r.clock.Zone()).AddDate(yearsMax, 0, 0))
}

func (r *asker) readSpan() error {
	q := r.q
	for _, end := range []struct {
		name string
		hour *schema.Hour
		end  calendar.End
	}{{"from", &q.From, calendar.First}, {"to", &q.Next, calendar.Next}} {
		text, err := Single(r.values, end.name)
		if err != nil {
			return err
		}
		if text == "" {
			return wrong(end.name, "missing; want a date or an instant")
		}
		m, err := r.clock.Moment(text, r.now, end.end)
		if err != nil {
			return wrong(end.name, "%q: %v", text, err)
		}
		*end.hour, q.Rounded = m.Hour, q.Rounded || m.Rounded
	}
	if q.Next <= q.From {
		return wrong("to", "want a time after from: the end is exclusive")
	}
	return nil
}

func (r *asker) readPeriod() error {
	text, err := Single(r.values, "period")
	if err != nil {
		return err
	}
	for _, other := range []string{"from", "to"} {
		if _, ok := r.values[other]; ok {
			return wrong("period", "want either period, or from and to")
		}
	}
	if r.q.Span, err = r.clock.Period(text, r.now); err != nil {
		return wrong("period", "%v", err)
	}
	r.q.Period = text
	return nil
}

func (r *asker) readCompare() error {
	text, err := Single(r.values, "compare")
	if _, ok := r.values["compare"]; err != nil || !ok {
		return err
	}
	c, err := r.clock.Compare(r.q.Span, text, r.now)
	if err != nil {
		return wrong("compare", "%v", err)
	}
	if r.tooLong(c.With) {
		return tooMuch("compare", "more than %d years", yearsMax)
	}
	r.q.Compare = &c
	return nil
}

// readShape reads what rows are wanted besides those that were counted, and how
// far the counts must have come.
func (r *asker) readShape() error {
	q := r.q
	fill, err := Single(r.values, "fill")
	if err != nil {
		return err
	}
	if _, ok := r.values["fill"]; ok {
		if fill != "zero" {
			return wrong("fill", "%q: want zero", fill)
		}
		if !slices.ContainsFunc(q.Group, func(d *Dimension) bool { return d.Of == OfHour }) {
			return wrong("fill", "want a column of time in group: one of %s", strings.Join(r.times(), ", "))
		}
		q.Fill = true
	}
	text, err := Single(r.values, "at_least")
	if _, ok := r.values["at_least"]; err != nil || !ok {
		return err
	}
	if q.AtLeast, err = ParsePosition(text); err != nil {
		return wrong("at_least", "%v", err)
	}
	return nil
}

func (r *asker) readGroup() error {
	if given := r.values["group"]; len(given) == 1 && given[0] == "" {
		return nil // group= is the same as no group.
	}
	for _, given := range r.values["group"] {
		for name := range strings.SplitSeq(given, ",") {
			if err := r.addGroup(name); err != nil {
				return err
			}
		}
	}
	return nil
}

func (r *asker) addGroup(name string) error {
	i := slices.Index(r.names, name)
	if i < 0 {
		return wrong("group", "%q: want %s", name, strings.Join(r.names, ", "))
	}
	d := r.all[i]
	for _, there := range r.q.Group {
		switch {
		case there == d:
			return wrong("group", "%q: want each column once", name)
		case there.Of == OfHour && d.Of == OfHour && !isClockFace(there, d):
			return wrong("group", "%q: want only one of %s, or weekday with hour_of_day; %q is there already", name, strings.Join(r.times(), ", "), there.Name)
		}
	}
	r.q.Group = append(r.q.Group, d)
	return nil
}

// isClockFace tells whether a and b are the two dimensions of time that may stand
// together: a week by its hours.
func isClockFace(a, b *Dimension) bool {
	return a.Name == "weekday" && b.Name == "hour_of_day" || a.Name == "hour_of_day" && b.Name == "weekday"
}

// times returns the names of the dimensions of time.
func (v *Vocabulary) times() []string {
	var names []string
	for _, d := range v.all {
		if d.Of == OfHour {
			names = append(names, d.Name)
		}
	}
	return names
}

// read reads a list of the parameter name into the list that passes.
func read[T any](r *asker, name string, passing *[]T, parse func(string) (T, error)) error {
	parsed, texts, err := ParseList(r.values, name, parse)
	if err != nil {
		return err
	}
	if len(texts) > 0 {
		*passing, r.q.Filters[name] = parsed, texts
	}
	return nil
}

func (r *asker) readAttributes() error {
	q := r.q
	if err := read(r, "office", &q.offices, schema.ParseOffice); err != nil {
		return err
	}
	if err := read(r, "service", &q.services, r.parseService); err != nil {
		return err
	}
	if err := read(r, "channel", &q.channels, schema.ParseChannel); err != nil {
		return err
	}
	if err := read(r, "class", &q.classes, parseClass); err != nil {
		return err
	}
	switch texts := q.Filters["class"]; {
	case slices.Contains(texts, classAll):
		q.classes, q.Filters["class"] = nil, []string{classAll}
	case len(texts) == 0:
		q.classes, q.Filters["class"] = []schema.Class{schema.ClassOK}, []string{schema.ClassOK.String()}
	}
	return nil
}

func (r *asker) parseService(code string) (schema.ServiceID, error) {
	id, ok := r.registry.ServiceID(code)
	if !ok {
		return 0, fmt.Errorf("%q: want a code of /v1/registry/services", code)
	}
	return id, nil
}

// classAll is the filter that lets every class pass.
const classAll = "all"

func parseClass(code string) (schema.Class, error) {
	if code == classAll {
		return 0, nil
	}
	return schema.ParseClass(code)
}

// readScale reads the scales. Their values mean different things, so counts of
// several are never added up.
func (r *asker) readScale() error {
	q := r.q
	if err := read(r, "scale", &q.scales, schema.ParseScale); err != nil {
		return err
	}
	if q.scales == nil {
		q.scales, q.Filters["scale"] = []schema.Scale{schema.ScaleMLF3}, []string{schema.ScaleMLF3.String()}
	}
	if len(q.scales) > 1 && !q.Has("scale") {
		return wrong("scale", "several scales do not add up; ask for one, or with group=scale")
	}
	q.Faces = len(q.scales) == 1 && q.scales[0] == schema.ScaleMLF3
	return nil
}
