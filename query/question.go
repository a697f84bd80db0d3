package query

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"mlf/schema"
	"mlf/schema/registry"
)

// yearsMax is the longest time of one question (protocol §5).
const yearsMax = 5

// topMax is the most rows that `top` may ask for.
const topMax = 1000

// A question is what a request to /v1/stats asks.
type question struct {
	schema.StatsQuery
	group   []string            // Names of the columns, in the order asked.
	filters map[string][]string // As asked, with the defaults.
	top     int                 // 0 for all rows.
	format  format
	faces   bool          // The values are faces: scale mlf3 and no other.
	rounded bool          // From or Next is not as asked, but a whole hour before or behind it.
	today   registry.Date // The day whose codes the rows have; 0 where they have none.
	nothing bool          // The filters contradict each other: no vote can pass.
}

// columns are the names of the columns that can be grouped by, by number.
//
//nolint:gochecknoglobals // a table that never changes
var columns = []string{
	schema.ColumnRegion:   "region",
	schema.ColumnProvince: "province",
	schema.ColumnComune:   "comune",
	schema.ColumnOffice:   "office",
	schema.ColumnService:  "service",
	schema.ColumnChannel:  "channel",
	schema.ColumnScale:    "scale",
	schema.ColumnClass:    "class",
	schema.ColumnHour:     "hour",
	schema.ColumnDay:      "day",
	schema.ColumnWeek:     "week",
	schema.ColumnMonth:    "month",
}

// ask reads the question that r asks.
func ask(r *http.Request, reg *registry.Registry, clock clock) (*question, error) {
	values, err := parameters(r, "from", "to", "group", "region", "province", "comune", "office", "service", "channel",
		"scale", "class", "top", "format")
	if err != nil {
		return nil, err
	}
	q := &question{filters: make(map[string][]string)}
	for _, read := range []func() error{
		func() error { return q.readTime(values, clock) },
		func() error { return q.readGroup(values) },
		func() error { return q.readPlaces(values, places{reg, clock.zone}) },
		func() error { return q.readAttributes(values, reg) },
		func() error { return q.readScale(values) },
		func() error { return q.readShape(values, r.Header.Values("Accept")) },
	} {
		if err := read(); err != nil {
			return nil, err
		}
	}
	q.label(reg, registry.DateOf(clock.now.In(clock.zone)))
	return q, nil
}

func (q *question) readTime(values url.Values, clock clock) error {
	for _, end := range []struct {
		name string
		hour *schema.Hour
		up   bool
	}{{"from", &q.From, false}, {"to", &q.Next, true}} {
		text, err := single(values, end.name)
		if err != nil {
			return err
		}
		if text == "" {
			return badParameter(end.name, "missing; want a date or an instant")
		}
		m, err := clock.parse(text, end.up)
		if err != nil {
			return badParameter(end.name, "%q: %v", text, err)
		}
		*end.hour, q.rounded = m.hour, q.rounded || m.rounded
	}
	if q.Next <= q.From {
		return badParameter("to", "want a time after from: the end is exclusive")
	}
	if q.Next.Time().After(q.From.Time().In(clock.zone).AddDate(yearsMax, 0, 0)) {
		return tooMuch("to", "more than %d years; ask year by year and add up", yearsMax)
	}
	return nil
}

func (q *question) readGroup(values url.Values) error {
	if len(values["group"]) == 1 && values.Get("group") == "" {
		return nil // group= is the same as no group.
	}
	var timed string
	for _, given := range values["group"] {
		for name := range strings.SplitSeq(given, ",") {
			column := schema.Column(max(0, slices.Index(columns[1:], name)+1))
			switch {
			case column == 0:
				return badParameter("group", "%q: want %s", name, strings.Join(columns[1:], ", "))
			case slices.Contains(q.Group, column):
				return badParameter("group", "%q: want each column once", name)
			case column >= schema.ColumnHour && timed != "":
				return badParameter("group", "%q: want only one of hour, day, week, month; %q is there already", name, timed)
			case column >= schema.ColumnHour:
				timed = name
			}
			q.Group = append(q.Group, column)
			q.group = append(q.group, name)
		}
	}
	return nil
}

func (q *question) keep(name string, texts []string) {
	if len(texts) > 0 {
		q.filters[name] = texts
	}
}

func (q *question) readAttributes(values url.Values, reg *registry.Registry) error {
	service := func(code string) (schema.ServiceID, error) {
		s, ok := reg.ServiceByCode(code)
		if !ok {
			return 0, fmt.Errorf("%q: want a code of /v1/registry/services", code)
		}
		return s.ID, nil
	}
	class := func(code string) (schema.Class, error) {
		if code == classAll {
			return 0, nil
		}
		return schema.ParseClass(code)
	}
	var texts []string
	var err error
	if q.Offices, texts, err = parseList(values, "office", schema.ParseOffice); err != nil {
		return err
	}
	q.keep("office", texts)
	if q.Services, texts, err = parseList(values, "service", service); err != nil {
		return err
	}
	q.keep("service", texts)
	if q.Channels, texts, err = parseList(values, "channel", schema.ParseChannel); err != nil {
		return err
	}
	q.keep("channel", texts)
	if q.Classes, texts, err = parseList(values, "class", class); err != nil {
		return err
	}
	switch {
	case slices.Contains(texts, classAll):
		q.Classes, texts = nil, []string{classAll}
	case len(texts) == 0:
		q.Classes, texts = []schema.Class{schema.ClassOK}, []string{schema.ClassOK.String()}
	}
	q.keep("class", texts)
	return nil
}

// classAll is the filter that lets every class pass.
const classAll = "all"

// readScale reads the scales. Their values mean different things, so counts of
// several are never added up.
func (q *question) readScale(values url.Values) error {
	scales, texts, err := parseList(values, "scale", schema.ParseScale)
	if err != nil {
		return err
	}
	if len(scales) == 0 {
		scales, texts = []schema.Scale{schema.ScaleMLF3}, []string{schema.ScaleMLF3.String()}
	}
	if len(scales) > 1 && !slices.Contains(q.Group, schema.ColumnScale) {
		return badParameter("scale", "several scales do not add up; ask for one, or with group=scale")
	}
	q.Scales = scales
	q.faces = len(scales) == 1 && scales[0] == schema.ScaleMLF3
	q.keep("scale", texts)
	return nil
}

func (q *question) readShape(values url.Values, accept []string) error {
	top, err := single(values, "top")
	if err != nil {
		return err
	}
	if values.Has("top") {
		if q.top, err = strconv.Atoi(top); err != nil || q.top < 1 || q.top > topMax {
			return badParameter("top", "%q: want a number from 1 to %d", top, topMax)
		}
	}
	format, err := single(values, "format")
	if err != nil {
		return err
	}
	switch {
	case values.Has("format"):
		if q.format = formatOf(format); q.format == "" {
			return badParameter("format", "%q: want json, csv or excel", format)
		}
	case prefersCSV(accept):
		q.format = formatCSV
	default:
		q.format = formatJSON
	}
	return nil
}

// What should be cheap to read: a comune's votes lie side by side, and so do
// those of a month.
const (
	narrowDays  = 100
	narrowPlace = 100 // Comuni.
)

// isWide tells whether a question asks for much: a long time of many places.
func (q *question) isWide() bool {
	few := len(q.Comuni) > 0 && len(q.Comuni) <= narrowPlace
	return !few && q.Next-q.From > narrowDays*24
}
