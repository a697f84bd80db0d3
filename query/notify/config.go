package notify

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	netmail "net/mail"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"unicode"
)

// Config says how a Sender sends. The zero value sends to public webhooks only.
type Config struct {
	// Networks are those that webhooks may be in beside public ones: an intranet.
	Networks []netip.Prefix

	// Proxy takes what goes to webhooks, by http or https; nil: none, whatever the environment
	// says. It is then the proxy that looks up names, and it must refuse addresses that are
	// not public.
	Proxy *url.URL

	Product string         // How webhooks are told who writes: "mlf/1.2.0"; default "mlf".
	Roots   *x509.CertPool // Who may sign certificates; nil: the system's.

	// Resolve returns the addresses of a name; nil: the system's resolver.
	Resolve func(ctx context.Context, name string) ([]netip.Addr, error)

	Mail *Mail // Nil: e-mails are refused.
}

// Mail says by which server e-mails go, and how they look.
type Mail struct {
	Server       MailServer
	PasswordFile string // Read for each message, so that a password may be changed. Required where Server has a user.
	From         string // "mlf@example.org" or "Mettiamoci la faccia <mlf@example.org>".
	ReplyTo      string // An address; empty: none.

	// Unsubscribe is where one changes who is told: a URL (https, mailto). Empty: none.
	Unsubscribe string
}

// A MailServer is where mail is handed in. ParseMailServer makes one.
type MailServer struct {
	Host string
	Port int    // 1 to 65535.
	User string // Empty: no sign-in.
	TLS  TLS
}

// TLS says how a connection to a mail server is secured.
type TLS int

// How a connection to a mail server is secured.
const (
	StartTLS TLS = iota // By STARTTLS, or nothing is sent.
	Implicit            // From the first byte (smtps).
	Plain               // Not at all: on one machine, or within a network of one's own. Nobody signs in.
)

// The usual ports of mail servers, by RFC 8314 and RFC 5321.
const (
	submissionPort  = 587
	submissionsPort = 465
	relayPort       = 25
)

// ParseMailServer reads smtp://user@host:port, which is secured by STARTTLS,
// smtps://user@host:port, or smtp://host:port?tls=none. The port is 587, 465 or 25 where
// none is given. A password is refused: it belongs in a file.
func ParseMailServer(text string) (MailServer, error) {
	const want = "want smtp://user@host:587, smtps://user@host:465 or smtp://host:25?tls=none"
	u, err := url.Parse(text)
	if err != nil || len(text) > urlMax {
		return MailServer{}, errors.New("mail server: not a URL: " + want)
	}
	if _, has := u.User.Password(); has {
		return MailServer{}, errors.New("mail server: password in the URL: want it in a file")
	}
	s := MailServer{Host: u.Hostname(), User: u.User.Username()}
	switch {
	case u.Scheme == "smtp" && u.RawQuery == "":
		s.TLS, s.Port = StartTLS, submissionPort
	case u.Scheme == "smtps" && u.RawQuery == "":
		s.TLS, s.Port = Implicit, submissionsPort
	case u.Scheme == "smtp" && u.RawQuery == "tls=none":
		s.TLS, s.Port = Plain, relayPort
	default:
		return MailServer{}, fmt.Errorf("mail server: %.80q: %s", u.Redacted(), want)
	}
	if u.Path != "" && u.Path != "/" || u.Fragment != "" {
		return MailServer{}, errors.New("mail server: URL with a path: " + want)
	}
	if p := u.Port(); p != "" {
		if s.Port, err = strconv.Atoi(p); err != nil {
			return MailServer{}, fmt.Errorf("mail server: port %.20q: %s", p, want)
		}
	}
	if err := s.validate(); err != nil {
		return MailServer{}, err
	}
	return s, nil
}

func (s MailServer) validate() error {
	isOf := func(c byte) bool { return isAlphanumeric(c) || strings.IndexByte("-_.", c) >= 0 }
	switch {
	case !consistsOf(s.Host, nameMax, isOf):
		return fmt.Errorf("mail server: host %.80q: want a name, or an address of version 4", s.Host)
	case s.Port < 1 || s.Port > 65535:
		return fmt.Errorf("mail server: port %d: want 1 to 65535", s.Port)
	case len(s.User) > mailboxMax || strings.ContainsFunc(s.User, unicode.IsControl):
		return fmt.Errorf("mail server: user: want at most %d bytes without control characters", mailboxMax)
	case s.TLS < StartTLS || s.TLS > Plain:
		return fmt.Errorf("mail server: TLS %d: want StartTLS, Implicit or Plain", s.TLS)
	case s.TLS == Plain && s.User != "":
		return errors.New("mail server: a user without TLS: want TLS, since a password is not sent without it")
	}
	return nil
}

func (c *Config) validate() error {
	for _, n := range c.Networks {
		if !n.IsValid() {
			return errors.New("network: want one such as 10.1.0.0/16")
		}
	}
	if p := c.Proxy; p != nil && (p.Scheme != "http" && p.Scheme != "https" || p.Host == "") {
		return fmt.Errorf("proxy %.80q: want http://name:port or https://name:port", p.Redacted())
	}
	if strings.ContainsFunc(c.Product, unicode.IsControl) {
		return errors.New("product: want one line")
	}
	if c.Mail == nil {
		return nil
	}
	return c.Mail.validate()
}

func (m *Mail) validate() error {
	if err := m.Server.validate(); err != nil {
		return err
	}
	if m.Server.User != "" && m.PasswordFile == "" {
		return errors.New("mail: a user without a password: want a file that has it")
	}
	if err := checkOwn(m.From); err != nil {
		return fmt.Errorf("mail: from: %w", err)
	}
	if m.ReplyTo != "" {
		if err := checkOwn(m.ReplyTo); err != nil {
			return fmt.Errorf("mail: reply to: %w", err)
		}
	}
	u, err := url.Parse(m.Unsubscribe)
	isOf := func(c byte) bool { return c > ' ' && c < 0x7f && c != '<' && c != '>' }
	if m.Unsubscribe != "" && (err != nil || u.Scheme != "https" && u.Scheme != "mailto" || !consistsOf(m.Unsubscribe, urlMax, isOf)) {
		return fmt.Errorf("mail: unsubscribe %.80q: want a URL of https or mailto", m.Unsubscribe)
	}
	return nil
}

// checkOwn refuses what is no address of our own, with or without a name before it.
func checkOwn(text string) error {
	a, err := netmail.ParseAddress(text)
	if err != nil || strings.ContainsFunc(text, unicode.IsControl) {
		return fmt.Errorf("%.80q: want an address such as Name <name@example.org>", text)
	}
	return checkMailbox(a.Address)
}
