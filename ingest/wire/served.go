package wire

import (
	"fmt"
	"strconv"
	"strings"

	"mlf/schema"
	"mlf/schema/served"
)

// A ServedForm is what numbers of served users are read and judged against. Its
// functions are asked many times for one body.
type ServedForm struct {
	Enrolled *schema.Enrolment                          // Who sends: rows are of its comune.
	Service  func(code string) (schema.ServiceID, bool) // What is a service besides those of the terminal.
	Held     func(served.Key) (served.Served, bool)
	Room     func(served.Key) bool           // For a number that is the first of its key.
	Day      func(schema.Instant) schema.Day // The day by Rome's clock.
	Now      schema.Instant                  // When the first byte of the request came.
	RowsMax  int                             // From 1.
}

// servedDays is how many days before today may be told of: a year and some weeks, as
// long as a vote may be late.
const servedDays schema.Day = 400

// FirstServedDay returns the first day that may be told of when it is today.
func FirstServedDay(today schema.Day) schema.Day { return today - min(today, servedDays) }

// A Fault says why a row is not taken. Everything in it is a text of this package.
type Fault struct {
	Index  int // Of the row in its body, from 0.
	Code   string
	Detail string
}

// ServedFaults are the codes that a Fault of served users may have; a word never
// changes its meaning.
func ServedFaults() []string {
	return []string{
		"bad_row", "bad_day", "bad_office", "bad_channel", "bad_served", "bad_revision", "unknown_service", "foreign_comune",
		"stale", "conflict", "too_many_places", "bad_queue", "other_queue",
	}
}

// A ServedReport is what becomes of a body's rows.
type ServedReport struct {
	Rows      []served.Served // To be put, in their order.
	Unchanged int             // Rows that are on the topic as they are.
	Rejected  []Fault
	said      map[served.Key]served.Served // By the rows before.
	form      *ServedForm
}

// AppendAnswer appends to dst what the sender is told of r, in JSON.
func (r *ServedReport) AppendAnswer(dst []byte) []byte {
	dst = strconv.AppendInt(append(dst, `{"accepted":`...), int64(len(r.Rows)+r.Unchanged), 10)
	dst = strconv.AppendInt(append(dst, `,"unchanged":`...), int64(r.Unchanged), 10)
	dst = append(dst, `,"rejected":[`...)
	for i, f := range r.Rejected {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = fmt.Appendf(dst, `{"index":%d,"code":%q,"detail":%q}`, f.Index, f.Code, f.Detail)
	}
	return append(dst, `],"warnings":[]}`...)
}

// reject notes why row i is not taken.
func (r *ServedReport) reject(i int, code, detail string) {
	r.Rejected = append(r.Rejected, Fault{i, code, detail})
}

// take puts s, unless what holds already says no. A lower revision is told to its
// sender, who may have two programs that count the same.
func (r *ServedReport) take(i int, s *served.Served) {
	before, known := r.before(s.Key)
	switch {
	case !known || s.Revision > before.Revision:
		r.put(i, s, known)
	case s.Revision < before.Revision:
		r.reject(i, "stale", fmt.Sprintf("revision %d holds, %s", before.Revision, told(&before)))
	case s.Compare(&before) != 0:
		r.reject(i, "conflict", fmt.Sprintf("revision %d was told before, %s: raise it to correct that", before.Revision, told(&before)))
	default:
		r.Unchanged++
	}
}

// put notes that s, of row i, is to be put, if it has room: where another of its key
// is known, it has.
func (r *ServedReport) put(i int, s *served.Served, known bool) {
	if !known && !r.form.Room(s.Key) {
		r.reject(i, "too_many_places", "this comune has numbers of as many offices, services and channels as it may have")
		return
	}
	if r.said == nil {
		r.said = make(map[served.Key]served.Served)
	}
	r.said[s.Key] = *s
	r.Rows = append(r.Rows, *s)
}

// before returns the number that holds for k, the rows before included.
func (r *ServedReport) before(k served.Key) (served.Served, bool) {
	if s, ok := r.said[k]; ok {
		return s, true
	}
	return r.form.Held(k)
}

// told says what s says, for people.
func told(s *served.Served) string {
	if s.Withdrawn {
		return "withdrawn"
	}
	return fmt.Sprintf("of %d users", s.Users)
}

// A statement is one row as it is stated: read, not yet judged.
type statement struct {
	comune, office, service, channel, day word
	served, revision                      quantity
	broken                                bool // It is no row at all.
	blank                                 bool // A line without any field, as spreadsheets leave behind.
}

// A word is a text attribute; an empty one is as good as absent.
type word struct {
	text  string
	state given
}

// A quantity is a number as it is stated.
type quantity struct {
	number
	withdrawn bool // The word "withdrawn" in place of one.
	state     given
}

// or fills in what w leaves out.
func (w word) or(common word) word {
	if w.state == absent {
		return common
	}
	return w
}

// or fills in what q leaves out.
func (q quantity) or(common quantity) quantity {
	if q.state == absent {
		return common
	}
	return q
}

// judge decides the rows, to each of which common applies where it says nothing.
func (f *ServedForm) judge(common *statement, rows []statement) *ServedReport {
	r := &ServedReport{form: f}
	today := f.Day(f.Now)
	for i := range rows {
		if rows[i].blank {
			continue
		}
		row := rows[i].over(common)
		s, code, detail := f.read(&row, today)
		if code != "" {
			r.reject(i, code, detail)
			continue
		}
		r.take(i, &s)
	}
	return r
}

// over returns what row states, and common where it states nothing.
func (row statement) over(common *statement) statement {
	return statement{
		comune: row.comune.or(common.comune), office: row.office.or(common.office), service: row.service.or(common.service),
		channel: row.channel.or(common.channel), day: row.day.or(common.day),
		served: row.served.or(common.served), revision: row.revision.or(common.revision), broken: row.broken,
	}
}

// read makes a number of served users of row; code is empty where it could.
func (f *ServedForm) read(row *statement, today schema.Day) (s served.Served, code, detail string) {
	if row.broken {
		return s, "bad_row", "want an object, or a line with as many fields as the header"
	}
	s.Comune = f.Enrolled.Comune
	if row.comune.state != absent && row.comune.text != s.Comune.String() {
		return s, "foreign_comune", "the token is of comune " + s.Comune.String()
	}
	var ok bool
	if s.Office, ok = f.office(row.office); !ok {
		return s, "bad_office", "want letters, digits, '.', '_' or '-', at most 32"
	}
	if s.Service, ok = f.service(row.service); !ok {
		return s, "unknown_service", "want the code of a service of this terminal or of the registry"
	}
	if s.Channel, ok = f.channel(row.channel); !ok {
		return s, "bad_channel", "want counter, totem, phone, web or digital"
	}
	if s.Day, ok = parseDay(row.day.text); !ok {
		return s, "bad_day", "want a day like 2026-11-25"
	}
	if s.Day > today || s.Day < FirstServedDay(today) {
		return s, "bad_day", wantDay(today)
	}
	users, ok := row.served.whole()
	if s.Withdrawn = row.served.withdrawn; !s.Withdrawn && (!ok || users > served.UsersMax) {
		return s, "bad_served", "want an integer from 0 to 1000000, or withdrawn"
	}
	revision, ok := row.revision.whole()
	if !ok || revision < 1 || revision > f.revisionMax() {
		return s, "bad_revision", "want an integer from 1 to the time in microseconds since 1970, " + strconv.FormatInt(f.revisionMax(), 10)
	}
	s.Users, s.Revision = uint32(users), uint64(revision)
	return s, "", ""
}

// revisionMax is the highest revision that is taken: a time in microseconds, of a clock
// that may be a day fast. It grows, so whatever was told, by mistake or by a thief,
// can be corrected tomorrow.
func (f *ServedForm) revisionMax() int64 {
	const day = 24 * 60 * 60 * 1000
	return min(int64(f.Now+day)*1000, served.RevisionMax)
}

// wantDay says which days may be told of.
func wantDay(today schema.Day) string {
	return "want a day from " + FirstServedDay(today).String() + " to " + today.String() + ", today in Rome"
}

// office returns the office that w names; the terminal's where it names none.
func (f *ServedForm) office(w word) (schema.OfficeCode, bool) {
	if w.state == absent {
		return f.Enrolled.Office, true
	}
	office, err := schema.ParseOffice(w.text)
	return office, err == nil && w.state == valid
}

// service returns the service that w names in any case; the terminal's own where it
// names none, as it is for votes.
func (f *ServedForm) service(w word) (schema.ServiceID, bool) {
	if w.state != valid {
		return f.Enrolled.DefaultService(), w.state == absent
	}
	for _, s := range f.Enrolled.Services {
		if sameWord(s.Code, []byte(w.text)) {
			return s.ID, true
		}
	}
	if id, ok := f.Service(w.text); ok {
		return id, true
	}
	return f.Service(strings.ToLower(w.text))
}

// channel returns the channel that w names in any case; the terminal's where it
// names none.
func (f *ServedForm) channel(w word) (schema.Channel, bool) {
	if w.state != valid {
		return f.Enrolled.Channel, w.state == absent
	}
	c, err := schema.ParseChannel(strings.ToLower(w.text))
	return c, err == nil
}

// parseDay reads 2026-11-25, and 25/11/2026 as an Italian Excel makes of it.
func parseDay(text string) (schema.Day, bool) {
	if day, rest, ok := strings.Cut(text, "/"); ok {
		month, year, _ := strings.Cut(rest, "/")
		text = year + "-" + twoWide(month) + "-" + twoWide(day)
	}
	day, err := schema.ParseDay(text)
	return day, err == nil
}

// twoWide writes a number of one digit with two.
func twoWide(digits string) string {
	if len(digits) == 1 {
		return "0" + digits
	}
	return digits
}
