package notify

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
	"unicode"
)

// attemptMax is how long one attempt may take.
const attemptMax = 10 * time.Second

// detailMax is the length of a Detail, in bytes.
const detailMax = 200

// A Sender sends one message at a time to one target. It keeps nothing between two.
// Safe for concurrent use.
type Sender struct {
	cfg  Config
	http *http.Client
}

// New returns a sender.
func New(cfg Config) (*Sender, error) {
	if err := cfg.validate(); err != nil {
		return nil, fmt.Errorf("notify: %w", err)
	}
	return &Sender{cfg: cfg, http: newHTTP(&cfg)}, nil
}

// Send tries once, and returns within the deadline of ctx, 10 s at most.
func (s *Sender) Send(ctx context.Context, t Target, m *Message) Result {
	if err := s.check(t, m); err != nil {
		return Result{Final: true, Detail: short(err.Error())}
	}
	ctx, cancel := context.WithTimeout(ctx, attemptMax)
	defer cancel()
	if t.Kind == Webhook {
		return s.post(ctx, t, m)
	}
	return s.mail(ctx, t, m)
}

// Check refuses what Send would never send to; the error says what is wanted. It looks
// at the text alone: a name that leads nowhere, or to where nobody may be sent, is found
// out when something is sent.
func (s *Sender) Check(t Target) error {
	switch t.Kind {
	case Webhook:
		if _, err := checkURL(t.Address); err != nil {
			return fmt.Errorf("webhook: %w", err)
		}
		for i, secret := range [][]byte{t.Secret, t.Previous} {
			if (i == 0 || secret != nil) && (len(secret) < secretMin || len(secret) > secretMax) {
				return fmt.Errorf("webhook: secret of %d bytes: want %d to %d", len(secret), secretMin, secretMax)
			}
		}
		return nil
	case Email:
		if s.cfg.Mail == nil {
			return errors.New("e-mail: the operator has set no mail server")
		}
		if err := checkMailbox(t.Address); err != nil {
			return fmt.Errorf("e-mail: %w", err)
		}
		return nil
	}
	return fmt.Errorf("target of kind %.20q: want %s or %s", t.Kind, Webhook, Email)
}

func (s *Sender) check(t Target, m *Message) error {
	if err := s.Check(t); err != nil {
		return err
	}
	return m.check(t.Kind)
}

// short makes one line of what went wrong, and not a long one.
func short(detail string) string {
	detail = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(detail, "?"))
	if len(detail) > detailMax {
		detail = strings.ToValidUTF8(detail[:detailMax-3], "") + "…"
	}
	return detail
}
