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

// ReadState is readState, of the version that goes with the rules in state.
func ReadState(state []byte) (*Fold, error) {
	r := stateReader{rest: state}
	r.number("partition", schema.Slots)
	r.number("partitions", schema.Slots)
	return readState(state, int(checkpointVersionOf(schema.Rules(r.number("rules", 1<<32-1)))))
}

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
