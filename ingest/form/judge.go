package form

import (
	"cmp"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"strings"

	"mlf/ingest/call"
	"mlf/ingest/rating"
	"mlf/ingest/uplink"
	"mlf/schema"
	"mlf/schema/event"
	"mlf/schema/source"
)

// rating judges a rating of a site.
func (s *Sender) rating(body []byte, first, last schema.Instant) (Said, error) {
	r, err := rating.Read(s.request.Kind, body)
	switch {
	case errors.Is(err, rating.ErrHoneypot), errors.Is(err, rating.ErrNotRating):
		return Said{}, ErrNothing
	case errors.Is(err, rating.ErrBadValue):
		return Said{}, refuse(BadValue, "%v", err)
	case err != nil:
		return Said{}, refuse(Malformed, "%v", err)
	case (s.site.Way == source.Script) != r.HasID:
		return Said{}, refuse(OtherWay, "the site's ratings come by its %s; what comes by two ways would count twice", s.site.Way)
	}
	e, service, err := s.placed(&r, last)
	if err != nil {
		return Said{}, err
	}
	v := event.Vote{Key: r.ID, At: first, Service: service, Value: r.Value, Reason: r.Reason}
	b := event.Batch{Source: sourceOf(e, last), Memory: event.MemoryRating}
	b.Test = b.Test || r.Test
	if r.HasAge {
		v.At -= schema.Instant(r.AgeMS)
	}
	switch {
	case r.HasMessage: // A message is opened again after months, too.
		b.Memory, v.Key = event.MemoryCall, event.Key(r.Message)
	case !r.HasID:
		b.Memory, v.Key = event.MemoryForm, keyOf(&r)
	}
	b.Votes = []event.Vote{v}
	return Said{b.Slot, b.Append(nil), "rating"}, nil
}

// placed returns the terminal and the service that are counted for r, which had come at
// last. What the form says that it asks goes before what the table says of its page.
//
// The question is that of the table by which r was given, not of now: it decides on the
// terminal, and a rating that is sent again must come to the one that knows its id.
func (s *Sender) placed(r *rating.Rating, last schema.Instant) (*schema.Enrolment, schema.ServiceID, error) {
	e, err := s.starred(s.site.Terminal)
	if err != nil {
		return nil, 0, err
	}
	given := s.desk.sources.Pages(s.site.Name, (last - schema.Instant(r.AgeMS)).Time())
	table := s.desk.sources.Pages(s.site.Name, last.Time())
	page := PageOf(table, e, r)
	if asked := cmp.Or(r.Question, PageOf(given, e, r).Question, Asks(e)); asked != Asks(e) {
		if s.site.Other == 0 {
			return nil, 0, refuse(OtherQuestion, "the form asks for %v, and the site's ratings are of %v: enrol it as a site of its own, or with a table of pages that names the question", asked, Asks(e))
		}
		if e, err = s.starred(s.site.Other); err != nil {
			return nil, 0, err
		}
		if Asks(e) != asked {
			return nil, 0, refuse(NoSuchSource, "terminal %v, of the site, asks for %v, too", e.Terminal, Asks(e))
		}
		page = PageOf(table, e, r)
	}
	if page.Missed && !r.Test {
		s.desk.missed.count(table, r.Page)
	}
	return e, page.Service, nil
}

// starred returns the terminal of a site, which has five stars.
func (s *Sender) starred(id schema.TerminalID) (*schema.Enrolment, error) {
	e, err := s.terminalOf(id)
	if err == nil && e.Scale != schema.ScaleStars5 {
		return nil, refuse(NoSuchSource, "terminal %v, of the site, has not five stars", e.Terminal)
	}
	return e, err
}

// keyOf makes a key for a rating without an id. Who wrote something, and sends the same
// again, has sent it twice; of all others nobody can tell, and the key only keeps the
// tries of this request apart from others.
func keyOf(r *rating.Rating) (key event.Key) {
	if !r.HasText {
		_, _ = rand.Read(key[:]) // Never fails (crypto/rand, Go 1.24).
		return key
	}
	h := sha256.New()
	h.Write([]byte{byte(r.Value), byte(r.Reason), byte(r.Question)})
	h.Write(r.Text[:])
	h.Write([]byte(r.Page))
	copy(key[:], h.Sum(nil))
	return key
}

// uplink judges what a network pushed of a box.
func (s *Sender) uplink(body []byte, first, last schema.Instant) (Said, error) {
	network, err := uplink.ParseNetwork(string(s.integration.Way))
	if err != nil {
		return Said{}, refuse(NoSuchSource, "%v", err)
	}
	u, err := uplink.Read(network, s.request.Event, body)
	switch {
	case errors.Is(err, uplink.ErrOther):
		return Said{}, ErrNothing
	case err != nil:
		return Said{}, refuse(Malformed, "%v", err)
	}
	d := s.desk.sources.Device(s.integration.Name, u.Device)
	if d == nil {
		return Said{}, refuse(NoSuchDevice, "the integration has no device of that address")
	}
	e, err := s.terminalOf(d.Terminal)
	if err != nil {
		return Said{}, err
	}
	if u.Simulated { // By hand, from a console: its session is none of the box's, and would end that.
		return Said{}, ErrNothing
	}
	frame, err := uplink.Smilio(u.Payload)
	switch {
	case errors.Is(err, uplink.ErrOther):
		return Said{}, ErrNothing
	case err != nil:
		return Said{}, refuse(Malformed, "%v", err)
	}
	r := event.Counters{
		Source: sourceOf(e, last), Service: e.DefaultService(), Since: schema.InstantOf(e.Since), At: believed(u.At, first), Epoch: u.Session, Frame: u.Frame,
		MostAMinute: mostAMinute(d.MostAMinute), Carried: true, FromZero: d.FromZero, Wraps: true,
	}
	switch frame.Kind {
	case uplink.Boot:
		r.Restart = true
	case uplink.Counters:
		for i, v := range valuesOf(d, e.Scale) {
			if v > 0 && v <= e.Scale.Max() && i < len(frame.Counters) {
				r.Values[v-1] = uint64(frame.Counters[i])
			}
		}
	case uplink.Pulse:
		return Said{}, refuse(Uncountable, "the device tells only what is new, and a frame that is lost takes its votes with it: set it to counters")
	default:
		return Said{}, ErrNothing // Batteries, and codes that are nobody's business.
	}
	return Said{r.Slot, r.Append(nil), "reading"}, nil
}

// usualMostAMinute is how many votes a minute a device is believed: one a second.
const usualMostAMinute = 60

func mostAMinute(n uint32) uint32 {
	if n == 0 {
		return usualMostAMinute
	}
	return min(n, event.MostAMinuteMax)
}

// valuesOf returns what the buttons of d stand for: of three faces the first is green.
func valuesOf(d *source.Device, s schema.Scale) []schema.Value {
	if len(d.Values) > 0 {
		return d.Values
	}
	values := make([]schema.Value, s.Max())
	for i := range values {
		values[i] = s.Max() - schema.Value(i)
	}
	return values
}

// believed returns at, where it can be when a request came at first; else first.
func believed(at, first schema.Instant) schema.Instant {
	if at <= 0 || at > first+schema.VoteAheadMax/2 || at < first-schema.VoteAgeMax {
		return first
	}
	return at
}

// call judges a call of a telephone exchange.
func (s *Sender) call(body []byte, first, last schema.Instant) (Said, error) {
	kind, err := call.ParseKind(string(s.integration.Way))
	if err != nil {
		return Said{}, refuse(NoSuchSource, "%v", err)
	}
	c, err := call.Read(kind, body)
	switch {
	case errors.Is(err, call.ErrOther):
		return Said{}, ErrNothing
	case err != nil:
		return Said{}, refuse(Malformed, "%v", err)
	}
	serial, id, ok := strings.Cut(c.ID, "/")
	if !ok {
		serial, id = "", c.ID
	}
	d := s.desk.sources.Device(s.integration.Name, serial)
	if d == nil {
		return Said{}, refuse(NoSuchDevice, "the integration has no exchange of that serial number")
	}
	e, err := s.terminalOf(d.Terminal)
	if err != nil {
		return Said{}, err
	}
	value, known := ValueOfKey(d, e.Scale, c.Key)
	if !known {
		return Said{}, ErrNothing // Somebody pressed a key that stands for nothing.
	}
	v := event.Vote{Key: KeyOfCall(c), At: first, Service: ServiceOfQueue(d, e, c.Queue), Value: value}
	if began, ok := call.Began(id); ok {
		v.At = believed(began, first)
	}
	if c.HasAt {
		v.At = believed(c.At, first)
	}
	b := event.Batch{Source: sourceOf(e, last), Memory: event.MemoryCall, Votes: []event.Vote{v}}
	return Said{b.Slot, b.Append(nil), "call"}, nil
}

// KeyOfCall returns the key of a call: the same however it is told, and whatever the case
// of the letters in which an exchange's number is written.
func KeyOfCall(c call.Call) event.Key {
	c.ID = strings.ToLower(c.ID)
	return c.Identity()
}

// ValueOfKey returns what a key of a telephone stands for; false for nothing.
func ValueOfKey(d *source.Device, s schema.Scale, key string) (schema.Value, bool) {
	keypad := call.KeypadOf(s, false)
	if d.Keypad != "" {
		keypad, _ = call.ParseKeypad(s, d.Keypad) // Whoever enrolled it has looked; else no key stands for anything.
	}
	return keypad.Value(key)
}

// ServiceOfQueue returns the service that the queue of a call is of.
func ServiceOfQueue(d *source.Device, e *schema.Enrolment, queue string) schema.ServiceID {
	if queue == "" {
		return e.DefaultService()
	}
	code := queue
	if mapped, ok := d.Queues[queue]; ok {
		code = mapped
	}
	id, _ := e.Service([]byte(code))
	return id
}

// counters judges where the counters of a device stand.
func (s *Sender) counters(body []byte, first, last schema.Instant) (Said, error) {
	e := s.terminal
	epoch, seq, values, err := uplink.ReadCounters(e.Scale, body)
	if err != nil {
		return Said{}, refuse(Malformed, "%v", err)
	}
	r := event.Counters{
		Source: sourceOf(e, last), Service: e.DefaultService(), Since: schema.InstantOf(e.Since), At: first, Epoch: epoch, Frame: seq, Values: values,
		MostAMinute: usualMostAMinute,
	}
	return Said{r.Slot, r.Append(nil), "reading"}, nil
}
