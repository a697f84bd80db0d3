// Package form takes what sources say that keep no state: ratings of municipal sites,
// uplinks of boxes, calls of telephone exchanges, counters of devices. What they say
// becomes an event of the log, under an identity by which the count tells repetition from
// news.
//
// It knows registry, bodies and events. It must not know HTTP or Kafka: who calls it reads
// requests and appends records.
package form

import (
	"errors"
	"fmt"
	"hash/fnv"
	"net/netip"
	"strings"
	"time"

	"mlf/ingest/call"
	"mlf/ingest/uplink"
	"mlf/schema"
	"mlf/schema/event"
	"mlf/schema/proxies"
	"mlf/schema/source"
)

// The paths, or how they begin.
const (
	RatingsPath  = "/v1/ratings/" // And a site's name.
	UplinksPath  = "/v1/uplinks/" // And a network's code.
	CallsPath    = "/v1/calls/"   // And the code of a kind of exchange.
	CountersPath = "/v1/counters"
)

// BodyMax is the longest body that any of them sends, in bytes, as sent and decoded.
const BodyMax = 64 << 10

// A Problem is why something was not taken.
type Problem uint8

// The problems.
const (
	NoSuchSource  Problem = iota + 1 // Nothing is enrolled under that name, or there is no such path.
	NoSuchDevice                     // The integration has no device of that address.
	UnknownToken                     // No token, or one that nobody has.
	Ended                            // The source was closed or revoked.
	OtherOrigin                      // The page is of another site.
	OtherWay                         // The source speaks another way: what comes by two would count twice.
	OtherQuestion                    // The form asks what the site has no terminal for.
	Malformed                        // The body is not of the expected shape.
	BadValue                         // The rating has no value.
	Uncountable                      // What the device tells cannot be counted without losing votes.
	TooFast                          // Too many from one client, or for one site.
)

// An Error is a Problem in words.
type Error struct {
	Problem Problem
	Detail  string
	Retry   time.Duration // Of TooFast: when it may come again.
}

func (e *Error) Error() string { return e.Detail }

func refuse(p Problem, format string, args ...any) error {
	return &Error{Problem: p, Detail: fmt.Sprintf(format, args...)}
}

// ErrNothing says that a body is well, and nothing of it counts: a bot fell for the trap
// that is laid for it, a network told of a join. Who sent it is told that all is well.
var ErrNothing = errors.New("nothing to count")

// A Desk judges requests. Safe for concurrent use.
type Desk struct {
	sources   *source.Sources
	terminals *schema.Terminals
	sites     rates
	clients   rates
	missed    missed
}

// Config holds the limits of a Desk. Zero stands for the default.
type Config struct {
	// SiteAMinute is the most ratings of one site a minute; default 600. ClientAMinute
	// is the most of one network of clients, /24 or /56; default 30, less than 0 for any.
	SiteAMinute, ClientAMinute int
}

// New returns a desk for who is in sources and terminals.
func New(sources *source.Sources, terminals *schema.Terminals, cfg Config) *Desk {
	return &Desk{
		sources:   sources,
		terminals: terminals,
		sites:     newRates(cfg.SiteAMinute, 600),
		clients:   newRates(cfg.ClientAMinute, 30),
	}
}

// A Request is what is known of one before its body.
type Request struct {
	Path   string
	Event  string     // The query parameter of that name.
	Origin string     // Of the page; "" for none.
	Host   string     // At which the service was asked.
	Token  []byte     // Of Authorization: Bearer; nil for none.
	Client netip.Addr // Who sends; the zero Addr is nobody in particular.
	Kind   string     // Content-Type.
	At     time.Time  // When it came.
}

// A Sender is who sends, as far as is known before the body.
type Sender struct {
	desk        *Desk
	request     Request
	site        *source.Site
	integration *source.Integration
	terminal    *schema.Enrolment // Of counters.
}

// Admit finds who sends r. Its error is an *Error.
func (d *Desk) Admit(r Request) (*Sender, error) {
	s := &Sender{desk: d, request: r}
	switch {
	case r.Path == CountersPath:
		return s, s.admitTerminal()
	case strings.HasPrefix(r.Path, RatingsPath):
		return s, s.admitSite(strings.TrimPrefix(r.Path, RatingsPath))
	case strings.HasPrefix(r.Path, UplinksPath):
		code := strings.TrimPrefix(r.Path, UplinksPath)
		if _, err := uplink.ParseNetwork(code); err != nil {
			return s, refuse(NoSuchSource, "%v", err)
		}
		return s, s.admitIntegration(source.Way(code))
	case strings.HasPrefix(r.Path, CallsPath):
		code := strings.TrimPrefix(r.Path, CallsPath)
		if _, err := call.ParseKind(code); err != nil {
			return s, refuse(NoSuchSource, "%v", err)
		}
		return s, s.admitIntegration(source.Way(code))
	}
	return s, refuse(NoSuchSource, "want %s, %s, %s or %s", RatingsPath, UplinksPath, CallsPath, CountersPath)
}

func (s *Sender) admitTerminal() error {
	if s.request.Token == nil {
		return refuse(UnknownToken, "want Authorization: Bearer with the token of an enrolled terminal")
	}
	s.terminal = s.desk.terminals.ByToken(s.request.Token)
	if s.terminal == nil {
		return refuse(UnknownToken, "want Authorization: Bearer with the token of an enrolled terminal")
	}
	return s.alive(s.terminal)
}

// alive refuses a terminal that was revoked, or closed: what a source says is of now.
func (s *Sender) alive(e *schema.Enrolment) error {
	if e.Revoked || !e.Closed.IsZero() && s.request.At.Sub(e.Closed) > closedGrace {
		return refuse(Ended, "terminal %v may send no more", e.Terminal)
	}
	return nil
}

// closedGrace is how long after its closure a terminal's source may still be on its way.
const closedGrace = 2 * time.Minute

func (s *Sender) admitSite(name string) error {
	s.site = s.desk.sources.Site(name)
	switch {
	case s.site == nil:
		return refuse(NoSuchSource, "want the name of a site after %s", RatingsPath)
	case s.site.Closed:
		return refuse(Ended, "the site was closed")
	case s.site.Way == source.Import:
		return refuse(OtherWay, "the site's ratings are imported; what comes by two ways would count twice")
	case !s.site.Allows(s.request.Origin) && !s.request.isOwn():
		return refuse(OtherOrigin, "want a page of one of the site's own addresses")
	}
	if wait := s.desk.clients.take(proxies.Network(s.request.Client).String(), s.request.At); wait > 0 {
		return &Error{TooFast, "too many ratings from one network", wait}
	}
	if wait := s.desk.sites.take(s.site.Name, s.request.At); wait > 0 {
		return &Error{TooFast, "too many ratings for one site", wait}
	}
	return nil
}

// isOwn tells whether the page is this service's own, behind the code on a poster.
func (r *Request) isOwn() bool {
	_, host, ok := strings.Cut(r.Origin, "://")
	return ok && strings.EqualFold(host, r.Host)
}

func (s *Sender) admitIntegration(w source.Way) error {
	if s.request.Token != nil {
		s.integration = s.desk.sources.ByToken(s.request.Token)
	}
	switch {
	case s.integration == nil:
		return refuse(UnknownToken, "want Authorization: Bearer with the token of an integration")
	case s.integration.Revoked:
		return refuse(Ended, "the integration was revoked")
	case s.integration.Way != w:
		return refuse(OtherWay, "the integration is of %s", s.integration.Way)
	}
	return nil
}

// ID returns a number that tells senders apart, for limits of what each may do at once.
func (s *Sender) ID() schema.TerminalID {
	h := fnv.New64a()
	switch {
	case s.terminal != nil:
		return s.terminal.Terminal
	case s.site != nil:
		_, _ = h.Write([]byte(s.site.Name)) // Never fails.
	case s.integration != nil:
		_, _ = h.Write([]byte(s.integration.Name))
	}
	return schema.TerminalID(h.Sum64())
}

// A Said is what is to be written: a record, on the partition of a slot.
type Said struct {
	Slot   schema.Slot
	Record []byte
	Name   string // What it is, for metrics: "rating", "reading" or "call".
}

// Judge makes of body what is to be written. first is when the request's first byte was
// read, last when all of it had been. The error is ErrNothing or an *Error.
func (s *Sender) Judge(body []byte, first, last schema.Instant) (Said, error) {
	switch {
	case s.terminal != nil:
		return s.counters(body, first, last)
	case s.site != nil:
		return s.rating(body, first, last)
	case strings.HasPrefix(s.request.Path, UplinksPath):
		return s.uplink(body, first, last)
	}
	return s.call(body, first, last)
}

// sourceOf returns what events of e share.
func sourceOf(e *schema.Enrolment, last schema.Instant) event.Source {
	return event.Source{
		Terminal: e.Terminal, Slot: e.Slot, Comune: e.Comune, Office: e.Office, Channel: e.Channel, Scale: e.Scale, Test: e.Test, Ingested: last,
	}
}

// terminalOf returns the terminal that is counted for a source.
func (s *Sender) terminalOf(id schema.TerminalID) (*schema.Enrolment, error) {
	e := s.desk.terminals.ByID(id)
	if e == nil {
		return nil, refuse(NoSuchSource, "terminal %v, of the source, is not enrolled", id)
	}
	return e, s.alive(e)
}
