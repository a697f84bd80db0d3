package marks

import (
	"slices"
	"strings"
	"sync"
	"time"

	"mlf/query/calendar"
	"mlf/query/question"
	"mlf/schema"
	"mlf/schema/annotation"
)

// Notes are the annotations of a book, as the questions that they are about. Safe for
// concurrent use.
type Notes struct {
	book  *annotation.Book
	words *question.Vocabulary

	mu      sync.Mutex
	version uint64
	day     calendar.Day // Places are those of a day.
	all     []Note
}

// NewNotes returns those of a book, which may be nil: then there are none, ever.
func NewNotes(book *annotation.Book, words *question.Vocabulary) *Notes {
	return &Notes{book: book, words: words}
}

// A Note is an annotation with the question that its days and scope come to; nil where
// the scope is none of this process's words.
type Note struct {
	*annotation.Annotation
	Of *question.Question

	// What Of takes; nil is all.
	comuni   []schema.ComuneID
	offices  []schema.OfficeCode
	services []schema.ServiceID
	channels []schema.Channel
	scales   []schema.Scale
}

// Complete tells whether all is known that was noted when reading began.
func (n *Notes) Complete() bool { return n.book == nil || n.book.Complete() }

// Version returns a number that differs when notes do, and is the same in all processes
// that have the same.
func (n *Notes) Version() uint64 {
	if n.book == nil {
		return 0
	}
	return n.book.Version()
}

// All returns every note, by first day and id, with the places of the day of now. Do not
// change them.
func (n *Notes) All(now time.Time) []Note {
	if n.book == nil {
		return nil
	}
	day := n.words.Clock().DayOf(schema.HourOf(now))
	n.mu.Lock()
	defer n.mu.Unlock()
	if version := n.book.Version(); n.all == nil || n.version != version || n.day != day {
		n.version, n.day, n.all = version, day, nil
		for _, a := range n.book.All() {
			n.all = append(n.all, n.note(a, now))
		}
	}
	return n.all
}

// note asks for what a is about.
func (n *Notes) note(a *annotation.Annotation, now time.Time) Note {
	asked := question.Values{
		"from": {a.From.String()}, "to": {(a.From + 1).String()}, "class": {"all"},
		"scale": {strings.Join([]string{schema.ScaleMLF3.String(), schema.ScaleSmiley4.String(), schema.ScaleStars5.String()}, ",")}, "group": {"scale"},
	}
	for name, values := range a.Scope {
		asked[name] = values
	}
	note := Note{Annotation: a}
	q, err := n.words.Ask(asked, now)
	if err != nil {
		return note
	}
	q.Span = question.Span{From: n.words.Clock().Begin(calendar.Day(a.From)), Next: n.words.Clock().Begin(calendar.Day(a.To) + 1)}
	note.Of = q
	axes := q.Frame(question.Span{From: q.From, Next: q.From}).Axes
	note.offices, note.services = axes.Offices, axes.Services
	if axes.Comune != nil {
		note.comuni = passing(axes.Comune, n.words.Codes())
	}
	if a.Scope["channel"] != nil {
		note.channels = passing(axes.Channel, schema.Channels())
	}
	if a.Scope["scale"] != nil {
		note.scales = passing(axes.Scale, schema.Scales())
	}
	return note
}

// passing returns those of all that an axis takes; not nil.
func passing[T any](axis func(T) question.Group, all []T) []T {
	some := []T{}
	for _, x := range all {
		if axis(x) != question.Out {
			some = append(some, x)
		}
	}
	return some
}

// About returns the notes on days of span that may be about votes of q.
func (n *Notes) About(q *question.Question, span question.Span, now time.Time) []Note {
	asked := *q
	asked.Span, asked.Compare = span, nil
	return slices.DeleteFunc(slices.Clone(n.All(now)), func(note Note) bool {
		return note.Of != nil && asked.Disjoint(note.Of)
	})
}
