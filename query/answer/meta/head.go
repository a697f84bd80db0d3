package meta

import (
	"slices"
	"strconv"
	"time"

	"mlf/query/question"
)

// A Head is a Meta as it stands before the rest of a document, written as far as it is the
// same for whoever asks: a kept answer is given many, and each is told how far the counts
// have come. It never changes.
type Head struct {
	text       []byte
	left, made int // Where in text what is left out stands, 0 for nowhere, and when it was made.

	excluded Omission
}

// Head returns the head that m is.
func (m *Meta) Head() *Head {
	const usual = 1500
	h := &Head{text: append(make([]byte, 0, usual), `{"meta":{`...)}
	if m.About != nil {
		h.text = append(m.appendAsked(h.text), `,"excluded":`...)
		h.left, h.excluded = len(h.text), m.Excluded
		h.text = append(h.text, ',')
	}
	h.text = append(m.appendSettings(h.text), `,"generated_at":"`...)
	h.made = len(h.text)
	h.text = append(appendQuoted(append(h.text, `,"disclosure":`...), m.Disclosure), '}', ',')
	return h
}

// Append writes h as m was when it was made.
func (h *Head) Append(dst []byte, m *Meta) []byte {
	return h.append(dst, m.GeneratedAt, m.Ledger, m.Position)
}

// AppendAsOf writes h as it is at t, when what it was made of is still the same; position is
// that of t's ledger. It returns what is left out then, nil where h does not say.
func (h *Head) AppendAsOf(dst []byte, t Moment, position string) ([]byte, Omission) {
	next := *h
	next.excluded = h.excluded.asOf(t.Ledger)
	return next.append(dst, t.At, question.PositionOf(t.Ledger), position), next.excluded
}

func (h *Head) append(dst []byte, at time.Time, ledger question.Position, position string) []byte {
	const usual = 512 // Of what is not in text.
	dst = slices.Grow(dst, len(h.text)+usual)
	dst = append(dst, h.text[:h.left]...)
	if h.left > 0 {
		dst = h.excluded.append(dst)
	}
	dst = at.AppendFormat(append(dst, h.text[h.left:h.made]...), time.RFC3339Nano)
	dst = append(dst, `","ledger":[`...)
	for i, next := range ledger {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = strconv.AppendInt(dst, int64(next), 10)
	}
	dst = appendQuoted(append(dst, `],"position":`...), position)
	return append(dst, h.text[h.made:]...)
}
