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
func (s *spans) Add(q schema.Seq) mark { return s.add(q) }

// ReadState is readState.
func ReadState(state []byte) (*Fold, error) { return readState(state) }

// AppendState is Fold.appendState.
func (f *Fold) AppendState(dst []byte) []byte { return f.appendState(dst) }
