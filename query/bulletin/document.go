package bulletin

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"mlf/query/calendar"
	"mlf/query/figures"
	"mlf/query/format"
	"mlf/query/question"
	"mlf/schema"
)

// A Document is a bulletin, ready to be written in any form. It never changes.
type Document struct {
	Span   question.Span // The month, for the name of a file.
	Meta   *Meta
	tables []table
	asked  string // The table that was asked for; "" for none.
}

// A Meta says what a bulletin is of, and how it was made.
type Meta struct {
	Month string `json:"month"`
	From  string `json:"from"`
	To    string `json:"to"`
	Place Place  `json:"place"`

	Vintage     int        `json:"vintage"`
	Release     uint32     `json:"release"`
	PublishedOn string     `json:"published_on"` // The day on whose morning.
	GeneratedAt time.Time  `json:"generated_at"` // When the release was written: not when somebody asked.
	Compared    []Compared `json:"compared"`
	Provisional bool       `json:"provisional"`
	Revisions   string     `json:"revisions_note"`

	Disclosure string `json:"disclosure"`
	K          uint32 `json:"k"`
	Hold       bool   `json:"hold"`
	Published  uint64 `json:"published"`
	Waiting    uint64 `json:"waiting"` // Cut down to a multiple of K.

	Definition        string    `json:"definition"`
	Unit              string    `json:"unit"`
	Scale             string    `json:"scale"`
	ParticipationNote string    `json:"participation_note"`
	TimeZone          string    `json:"time_zone"`
	Formulas          []Formula `json:"formulas"`
	Licence           string    `json:"licence"`
}

// A Place is what a bulletin is of.
type Place struct {
	Level string `json:"level"`
	Code  string `json:"code,omitempty"`
	Name  string `json:"name,omitempty"`
}

// A Compared is a month that the headline is compared with.
type Compared struct {
	Name    string `json:"name"` // Of the fields: previous, year_ago.
	Month   string `json:"month"`
	Vintage int    `json:"vintage,omitempty"` // The newest when the bulletin was made; 0 for none.
}

// A Formula is how figures of a bulletin are made.
type Formula struct {
	Name figures.Formula `json:"name"`
	Text string          `json:"text"`
}

// What a bulletin says of itself.
const (
	definition    = "Votes of the programme's three faces that were counted as ok, cast at counters, totems, phones and the web, in the month by Rome's calendar."
	revisionsNote = "A vintage never changes. Votes that come late are in the next one, made on the 4th of a later month where there are any."
	frozenNote    = "As it was known on the day of publication. Votes are of any scale; those of lots that begin and end on days of which users are known, by the users of days that lie in no other lots."
	unknownNote   = "Not known: who was served was not frozen with this release."
	licence       = "CC BY 4.0, https://creativecommons.org/licenses/by/4.0/"
	statusNote    = "A normal; P provisional: late votes are still to be expected; L fewer than 30 votes; Q some votes are shown only for a coarser place"
)

// Document returns e, made once.
func (e *Edition) Document(ctx context.Context) (*Document, error) {
	if d := e.Made(); d != nil {
		return d, nil
	}
	d, err := e.print(ctx)
	if err != nil {
		return nil, err
	}
	p := e.press
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.made) >= madeMax {
		clear(p.made)
	}
	p.made[e.Name()] = d
	return d, nil
}

// Made returns e where it was made lately, else nil.
func (e *Edition) Made() *Document {
	e.press.mu.Lock()
	defer e.press.mu.Unlock()
	return e.press.made[e.Name()]
}

// print makes e.
func (e *Edition) print(ctx context.Context) (*Document, error) {
	p := &printing{Edition: e, lots: e.lotsOf(e.month, e.last().Release)}
	var err error
	if p.total, err = p.count(ctx, p.lots, e.month); err != nil {
		return nil, err
	}
	p.all = p.figureOf(p.total, &p.total.Rows[0])
	first, next := e.press.words.Clock().Hours(e.month)
	d := &Document{Span: question.Span{From: first, Next: next}, Meta: e.meta(p.all), asked: e.table}
	for _, name := range Tables() {
		sheet, err := p.maker(name)(ctx)
		if err != nil {
			return nil, fmt.Errorf("make %s: %w", name, err)
		}
		d.add(name, sheet)
	}
	return d, nil
}

// add adds a table. In files each row says of which month it is.
func (d *Document) add(name string, sheet *format.Sheet) {
	month := textField("month", func(int) string { return d.Meta.Month })
	sheet.Fields = slices.Insert(sheet.Fields, 0, month)
	sheet.ID, sheet.Title = "BULLETIN_"+strings.ToUpper(name), "bulletin "+strings.ReplaceAll(name, "_", " ")
	sheet.At, sheet.Notes = d.Meta.GeneratedAt, d.Meta.notes(sheet.Title)
	for k := range sheet.Fields {
		if f := &sheet.Fields[k]; f.Kind == format.KindStatus {
			sheet.Status = func(row int) string { codes, _ := f.Text(row); return codes }
		}
	}
	d.tables = append(d.tables, table{name: name, single: name == "headline" || name == "coverage", Sheet: sheet})
}

func (e *Edition) meta(all *figure) *Meta {
	v := e.last()
	first, next := e.press.words.Clock().Hours(e.month)
	m := &Meta{
		Month: e.month.String(), From: first.String(), To: next.String(), Place: Place{e.place.Level, e.place.Code, e.place.Name},
		Vintage: v.Number, Release: v.Release, PublishedOn: calendar.Day(v.Day).String(), GeneratedAt: v.At.UTC(),
		Provisional: all.status&figures.Provisional != 0, Revisions: revisionsNote,
		Disclosure: "lots", K: v.K, Hold: v.Hold, Published: v.Published, Waiting: v.Waiting - v.Waiting%uint64(max(1, v.K)),
		Definition: definition, Unit: "votes", Scale: schema.ScaleMLF3.String(), ParticipationNote: frozenNote, TimeZone: "Europe/Rome",
		Licence: licence,
	}
	if _, known := e.press.source.Turnout(v.Release, schema.Day(calendar.DayOf(e.month, 1))); !known {
		m.ParticipationNote = unknownNote
	}
	for _, o := range e.compared() {
		c := Compared{Name: o.name, Month: o.month.String()}
		if o.Vintage != nil {
			c.Vintage = o.Number
		}
		m.Compared = append(m.Compared, c)
	}
	for _, f := range []figures.Formula{figures.FormulaShare, figures.FormulaNet, figures.FormulaDifference, figures.FormulaChange, figures.FormulaParticipation} {
		m.Formulas = append(m.Formulas, Formula{f, f.Text()})
	}
	return m
}

// notes are what a file says of itself.
func (m *Meta) notes(title string) [][2]string {
	place := strings.TrimSpace(m.Place.Level + " " + m.Place.Code + " " + m.Place.Name)
	notes := [][2]string{
		{"title", title},
		{"month", m.Month},
		{"place", place},
		{"definition", m.Definition},
		{"unit", m.Unit},
		{"scale", m.Scale},
		{"vintage", strconv.Itoa(m.Vintage)},
		{"release", fmt.Sprint(m.Release)},
		{"published on", m.PublishedOn},
		{"revisions", m.Revisions},
		{"disclosure", fmt.Sprintf("lots of at least %d votes", m.K)},
		{"published votes of the month", fmt.Sprint(m.Published)},
		{"waiting, at least", fmt.Sprint(m.Waiting)},
		{"participation", m.ParticipationNote},
		{"time zone", m.TimeZone},
		{"status", statusNote},
	}
	for _, f := range m.Formulas {
		notes = append(notes, [2]string{"formula " + string(f.Name), f.Text})
	}
	return append(notes, [2]string{"generated at", m.GeneratedAt.Format(time.RFC3339)}, [2]string{"licence", m.Licence})
}

// Sheets returns the tables, all of them or the one that was asked for.
func (d *Document) Sheets() []*format.Sheet {
	var sheets []*format.Sheet
	for i := range d.tables {
		if d.asked == "" || d.tables[i].name == d.asked {
			sheets = append(sheets, d.tables[i].Sheet)
		}
	}
	return sheets
}

// Sheet returns the table that was asked for; the one by places, where none was.
func (d *Document) Sheet() *format.Sheet {
	name := cmp.Or(d.asked, "places")
	i := slices.IndexFunc(d.tables, func(t table) bool { return t.name == name })
	return d.tables[i].Sheet
}

// WriteJSON writes d as an object: meta, and a member for each table.
func (d *Document) WriteJSON(w io.Writer) error {
	meta, err := json.Marshal(d.Meta)
	if err != nil {
		return fmt.Errorf("encode meta: %w", err)
	}
	out := bufio.NewWriter(w)
	_, _ = out.Write(append([]byte(`{"meta":`), meta...)) // Flush has its error, and those below.
	for i := range d.tables {
		d.tables[i].write(out)
	}
	_, _ = out.WriteString("}\n")
	if err := out.Flush(); err != nil {
		return fmt.Errorf("write bulletin: %w", err)
	}
	return nil
}

// write writes t as a member, without the month, which meta has.
func (t *table) write(out *bufio.Writer) {
	_, _ = out.WriteString(`,"` + t.name + `":`)
	if !t.single {
		_ = out.WriteByte('[')
	}
	for i := range t.Len {
		if i > 0 {
			_ = out.WriteByte(',')
		}
		_, _ = out.Write(append(format.AppendMembers(append(out.AvailableBuffer(), '{'), t.Fields[1:], i), '}'))
	}
	if !t.single {
		_ = out.WriteByte(']')
	}
}
