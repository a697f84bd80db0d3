package wire

import "mlf/schema"

// A Reader reads bodies and judges the votes in them, one after the other, in
// memory that it uses again. It keeps nothing of a body. One goroutine uses it at
// a time.
type Reader struct {
	words   *words
	scanner scanner
	message message
	verdict Verdict
}

// NewReader returns a Reader that has read nothing yet.
func NewReader() *Reader { return &Reader{words: newWords()} }

// JSON reads body, the votes of terminal e, of which there may be votesMax (from 1).
// The error is ErrTooMany or says for people what is wrong with the body as a whole;
// what is wrong with one vote is left to Judge.
func (r *Reader) JSON(body []byte, e *schema.Enrolment, votesMax int) error {
	text, err := utf8Text(body)
	if err != nil {
		return err
	}
	return r.scanner.decodeJSON(text, r.criteria(e, votesMax), &r.message)
}

// Protobuf is JSON for a VotesRequest of schema/vote.proto.
func (r *Reader) Protobuf(body []byte, e *schema.Enrolment, votesMax int) error {
	return decodeProto(body, r.criteria(e, votesMax), &r.message)
}

func (r *Reader) criteria(e *schema.Enrolment, votesMax int) *criteria {
	return &criteria{words: r.words, enrolled: e, votesMax: votesMax}
}

// Object tells whether body is one object of JSON, whatever is in it. The error
// says for people why it is none.
func (r *Reader) Object(body []byte) error {
	text, err := utf8Text(body)
	if err != nil {
		return err
	}
	return r.scanner.checkObject(text)
}

// Stream returns the stream that the votes which were read claim to be of: any
// text. It is valid until the next body is read.
func (r *Reader) Stream() []byte { return r.message.stream }

// Judge decides the votes that were read. e is the terminal that they were read
// for, now when the first byte of its request came. The verdict is valid until the
// next is given.
func (r *Reader) Judge(e *schema.Enrolment, now schema.Instant) *Verdict {
	r.verdict.judge(&r.message, e, now)
	return &r.verdict
}
