package notify

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// The limits of a message, in bytes.
const (
	idMax      = 64
	kindMax    = 64
	bodyMax    = 64 << 10
	subjectMax = 300 // A phone shows some 50 letters of it.
	textMax    = 64 << 10
	htmlMax    = 256 << 10 // Mail readers cut what is longer than 100 KiB.
)

// A Message is what is told, once it is worded.
type Message struct {
	// ID is the same for each attempt: receivers drop repetitions by it. 1 to 64 bytes of
	// [A-Za-z0-9_-].
	ID string

	At   time.Time       // When what it tells happened.
	Kind string          // Such as "alert.opened": at most 64 bytes of [a-z0-9_.].
	Body json.RawMessage // The `data` of a webhook; at most 64 KiB.

	// The e-mail. Text is always there, HTML may be empty. Links are part of both.
	Subject, Text, HTML string

	Language string // it, en or de.
}

// The kinds of a Target.
const (
	Webhook = "webhook"
	Email   = "email"
)

// A Target is where to.
type Target struct {
	Kind    string // Webhook or Email.
	Address string // A URL, or an address of e-mail. It may be secret, as URLs of chats are.
	Secret  []byte // Signs what goes to a webhook: 24 to 64 bytes. SecretText writes it for its owner.

	// Previous signs, too, while the receiver changes from one secret to another. Nil: none.
	Previous []byte
}

// A Result is what became of one attempt.
type Result struct {
	Delivered  bool
	Final      bool          // There is no use in trying again.
	Status     int           // Of HTTP or of SMTP; 0 where there was no answer.
	Detail     string        // What went wrong, for people: at most 200 bytes, without secrets or the address's path.
	RetryAfter time.Duration // As the receiver asks; 0 where it does not. At most 24 h.

	// host says that all that goes to this target would fare likewise.
	host bool
}

// size is what m takes in memory, about.
func (m *Message) size() int {
	return 256 + len(m.ID) + len(m.Kind) + len(m.Body) + len(m.Subject) + len(m.Text) + len(m.HTML)
}

// check refuses what no receiver of kind is sent.
func (m *Message) check(kind string) error {
	if !consistsOf(m.ID, idMax, isOfID) {
		return fmt.Errorf("message: id %.80q: want 1 to %d of A-Z a-z 0-9 _ -", m.ID, idMax)
	}
	if !consistsOf(m.Kind, kindMax, isOfKind) {
		return fmt.Errorf("message %s: kind %.80q: want 1 to %d of a-z 0-9 _ and dots", m.ID, m.Kind, kindMax)
	}
	if kind == Webhook {
		if len(m.Body) > bodyMax {
			return fmt.Errorf("message %s: body of %d bytes: want at most %d", m.ID, len(m.Body), bodyMax)
		}
		if !json.Valid(m.Body) {
			return fmt.Errorf("message %s: body: want JSON", m.ID)
		}
		return nil
	}
	if err := m.checkWords(); err != nil {
		return fmt.Errorf("message %s: %w", m.ID, err)
	}
	return nil
}

func (m *Message) checkWords() error {
	switch {
	case m.Subject == "" || m.Text == "":
		return errors.New("want a subject and a text")
	case len(m.Subject) > subjectMax:
		return fmt.Errorf("subject of %d bytes: want at most %d", len(m.Subject), subjectMax)
	case len(m.Text) > textMax:
		return fmt.Errorf("text of %d bytes: want at most %d", len(m.Text), textMax)
	case len(m.HTML) > htmlMax:
		return fmt.Errorf("HTML of %d bytes: want at most %d", len(m.HTML), htmlMax)
	case strings.ContainsFunc(m.Subject, unicode.IsControl):
		return errors.New("subject: want one line without control characters")
	case !utf8.ValidString(m.Subject) || !utf8.ValidString(m.Text) || !utf8.ValidString(m.HTML):
		return errors.New("want UTF-8")
	case m.Language != "it" && m.Language != "en" && m.Language != "de":
		return fmt.Errorf("language %.20q: want it, en or de", m.Language)
	}
	return nil
}

func consistsOf(text string, most int, of func(c byte) bool) bool {
	for i := range len(text) {
		if !of(text[i]) {
			return false
		}
	}
	return text != "" && len(text) <= most
}

func isOfID(c byte) bool {
	return isAlphanumeric(c) || c == '_' || c == '-'
}

func isOfKind(c byte) bool {
	return 'a' <= c && c <= 'z' || '0' <= c && c <= '9' || c == '_' || c == '.'
}

func isAlphanumeric(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
}
