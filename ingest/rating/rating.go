package rating

import (
	"errors"
	"fmt"
	"strings"

	"mlf/schema"
)

// BodyMax is the longest body that is read, in bytes. The longest of a real form has
// 200 characters of text and two addresses, some 2 KiB when all of it is escaped.
const BodyMax = 8 << 10

// A Rating is what a citizen has answered on a page. It holds nothing that the
// citizen has written.
type Rating struct {
	Shape Shape

	ID    [16]byte // The sender's own UUID. Only Own has one.
	HasID bool

	// Message is which message has asked for the rating, where one has and Own says so: it
	// is rated once, however often it is opened.
	Message    MessageKey
	HasMessage bool

	Value  schema.Value  // 1 to 5, of schema.ScaleStars5.
	Reason schema.Reason // Of the branch of Value, skipped where it was asked for nothing, or 0: not asked.

	Question Question
	Service  string // A service's code; "" for none. Only Own has one.

	// Page is where the form stood: scheme, host and path, or the path alone where the
	// sender tells no more; no query and no fragment. "" where the form tells none.
	// At most 1,024 bytes.
	Page  string
	Title string // To find the page by where there is no Page, and to be forgotten then. At most 256 bytes.

	AgeMS  int64 // How long ago the rating was given, from 0 to AgeMax.
	HasAge bool

	// Text is a hash of what the citizen wrote, where it has ten letters or more: to
	// tell that somebody sent the same again. Own sends no words: it has an ID for that.
	Text    [16]byte
	HasText bool

	Test     bool // Given by a program that says so.
	Warnings Warnings
}

// AgeMax is the greatest age of a rating, in milliseconds: 400 days, as of a vote.
const AgeMax int64 = 400 * 24 * 3600 * 1000

// A Shape is how a site's form writes a rating.
type Shape uint8

// The shapes.
const (
	Own        Shape = 1 // JSON of this project's scripts.
	WordPress  Shape = 2 // The form of Design Comuni's theme for WordPress, or the same fields as JSON, as the one for Drupal.
	Volto      Shape = 3 // JSON of volto-feedback, for Plone.
	Citfac     Shape = 4 // JSON of Città Facile, of pages.
	CitfacMoon Shape = 5 // JSON of Città Facile, of its modules.
	Coranto    Shape = 6 // The form of Coranto's module for OpenCms.
)

// String returns the shape's code.
func (s Shape) String() string {
	codes := [...]string{Own: "own", WordPress: "wordpress", Volto: "volto", Citfac: "citfac", CitfacMoon: "citfac_moon", Coranto: "coranto"}
	if int(s) < len(codes) && codes[s] != "" {
		return codes[s]
	}
	return fmt.Sprintf("shape-%d", uint8(s))
}

// A Question is which of the two that share five stars was asked. Their answers must
// never be added up.
type Question uint8

// The questions. QuestionUnknown: the sender does not say.
const (
	QuestionUnknown Question = 0
	QuestionClarity Question = 1 // How clear is the information on this page? Criteria C.SI.2.5 and C.SI.2.6.
	QuestionEase    Question = 2 // How easy was it to use this service? Criterion C.SE.1.7.
)

// String returns the question's code; "" for QuestionUnknown.
func (q Question) String() string {
	switch q {
	case QuestionClarity:
		return "clarity"
	case QuestionEase:
		return "ease"
	default:
		return ""
	}
}

// Warnings is a set of what is odd about a rating that counts all the same.
type Warnings uint8

// The warnings.
const (
	UnknownReason  Warnings = 1 << iota // The answer is none of its branch; it counts as other.
	UnknownService                      // The service can be no code; none is kept.
	BadTime                             // The age cannot be read; none is kept.
	BadMessage                          // The message's id is none; none is kept, and the rating is of no message.
)

// Codes returns the words of w, as in the answers to votes; none for none.
func (w Warnings) Codes() []string {
	var codes []string
	for i, code := range []string{"unknown_reason", "unknown_service", "bad_time", "bad_message"} {
		if w&(1<<i) != 0 {
			codes = append(codes, code)
		}
	}
	return codes
}

// The kinds of what is no rating, for errors.Is. The error itself says for people what
// is wrong, and quotes nothing of the body.
var (
	// ErrHoneypot: a field that no human sees is filled, or missing. The body is answered
	// as if it had been taken, and counts nothing.
	ErrHoneypot = errors.New("honeypot")

	// ErrNotRating: a mirrored request of something else. It is answered as if it had
	// been taken, and ignored.
	ErrNotRating = errors.New("not a rating")

	// ErrBadValue: a rating whose value is none from 1 to 5.
	ErrBadValue = errors.New("bad_value")

	// ErrMalformed: what this is nobody can tell.
	ErrMalformed = errors.New("malformed")
)

// Read reads the rating that body says, in whichever shape. contentType is the
// request's; of none, and of text/plain, the body itself tells. The error is one of the
// kinds above. Read keeps nothing of body.
func Read(contentType string, body []byte) (Rating, error) {
	if len(body) > BodyMax {
		return Rating{}, fmt.Errorf("%w: body of %d bytes: want at most %d", ErrMalformed, len(body), BodyMax)
	}
	all, err := fieldsOf(contentType, body)
	if err != nil {
		return Rating{}, err
	}
	return all.rating()
}

// fieldsOf reads body as what it says to be.
func fieldsOf(contentType string, body []byte) (*fields, error) {
	mediaType, _, _ := strings.Cut(contentType, ";")
	switch strings.ToLower(strings.TrimSpace(mediaType)) {
	case "application/x-www-form-urlencoded":
		return formFields(body)
	case "application/json":
		return jsonFields(body)
	case "", "text/plain":
		if text := strings.TrimLeft(strings.TrimPrefix(string(body), "\ufeff"), " \t\r\n"); strings.HasPrefix(text, "{") {
			return jsonFields(body)
		}
		return formFields(body)
	}
	return nil, fmt.Errorf("%w: want application/json or application/x-www-form-urlencoded", ErrMalformed)
}
