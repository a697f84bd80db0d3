package notify

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	netmail "net/mail"
	"net/textproto"
	"os"
	"strconv"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"
)

// passwordMax is the length of a password file, in bytes.
const passwordMax = 4 << 10

// mail sends m to one mailbox, on a line of its own: mailboxes are not told of each
// other, and a server that closes lines that were idle is no matter.
func (s *Sender) mail(ctx context.Context, t Target, m *Message) Result {
	letter, err := s.letter(t, m, time.Now())
	if err != nil {
		return Result{Final: true, Detail: short(err.Error())}
	}
	line := &line{ctx: ctx, server: s.cfg.Mail.Server, tls: s.mailTLS()}
	defer line.close()
	client, err := s.mailClient(line)
	if err != nil {
		return Result{host: true, Detail: short(err.Error())}
	}
	err = client.DialAndSendWithContext(ctx, letter)
	if letter.IsDelivered() {
		return Result{Delivered: true, Status: smtpDone} // Whatever was said at the end.
	}
	return unposted(ctx, err)
}

// What a mail server answers, by RFC 5321.
const (
	smtpDone    = 250 // It has taken the message.
	smtpClosing = 421 // It serves nobody at the moment.
)

// unposted says why a message was not taken. A server's refusal of a mailbox or of what
// was written is final; all else that it refuses is about us, and may be mended.
func unposted(ctx context.Context, err error) Result {
	refusal, isRefusal := errors.AsType[*gomail.SendError](err)
	if !isRefusal {
		return notConnected(ctx, err)
	}
	r := Result{Status: refusal.ErrorCode()}
	switch refusal.Reason {
	case gomail.ErrSMTPRcptTo:
		r.Detail = "the mail server refused the address"
	case gomail.ErrSMTPData, gomail.ErrSMTPDataClose, gomail.ErrWriteContent:
		r.Detail = "the mail server refused the message"
	default:
		r.Detail, r.host = "the mail server refused the sender", true
	}
	if r.Status == 0 { // The line was cut.
		return Result{host: true, Detail: "the mail server did not answer"}
	}
	r.host = r.host || r.Status == smtpClosing
	r.Final = r.Status >= 500 && !r.host
	r.Detail = strings.TrimSpace(r.Detail + ": " + strconv.Itoa(r.Status) + " " + refusal.EnhancedStatusCode())
	return r
}

// notConnected says why there was no line to the mail server. What the server says is
// not repeated: it may name the user.
func notConnected(ctx context.Context, err error) Result {
	r := Result{host: true}
	said, isSaid := errors.AsType[*textproto.Error](err)
	_, isDNS := errors.AsType[*net.DNSError](err)
	certificate, isCertificate := errors.AsType[*tls.CertificateVerificationError](err)
	switch {
	case isSaid:
		r.Status, r.Detail = said.Code, "the mail server refused to be used: "+strconv.Itoa(said.Code)
	case ctx.Err() != nil, errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded):
		r.Detail = "the mail server did not answer in time"
	case isDNS:
		r.Detail = "the mail server's name could not be looked up"
	case isCertificate:
		r.Detail = "the mail server's certificate does not hold: " + plain(certificate.Err)
	default:
		r.Detail = "mail server: " + plain(err)
	}
	r.Detail = short(r.Detail)
	return r
}

// letter is m as one mailbox gets it.
func (s *Sender) letter(t Target, m *Message, now time.Time) (*gomail.Msg, error) {
	own := s.cfg.Mail
	from, err := netmail.ParseAddress(own.From)
	if err != nil {
		return nil, fmt.Errorf("write e-mail: %w", err)
	}
	_, domain, _ := strings.Cut(from.Address, "@")
	letter := gomail.NewMsg(gomail.WithNoDefaultUserAgent(), gomail.WithBoundary(boundary(m)))
	letter.FromMailAddress(from)
	letter.ToMailAddress(&netmail.Address{Address: t.Address})
	if own.ReplyTo != "" {
		if err := letter.ReplyTo(own.ReplyTo); err != nil {
			return nil, fmt.Errorf("write e-mail: %w", err)
		}
	}
	// What looks like an encoded word would be read as one (RFC 2047), line breaks and all.
	letter.Subject(strings.ReplaceAll(m.Subject, "=?", "= ?"))
	letter.SetDateWithValue(now)
	letter.SetMessageIDWithValue(m.ID + "@" + domain)
	letter.SetGenHeader("Auto-Submitted", "auto-generated") // RFC 3834: nobody is away from their desk to us.
	letter.SetGenHeader("X-Auto-Response-Suppress", "All")  // The same for Exchange.
	letter.SetGenHeader("Content-Language", m.Language)
	if own.Unsubscribe != "" {
		letter.SetGenHeader(gomail.HeaderListUnsubscribe, "<"+own.Unsubscribe+">")
	}
	letter.SetBodyString(gomail.TypeTextPlain, m.Text)
	if m.HTML != "" {
		letter.AddAlternativeString(gomail.TypeTextHTML, m.HTML)
	}
	return letter, nil
}

// boundary is what parts of m are told apart by: a text cannot have its own sum in it.
func boundary(m *Message) string {
	sum := sha256.Sum256([]byte(m.ID + m.Text + m.HTML))
	return "mlf-" + hex.EncodeToString(sum[:16])
}

func (s *Sender) mailTLS() *tls.Config {
	return &tls.Config{RootCAs: s.cfg.Roots, ServerName: s.cfg.Mail.Server.Host, MinVersion: tls.VersionTLS12}
}

// mailClient returns what speaks SMTP on line. It says the domain of the sender for its
// own name: the name of a container is not one that others know.
func (s *Sender) mailClient(line *line) (*gomail.Client, error) {
	server := s.cfg.Mail.Server
	from, err := netmail.ParseAddress(s.cfg.Mail.From)
	if err != nil {
		return nil, fmt.Errorf("mail: from: %w", err)
	}
	_, domain, _ := strings.Cut(from.Address, "@")
	options := []gomail.Option{
		gomail.WithPort(server.Port), gomail.WithTimeout(attemptMax), gomail.WithHELO(domain), gomail.WithoutNoop(),
		gomail.WithDialContextFunc(line.dial), gomail.WithTLSConfig(line.tls),
	}
	switch server.TLS {
	case StartTLS:
		options = append(options, gomail.WithTLSPolicy(gomail.TLSMandatory))
	case Implicit:
		options = append(options, gomail.WithSSL())
	case Plain:
		options = append(options, gomail.WithTLSPolicy(gomail.NoTLS))
	}
	if server.User != "" {
		password, err := readPassword(s.cfg.Mail.PasswordFile)
		if err != nil {
			return nil, err
		}
		options = append(options, gomail.WithUsername(server.User), gomail.WithPassword(password),
			gomail.WithOpportunisticSMTPAuth(gomail.SMTPAuthSCRAMSHA256, gomail.SMTPAuthPlain, gomail.SMTPAuthLogin))
	}
	client, err := gomail.NewClient(server.Host, options...)
	if err != nil {
		return nil, fmt.Errorf("mail: %w", err)
	}
	return client, nil
}

// readPassword reads a password; the line's end that editors write is not of it. Errors
// do not name the file: they are told to whom the message was for.
func readPassword(file string) (string, error) {
	f, err := os.Open(file)
	if err != nil {
		return "", errors.New("mail: the file of the password cannot be read")
	}
	defer func() { _ = f.Close() }()
	text, err := io.ReadAll(io.LimitReader(f, passwordMax+1))
	password := strings.TrimRight(string(text), "\r\n")
	if err != nil || password == "" || len(text) > passwordMax {
		return "", fmt.Errorf("mail: the file of the password: want 1 to %d bytes", passwordMax)
	}
	return password, nil
}

// A line is one connection to the mail server. It is cut when ctx ends, whoever waits on
// it: the library looks at ctx only until it is connected, and leaves lines open on which
// it could not sign in.
type line struct {
	ctx    context.Context // A line is of one attempt.
	server MailServer
	tls    *tls.Config
	raw    net.Conn
	stop   func() bool
}

func (l *line) dial(ctx context.Context, network, address string) (net.Conn, error) {
	var d net.Dialer
	raw, err := d.DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	l.raw = raw
	l.stop = context.AfterFunc(l.ctx, func() { _ = raw.Close() })
	if l.server.TLS != Implicit {
		return raw, nil
	}
	secured := tls.Client(raw, l.tls)
	if err := secured.HandshakeContext(ctx); err != nil {
		return nil, err
	}
	return secured, nil
}

func (l *line) close() {
	if l.raw != nil {
		l.stop()
		_ = l.raw.Close()
	}
}
