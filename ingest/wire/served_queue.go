package wire

import (
	"bytes"
	"encoding/json"
	"errors"
	"hash/fnv"
	"io"
	"strconv"
	"strings"

	"mlf/schema"
	"mlf/schema/served"
)

// A queue system tells the number on its display (ticketServed of a QueueMonitor,
// FIWARE smart data models), which is a ticket's and no count: it may begin anywhere,
// and shows yesterday's at opening. What is honest is how far the display has moved
// since it was first seen on a day, run by run: where it goes back, numbering has
// begun again, and a run begins. Who was called before the first look, or never came
// when called, no display tells.

// QueueMonitor reads and judges body: a QueueMonitor, an array of them, or an NGSI
// notification with such an array as data; attributes as plain values or as objects
// with a value. The error is ErrTooMany, or says for people what is wrong with the
// body as a whole.
func (f *ServedForm) QueueMonitor(body []byte) (*ServedReport, error) {
	text, err := utf8Text(body)
	if err != nil {
		return nil, err
	}
	monitors, notified, err := monitorsIn(text, f.RowsMax)
	if err != nil {
		return nil, err
	}
	r := &ServedReport{form: f}
	for i, raw := range monitors {
		var m monitor
		if json.Unmarshal(raw, &m) != nil {
			r.reject(i, "bad_row", "want an object")
			continue
		}
		f.called(r, i, m, notified)
	}
	return r, nil
}

// monitorsIn returns the entities in text, of which there may be most, and when they
// were sent, if it says so.
func monitorsIn(text []byte, most int) (all []json.RawMessage, notified string, err error) {
	if text = bytes.TrimSpace(text); len(text) > 0 && text[0] == '[' {
		all, err = elements(text, most)
		return all, "", err
	}
	var notification struct {
		Data     json.RawMessage `json:"data"`
		Notified string          `json:"notifiedAt"`
	}
	if json.Unmarshal(text, &notification) != nil {
		return nil, "", errors.New("want a QueueMonitor, an array of them, or a notification with data")
	}
	if notification.Data != nil {
		all, err = elements(notification.Data, most)
		return all, notification.Notified, err
	}
	return []json.RawMessage{text}, "", nil
}

// elements returns the elements of the array that text is. Those beyond most are not
// kept: small ones would take a hundred times the memory of the body.
func elements(text []byte, most int) (all []json.RawMessage, err error) {
	d := json.NewDecoder(bytes.NewReader(text))
	if open, err := d.Token(); err != nil || open != json.Delim('[') {
		return nil, errNoMonitors
	}
	for d.More() {
		var element json.RawMessage
		if d.Decode(&element) != nil {
			return nil, errNoMonitors
		}
		if len(all) == most {
			return nil, ErrTooMany
		}
		all = append(all, element)
	}
	if _, err := d.Token(); err != nil {
		return nil, errNoMonitors
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errNoMonitors
	}
	return all, nil
}

// errNoMonitors is the error of what should be an array of entities and is none.
var errNoMonitors = errors.New("want an array of QueueMonitor")

// A monitor is a QueueMonitor: its attributes, whatever they are.
type monitor map[string]json.RawMessage

// text returns the attribute called name where it is a text, else "".
func (m monitor) text(name string) string {
	var text string
	if value, _ := m.attribute(name); json.Unmarshal(value, &text) != nil {
		return ""
	}
	return strings.TrimSpace(text)
}

// attribute returns the value called name, and when it was observed, if it says so.
func (m monitor) attribute(name string) (value json.RawMessage, observed string) {
	raw := m[name]
	if len(raw) == 0 || raw[0] != '{' {
		return raw, ""
	}
	var attribute struct {
		Value    json.RawMessage `json:"value"`
		Observed string          `json:"observedAt"` // NGSI-LD.
		Metadata struct {
			Instant struct {
				Value string `json:"value"`
			} `json:"TimeInstant"` // NGSI v2.
		} `json:"metadata"`
	}
	if json.Unmarshal(raw, &attribute) != nil {
		return nil, ""
	}
	if attribute.Observed == "" {
		attribute.Observed = attribute.Metadata.Instant.Value
	}
	return attribute.Value, attribute.Observed
}

// called adds to r what monitor i says.
func (f *ServedForm) called(r *ServedReport, i int, m monitor, notified string) {
	id, kind := m.text("id"), m.text("type")
	if id == "" || !strings.HasSuffix(kind, "QueueMonitor") {
		r.reject(i, "bad_queue", "want an id and the type QueueMonitor")
		return
	}
	var s served.Served
	var ok bool
	s.Comune, s.Office, s.Channel = f.Enrolled.Comune, f.Enrolled.Office, f.Enrolled.Channel
	if s.Service, ok = f.serviceOf(m); !ok {
		r.reject(i, "unknown_service", "want serviceId or serviceName to be the code of a service of this terminal or of the registry")
		return
	}
	value, observed := m.attribute("ticketServed")
	ticket, ok := ticketOf(value)
	if !ok {
		r.reject(i, "bad_served", "want ticketServed, an integer from 0 to 2147483647")
		return
	}
	at, ok := f.observed(observed, m.text("dateObserved"), m.text("TimeInstant"), m.text("dateModified"), notified)
	today := f.Day(f.Now)
	if s.Day = f.Day(at); !ok || at > f.Now+aheadMax || s.Day < FirstServedDay(today) {
		r.reject(i, "bad_day", "the time of observation cannot be read or is ahead; "+wantDay(today))
		return
	}
	s.Day, s.Revision = min(s.Day, today), uint64(at)
	f.moved(r, i, &s, served.Tickets{Queue: queueOf(id), First: ticket, Last: ticket})
}

// serviceOf returns the service of m: the terminal's own where it names none.
func (f *ServedForm) serviceOf(m monitor) (id schema.ServiceID, ok bool) {
	ok = true
	for _, name := range []string{"serviceId", "serviceName"} {
		w := wordOf([]byte(m.text(name)))
		if id, known := f.service(w); known && w.state == valid {
			return id, true
		}
		ok = ok && w.state == absent
	}
	return f.Enrolled.DefaultService(), ok
}

// ticketOf reads the number of a ticket, bare or in quotation marks.
func ticketOf(value json.RawMessage) (uint32, bool) {
	n, err := strconv.ParseUint(strings.Trim(string(value), `"`), 10, 32)
	return uint32(n), err == nil && n <= served.TicketMax
}

// observed returns the first of times that is given, the request's own where none is.
func (f *ServedForm) observed(times ...string) (schema.Instant, bool) {
	for _, text := range times {
		if text != "" {
			at, ok := parseTime([]byte(text))
			return at, ok && at > 0
		}
	}
	return f.Now, true
}

// queueOf returns a name for a queue in 64 bits, not 0.
func queueOf(id string) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(id)) // Never fails.
	return max(1, h.Sum64())
}

// moved counts how far the display has moved to now.Last since it was last seen.
func (f *ServedForm) moved(r *ServedReport, i int, s *served.Served, now served.Tickets) {
	before, known := r.before(s.Key)
	was := before.Tickets
	switch {
	case !known, before.Withdrawn && s.Revision > before.Revision:
		s.Tickets = now
	case was.Queue != now.Queue:
		r.reject(i, "other_queue", "another queue, or somebody who counts, tells the number of this office, service and channel; or a later day is known")
		return
	case now.Last == was.Last:
		r.Unchanged++
		return
	case s.Revision <= before.Revision:
		r.reject(i, "stale", "a later observation holds")
		return
	case now.Last > was.Last:
		s.Tickets = was
		s.Tickets.Last = now.Last
	default: // Numbering has begun again.
		s.Tickets = now
		s.Tickets.Before = before.Users
	}
	users := uint64(s.Tickets.Before) + uint64(s.Tickets.Last-s.Tickets.First)
	if users > served.UsersMax {
		r.reject(i, "bad_served", "the display has moved by more than 1000000")
		return
	}
	s.Users = uint32(users)
	r.put(i, s, known)
}
