package fold

import "mlf/schema"

// Spans, its method and its marks, for the tests.
type Spans = spans

// The marks.
const (
	MarkNew  = markNew
	MarkSeen = markSeen
)

// Add is spans.add.
func (s *spans) Add(q schema.Seq) mark { return s.add(q, SpansMax) }

// ReadState is readState.
func ReadState(state []byte) (*Fold, error) { return readState(state, CheckpointVersion) }

// AppendState is Fold.appendState.
func (f *Fold) AppendState(dst []byte) []byte { return f.appendState(dst) }

// Terminal returns how many streams a terminal has, and how many spans and closed
// gaps of them.
func (f *Fold) Terminal(t schema.TerminalID) (streams, spans int) {
	of := f.terminals[t]
	if of == nil {
		return 0, 0
	}
	n := 0
	for _, s := range f.streams {
		if s.key.terminal == t {
			n += len(s.seen) + len(s.closed)
		}
	}
	if n != of.spans {
		panic("the spans of a terminal are not those of its streams")
	}
	return of.streams, of.spans
}
