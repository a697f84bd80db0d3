package network

import (
	"context"
	"fmt"
	"slices"
	"time"

	"mlf/query/answer"
	"mlf/query/answer/meta"
	"mlf/query/calendar"
	"mlf/query/format"
	"mlf/query/question"
	"mlf/schema"
	"mlf/schema/network"
	"mlf/schema/registry"
)

// A Source is what figures are made of, beside the lists.
type Source interface {
	// Network returns bodies, orders and terminals as far as they are known. It is
	// shared, and goes on changing.
	Network() *network.Network

	// Seen returns when each terminal was last seen, as of until: of votes that were
	// counted and cast before, and of signs that were given before. Votes of before the
	// ActiveDays that end then may be left out, and so are terminals that nobody has seen.
	// What it returns is the caller's. It blocks until ctx ends at the latest.
	Seen(ctx context.Context, until time.Time) (Sightings, error)
}

// Sightings are when terminals were last seen, and how far that is known.
type Sightings struct {
	Of    map[schema.TerminalID]Seen
	Since time.Time // Votes that came in since are known; zero: all that ever did.
	Signs bool      // Whether signs are known: not while they are read.
}

// clocksApart is how much earlier than it was cast a vote may have come in, by the clocks
// of a terminal and of two processes, and some minutes more.
const clocksApart = 5 * time.Minute

// votesKnown tells whether all votes are known of the days that figures as of until are of.
func (s *Sightings) votesKnown(until time.Time) bool {
	return s.Since.IsZero() || !s.Since.Add(clocksApart).After(until.AddDate(0, 0, -ActiveDays))
}

// Endpoint returns the one endpoint, whose answers are made of source.
func Endpoint(source Source) answer.Endpoint {
	return answer.Endpoint{Name: "network", Own: []string{"at", "by"}, Alone: true, Dated: true, Fresh: true, Ask: func(v *question.Vocabulary, values question.Values, now time.Time) (answer.Inquiry, error) {
		return ask(source, v, values, now)
	}}
}

// An inquiry is what is asked.
type inquiry struct {
	Question
	source Source
	lists  *registry.Registry
	by     []string
	span   question.Span // Of the day.
	now    time.Time
}

// dimensions are what rows may be by, in their order.
func dimensions() []string { return []string{"region", "population_class"} }

func ask(source Source, v *question.Vocabulary, values question.Values, now time.Time) (*inquiry, error) {
	q := &inquiry{source: source, lists: v.Registry(), by: dimensions(), now: now}
	clock := v.Clock()
	today := registry.DateOf(now.In(clock.Zone()))
	text, err := question.Single(values, "at")
	if err != nil {
		return nil, err
	}
	if q.Day = today; text != "" {
		if q.Day, err = registry.ParseDate(text); err != nil || q.Day > today {
			return nil, &question.Error{Parameter: "at", Detail: fmt.Sprintf("%.40q: want a day until today, like 2026-11-27", text)}
		}
	}
	if given, ok := values["by"]; ok {
		if q.by, err = question.List(values, "by"); err != nil {
			return nil, err
		}
		for _, name := range q.by {
			if !slices.Contains(dimensions(), name) {
				return nil, &question.Error{Parameter: "by", Detail: fmt.Sprintf("%.80q: want region, population_class, or both with a comma", given)}
			}
		}
	}
	q.ByRegion, q.ByClass = slices.Contains(q.by, "region"), slices.Contains(q.by, "population_class")
	q.by = slices.DeleteFunc(dimensions(), func(name string) bool { return !slices.Contains(q.by, name) })
	q.span = question.Span{From: clock.Begin(calendar.Day(q.Day)), Next: clock.Begin(calendar.Day(q.Day + 1))}
	q.Until = q.span.Next.Time()
	return q, nil
}

// Questions returns none: no votes are counted.
func (q *inquiry) Questions() []*question.Question { return nil }

// Name names what is asked. Figures of a day may change later, too: when a vote of then is
// counted, or somebody notes an order.
func (q *inquiry) Name() string {
	return fmt.Sprintf("network at %v by %q, %d", q.Day, q.by, q.now.UnixMilli())
}

// Settled tells that it may change at any time.
func (q *inquiry) Settled() bool { return false }

// Answer makes the answer.
func (q *inquiry) Answer(ctx context.Context, r answer.Reading) (*answer.Document, error) {
	seen, err := q.source.Seen(ctx, q.Until)
	if err != nil {
		return nil, fmt.Errorf("count terminals that were seen by %v: %w", q.Day, err)
	}
	rows, total := Figures(q.Question, q.source.Network(), q.lists, seen.Of)
	m := meta.Of(r.Moment, false)
	m.Formulas, m.By = []meta.Formula{}, q.by
	k := known{votes: seen.votesKnown(q.Until), signs: seen.Signs && total.unsure == 0}
	m.Warnings = k.warnings()
	fields := slices.Concat(q.places(rows), figures(k, func(i int) *Counts { return &rows[i].Counts }))
	of := figures(k, func(int) *Counts { return &total })
	return answer.New("network", q.span, m, answer.SheetOf(m, "network", len(rows), fields),
		answer.Value("at", func(dst []byte) []byte { return append(append(append(dst, '"'), q.Day.String()...), '"') }),
		answer.Value("known_since", func(dst []byte) []byte { return appendTime(dst, seen.Since) }),
		answer.Value("total", func(dst []byte) []byte { return append(format.AppendMembers(append(dst, '{'), of, 0), '}') }),
		answer.Objects("rows", len(rows), fields),
	), nil
}

// places are the fields that say what a row is of.
func (q *inquiry) places(rows []Row) []format.Field {
	text := func(name string, of func(*Row) string) format.Field {
		return format.Field{Name: name, Kind: format.KindText, Text: func(i int) (string, bool) { t := of(&rows[i]); return t, t != "" }}
	}
	var fields []format.Field
	if q.ByRegion {
		fields = append(fields,
			text("region", func(r *Row) string {
				if r.Region == 0 {
					return ""
				}
				return r.Region.String()
			}),
			text("region_name", func(r *Row) string { region, _ := q.lists.Region(r.Region); return region.Name }))
	}
	if q.ByClass {
		fields = append(fields,
			text("population_class", func(r *Row) string { return r.Class }),
			text("population_class_name", func(r *Row) string {
				if r.Class == "" {
					return ""
				}
				return q.lists.Label(registry.ListPopulationClasses, r.Class, registry.Italian)
			}))
	}
	return fields
}

// appendTime writes a time in UTC; null for zero.
func appendTime(dst []byte, t time.Time) []byte {
	if t.IsZero() {
		return append(dst, "null"...)
	}
	return append(t.UTC().AppendFormat(append(dst, '"'), time.RFC3339Nano), '"')
}

// known is what is known of the time that figures are of.
type known struct{ votes, signs bool }

// warnings say which figures are not known, and why.
func (k known) warnings() []meta.Warning {
	switch {
	case !k.votes:
		return []meta.Warning{{
			Code: "votes-not-known",
			Text: "Not all votes of the 30 days are known by terminal, those of before known_since: which terminals are active, idle or silent, and which bodies are active, is not known.",
		}}
	case !k.signs:
		return []meta.Warning{{
			Code: "signs-not-known",
			Text: "Of some terminals without a vote in the 30 days the signs of that time are not known, only later ones, or none yet: whether they were idle or silent is not known.",
		}}
	}
	return nil
}

// figures are the fields of counts.
func figures(k known, of func(i int) *Counts) []format.Field {
	told := func(name string, known bool, part func(*Counts) uint64) format.Field {
		return format.Field{Name: name, Kind: format.KindCount, Count: func(i int) (uint64, bool) { return part(of(i)), known }}
	}
	count := func(name string, part func(*Counts) uint64) format.Field { return told(name, true, part) }
	return []format.Field{
		count("bodies_joined", func(c *Counts) uint64 { return c.Joined }),
		count("bodies_ordered", func(c *Counts) uint64 { return c.Ordered }),
		count("bodies_enrolled", func(c *Counts) uint64 { return c.Enrolled }),
		told("bodies_active", k.votes, func(c *Counts) uint64 { return c.Active }),
		count("comuni", func(c *Counts) uint64 { return c.Comuni }),
		count("terminals_ordered", func(c *Counts) uint64 { return c.TerminalsOrdered }),
		count("terminals_claimed", func(c *Counts) uint64 { return c.TerminalsClaimed }),
		told("terminals_active", k.votes, func(c *Counts) uint64 { return c.TerminalsActive }),
		told("terminals_idle", k.votes && k.signs, func(c *Counts) uint64 { return c.TerminalsIdle }),
		told("terminals_silent", k.votes && k.signs, func(c *Counts) uint64 { return c.TerminalsSilent }),
		count("terminals_closed", func(c *Counts) uint64 { return c.TerminalsClosed }),
		count("terminals_revoked", func(c *Counts) uint64 { return c.TerminalsRevoked }),
	}
}
