package bulletin

import (
	"context"
	"fmt"
	"strconv"
	"sync"
	"time"

	"mlf/query/answer/words"
	"mlf/query/calendar"
	"mlf/query/disclosure"
	"mlf/query/question"
	"mlf/schema"
	"mlf/schema/registry"
)

// A Source is what is published. Kept by disclosure.Shelf. Safe for concurrent use.
type Source interface {
	// Releases returns the headers of all releases that are held, from the first on.
	Releases() []schema.Release

	// Lots returns what is published: all of Releases, if these were asked for before.
	Lots() *disclosure.Lots

	// Turnout returns what a release froze of the month with that first day; false where
	// it was not known who was served.
	Turnout(release uint32, first schema.Day) (rows []schema.Turnout, known bool)
}

// A Press makes bulletins. Safe for concurrent use.
type Press struct {
	source   Source
	registry *registry.Registry
	words    *question.Vocabulary // Its own: it asks as of the days on which vintages were made.

	mu   sync.Mutex
	lots map[printed]*disclosure.Lots
	made map[string]*Document // By name.
}

// A printed is the lots of a month up to a release, with the places of a day.
type printed struct {
	month   calendar.Month
	release uint32
	day     schema.Day
}

// printedMax is how many of these are kept: what a bulletin with its comparisons is
// made of, for a few readers who leaf through months. They share their votes with what
// is shown anyway.
const printedMax = 16

// madeMax is how many bulletins are kept, some 100 KB each: those that people look at.
const madeMax = 64

// New returns a press of what source has.
func New(source Source, reg *registry.Registry, clock calendar.Clock) *Press {
	return &Press{source: source, registry: reg, words: question.NewVocabulary(reg, clock), lots: make(map[printed]*disclosure.Lots), made: make(map[string]*Document)}
}

// Parameters are the names of the parameters that Ask reads.
func Parameters() []string { return []string{"vintage", "region", "province", "comune", "table"} }

// An Edition is the bulletin of a month in one vintage, of one place. It never changes.
type Edition struct {
	press    *Press
	month    calendar.Month
	vintages []disclosure.Vintage // Up to its own, which is the last.
	releases []schema.Release     // Up to its own.
	place    words.Place
	codes    []schema.ComuneID // Of the place, if it is a comune.
	filter   question.Values   // The place as a question has it.
	table    string            // "" where nobody asked for one.
	Newest   bool              // It was asked for as the newest there is.
}

// Ask returns the bulletin of a month that values ask for. An error is
// disclosure.ErrUnpublished
// or a *question.Error.
func (p *Press) Ask(month string, values question.Values, now time.Time) (*Edition, error) {
	m, err := parseMonth(month)
	if err != nil {
		return nil, err
	}
	releases := p.source.Releases()
	if len(releases) == 0 {
		return nil, disclosure.ErrUnpublished
	}
	e := &Edition{press: p, month: m, vintages: disclosure.Vintages(releases, m)}
	if len(e.vintages) == 0 {
		return nil, &question.Error{Parameter: "month", Detail: p.notYet(m, now), Missing: true}
	}
	if err := e.readVintage(values); err != nil {
		return nil, err
	}
	e.releases = releases[:e.last().Release]
	if err := e.readPlace(values); err != nil {
		return nil, err
	}
	return e, e.readTable(values)
}

func parseMonth(text string) (calendar.Month, error) {
	t, err := time.Parse("2006-01", text)
	if err != nil || t.Year() < 1970 || t.Year() > calendar.YearMax {
		return 0, &question.Error{Parameter: "month", Detail: fmt.Sprintf("%q: want a month (2026-10)", text), Missing: true}
	}
	return calendar.MonthOf(t.Year(), t.Month()), nil
}

// notYet says why there is no bulletin of m.
func (p *Press) notYet(m calendar.Month, now time.Time) string {
	due := disclosure.Due(m)
	if today := schema.Day(p.words.Clock().DayOf(schema.HourOf(now))); today <= due {
		return fmt.Sprintf("there is no bulletin of %v yet; its first is made in the night of %v", m, calendar.Day(due))
	}
	return fmt.Sprintf("there is no bulletin of %v: no votes of it were published", m)
}

// readVintage leaves e the vintages up to the one that is asked for.
func (e *Edition) readVintage(values question.Values) error {
	text, err := question.Single(values, "vintage")
	if _, ok := values["vintage"]; err != nil || !ok {
		e.Newest = true
		return err
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || strconv.Itoa(n) != text {
		return &question.Error{Parameter: "vintage", Detail: fmt.Sprintf("%q: want a number from 1 on", text)}
	}
	if n > len(e.vintages) {
		return &question.Error{
			Parameter: "vintage", Missing: true,
			Detail: fmt.Sprintf("%v has %d vintages; another can be made on the 4th of a month, where votes were added", e.month, len(e.vintages)),
		}
	}
	e.vintages = e.vintages[:n]
	return nil
}

func (e *Edition) last() *disclosure.Vintage { return &e.vintages[len(e.vintages)-1] }

// day returns the day on which e was made: places are as of it.
func (e *Edition) day() registry.Date { return registry.Date(e.last().Day) }

// readPlace reads of which place e is to be: the nation, where none is named.
func (e *Edition) readPlace(values question.Values) error {
	level, code := "", ""
	for _, name := range []string{"region", "province", "comune"} {
		text, err := question.Single(values, name)
		if err != nil {
			return err
		}
		if _, ok := values[name]; !ok {
			continue
		}
		if level != "" {
			return &question.Error{Parameter: name, Detail: "want one of region, province and comune"}
		}
		level, code = name, text
		e.filter = question.Values{name: {text}}
	}
	var ok bool
	if e.place, ok = words.FindPlace(e.press.registry, level, code, e.day()); !ok {
		return &question.Error{Parameter: level, Detail: fmt.Sprintf("%q: want a code of /v1/dimensions/%s", code, level)}
	}
	if id, err := schema.ParseComune(code); level == "comune" && err == nil {
		e.codes = e.press.registry.Codes(id)
	}
	return nil
}

func (e *Edition) readTable(values question.Values) error {
	text, err := question.Single(values, "table")
	if _, ok := values["table"]; err != nil || !ok {
		return err
	}
	for _, name := range Tables() {
		if name == text {
			e.table = text
			return nil
		}
	}
	return &question.Error{Parameter: "table", Detail: fmt.Sprintf("%q: want one of %v", text, Tables())}
}

// Vintage returns the number of e's vintage.
func (e *Edition) Vintage() int { return e.last().Number }

// Name is the same for all that are the same bulletin, and no others: a release is
// named by its attempt.
func (e *Edition) Name() string {
	return fmt.Sprintf("bulletin %v %x %s %s %s", e.month, e.releases[len(e.releases)-1].Attempt, e.place.Level, e.place.Code, e.table)
}

// lotsOf returns the lots of a month up to a release, with the places of e's day.
func (e *Edition) lotsOf(m calendar.Month, release uint32) *disclosure.Lots {
	p, key := e.press, printed{m, release, e.last().Day}
	p.mu.Lock()
	defer p.mu.Unlock()
	lots := p.lots[key]
	if lots == nil {
		lots = p.source.Lots().AsOf(m, release).At(disclosure.PlacesOf(p.registry, registry.Date(key.day)))
		if len(p.lots) >= printedMax {
			clear(p.lots)
		}
		p.lots[key] = lots
	}
	return lots
}

// rowsMax is more than any table of a bulletin has.
const rowsMax = 1_000_000

// A count is a table of a month's votes.
type count struct {
	*question.Table
	names []string // Of the columns.
}

// count counts lots of m by the columns of a group, with reasons where wanted. Scale
// as a column counts the votes of every scale.
func (e *Edition) count(ctx context.Context, lots *disclosure.Lots, m calendar.Month, group ...string) (*count, error) {
	values := question.Values{"period": {m.String()}, "group": group}
	for name, given := range e.filter {
		values[name] = given
	}
	for _, name := range group {
		if name == "scale" {
			for _, s := range schema.Scales() {
				values[name] = append(values[name], s.String())
			}
		}
	}
	q, err := e.press.words.Ask(values, e.last().At)
	if err != nil {
		return nil, err
	}
	f := q.Frame(q.Span)
	f.RowsMax, f.Reasons = rowsMax, len(group) == 0
	counts, err := lots.Shown(ctx, &f.Axes)
	if err != nil {
		return nil, fmt.Errorf("count lots of %v by %v: %w", m, group, err)
	}
	return &count{f.Table(counts), group}, nil
}
