package marks

import (
	"time"

	"mlf/query/question"
	"mlf/schema/annotation"
)

// Breaks are those that a frame's rows may have, in its groups. The zero value is none.
// They belong to whoever has the frame.
type Breaks struct{ all []groups }

// groups are a break as the groups of a frame that it is about; nil is all of an axis.
type groups struct {
	question.Span
	comune, office, service, channel, scale map[question.Group]bool
}

// Breaks returns those of f on days of span; of nil notes none.
func (n *Notes) Breaks(f *question.Frame, span question.Span, now time.Time) *Breaks {
	b := new(Breaks)
	if n == nil {
		return b
	}
	for _, note := range n.All(now) {
		if note.Kind != annotation.Break || note.Of == nil || !meets(span, note.Of.Span) {
			continue
		}
		b.all = append(b.all, groups{
			note.Of.Span, of(f.Comune, note.comuni), of(f.Office, note.offices), of(f.Service, note.services),
			of(f.Channel, note.channels), of(f.Scale, note.scales),
		})
	}
	return b
}

// of returns the groups of an axis that some values are in.
func of[T any](axis func(T) question.Group, some []T) map[question.Group]bool {
	if some == nil || axis == nil && len(some) > 0 {
		return nil
	}
	in := make(map[question.Group]bool)
	for _, x := range some {
		if g := axis(x); g != question.Out {
			in[g] = true
		}
	}
	return in
}

func meets(a, b question.Span) bool { return a.From < b.Next && b.From < a.Next }

// In tells whether a break falls into the row of a key, whatever its hour and class, over
// span.
func (b *Breaks) In(k question.Key, span question.Span) bool {
	in := func(of map[question.Group]bool, g question.Group) bool { return of == nil || of[g] }
	for i := range b.all {
		g := &b.all[i]
		if meets(g.Span, span) && in(g.comune, k.Comune) && in(g.office, k.Office) && in(g.service, k.Service) && in(g.channel, k.Channel) && in(g.scale, k.Scale) {
			return true
		}
	}
	return false
}

// Any tells whether a break falls into any row over span.
func (b *Breaks) Any(span question.Span) bool {
	for i := range b.all {
		g := &b.all[i]
		if meets(g.Span, span) && some(g.comune) && some(g.office) && some(g.service) && some(g.channel) && some(g.scale) {
			return true
		}
	}
	return false
}

// some tells whether any group is in.
func some(of map[question.Group]bool) bool { return of == nil || len(of) > 0 }
