package notify

import (
	"context"
	"crypto/x509"
	"net/netip"
	"net/url"
)

// Config says how a Sender sends. The zero value sends to public webhooks only.
type Config struct {
	// Networks are those that webhooks may be in beside public ones: an intranet.
	Networks []netip.Prefix

	// Proxy takes what goes to webhooks; nil: none, whatever the environment says. It is
	// then the proxy that looks up names, and it must refuse addresses that are not public.
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
	Port int
	User string // Empty: no sign-in.
	TLS  TLS
}

// TLS says how a connection to a mail server is secured.
type TLS int

// How a connection to a mail server is secured.
const (
	StartTLS TLS = iota // By STARTTLS, or nothing is sent.
	Implicit            // From the first byte (smtps).
	Plain               // Not at all: on one machine, or within a network of one's own.
)
