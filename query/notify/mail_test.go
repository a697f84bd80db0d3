package notify_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net"
	netmail "net/mail"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"mlf/proof/authority"
	"mlf/query/notify"
)

var update = flag.Bool("update", false, "rewrite the golden files in testdata") //nolint:gochecknoglobals // A flag must exist before main.

// postOffice is a mail server on this machine that takes what it is not told to refuse.
type postOffice struct {
	password string // Empty: nobody signs in.
	refuse   func(at, what string) error

	mu      sync.Mutex
	letters []letter
	logins  int
}

type letter struct {
	from string
	to   []string
	text string
	tls  bool
}

// visit is one session.
type visit struct {
	office *postOffice
	line   *smtp.Conn
	is     letter
	known  bool
}

func (o *postOffice) NewSession(c *smtp.Conn) (smtp.Session, error) {
	return &visit{office: o, line: c}, o.judge("connect", "")
}

func (o *postOffice) judge(at, what string) error {
	if o.refuse == nil {
		return nil
	}
	return o.refuse(at, what)
}

func (v *visit) AuthMechanisms() []string {
	if v.office.password == "" {
		return nil
	}
	return []string{sasl.Plain}
}

func (v *visit) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		v.office.mu.Lock()
		defer v.office.mu.Unlock()
		v.office.logins++
		if user != "alerts@example.org" || password != v.office.password {
			return smtp.ErrAuthFailed
		}
		v.known = true
		return nil
	}), nil
}

func (v *visit) Mail(from string, _ *smtp.MailOptions) error {
	if v.office.password != "" && !v.known {
		return smtp.ErrAuthRequired
	}
	v.is.from = from
	return v.office.judge("mail", from)
}

func (v *visit) Rcpt(to string, _ *smtp.RcptOptions) error {
	v.is.to = append(v.is.to, to)
	return v.office.judge("rcpt", to)
}

func (v *visit) Data(r io.Reader) error {
	text, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	if err := v.office.judge("data", string(text)); err != nil {
		return err
	}
	v.is.text = string(text)
	_, v.is.tls = v.line.TLSConnectionState()
	v.office.mu.Lock()
	defer v.office.mu.Unlock()
	v.office.letters = append(v.office.letters, v.is)
	return nil
}

func (v *visit) Reset()        { v.is = letter{} }
func (v *visit) Logout() error { return nil }

// open opens an office behind TLS, and returns how its letters are sent.
func (o *postOffice) open(t *testing.T, secured notify.TLS) notify.Config {
	t.Helper()
	signer := authority.New(t, time.Now().AddDate(1, 0, 0))
	server := smtp.NewServer(o)
	server.Domain, server.ErrorLog = "mail.example.org", slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	pair := tls.Config{Certificates: []tls.Certificate{*signer.Pair(t, "mail", time.Now().AddDate(0, 1, 0))}, MinVersion: tls.VersionTLS12}
	cfg := configOf(t, listener.Addr(), secured)
	cfg.Roots = signer.Pool()
	switch secured {
	case notify.StartTLS:
		server.TLSConfig = &pair
	case notify.Implicit:
		listener = tls.NewListener(listener, &pair)
	case notify.Plain:
	}
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() { _ = server.Close() })
	if o.password != "" {
		cfg.Mail.Server.User, cfg.Mail.PasswordFile = "alerts@example.org", filepath.Join(t.TempDir(), "password")
		writePassword(t, cfg.Mail.PasswordFile, o.password+"\n")
	}
	return cfg
}

func configOf(t *testing.T, address net.Addr, secured notify.TLS) notify.Config {
	t.Helper()
	at, ok := address.(*net.TCPAddr)
	if !ok {
		t.Fatal(address)
	}
	return notify.Config{Mail: &notify.Mail{
		Server:      notify.MailServer{Host: "127.0.0.1", Port: at.Port, TLS: secured},
		From:        "Mettiamoci la faccia – avvisi <avvisi@mlf.example.org>",
		ReplyTo:     "urp@mlf.example.org",
		Unsubscribe: "https://mlf.example.org/body/c_f205/alerts",
	}}
}

func writePassword(t *testing.T, file, text string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func newSender(t *testing.T, cfg notify.Config) *notify.Sender {
	t.Helper()
	s, err := notify.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func mailbox(address string) notify.Target {
	return notify.Target{Kind: notify.Email, Address: address}
}

func TestMailArrives(t *testing.T) {
	f := func(secured notify.TLS, password string) {
		t.Helper()
		office := &postOffice{password: password}
		s := newSender(t, office.open(t, secured))
		for _, to := range []string{"urp@example.org", "sindaco@example.it"} {
			if got := s.Send(t.Context(), mailbox(to), message()); got != (notify.Result{Delivered: true, Status: 250}) {
				t.Fatalf("%v: %+v", secured, got)
			}
		}
		for i, to := range []string{"urp@example.org", "sindaco@example.it"} {
			l := office.letters[i]
			if l.from != "avvisi@mlf.example.org" || !slices.Equal(l.to, []string{to}) || l.tls != (secured != notify.Plain) {
				t.Errorf("%v: from %s to %v, TLS %t", secured, l.from, l.to, l.tls)
			}
			if strings.Contains(l.text, "sindaco") != (i == 1) {
				t.Errorf("one is told of the other:\n%s", l.text)
			}
		}
		if (office.logins > 0) != (password != "") {
			t.Errorf("%v: signed in %d times", secured, office.logins)
		}
	}
	f(notify.StartTLS, "")
	f(notify.StartTLS, "secret word")
	f(notify.Implicit, "")
	f(notify.Implicit, "secret word")
	f(notify.Plain, "")
}

// TestTheLetter holds the e-mail to the byte; its date and its recipient apart it is
// the same for each attempt.
func TestTheLetter(t *testing.T) {
	cfg := configOf(t, &net.TCPAddr{Port: 25}, notify.Plain)
	s := newSender(t, cfg)
	m := message()
	m.Text = strings.Repeat("Città: 31 % rossi (da 24 a 39 %) su 142 voti in 7 giorni. ", 3) + "\n.\n..\nFrom here\n=3D\n"
	got, err := notify.Letter(s, mailbox("urp@example.org"), m, time.Date(2026, 11, 27, 9, 30, 0, 0, time.UTC))
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join("testdata", "letter.eml")
	if *update {
		if err := os.WriteFile(file, got, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil || string(got) != string(want) {
		t.Errorf("%v\n%s\nwant\n%s", err, got, want)
	}
	for line := range strings.SplitSeq(string(got), "\r\n") {
		if len(line) > 78 || strings.ContainsFunc(line, func(r rune) bool { return r >= 0x7f || r < ' ' && r != '\t' }) {
			t.Errorf("line %q: want at most 78 bytes of ASCII", line)
		}
	}
	text, html := parts(t, string(got))
	if want := strings.ReplaceAll(m.Text, "\n", "\r\n"); strings.ReplaceAll(text, "\r\n", "\n") != strings.ReplaceAll(want, "\r\n", "\n") {
		t.Errorf("text %q, want %q", text, want)
	}
	if strings.ReplaceAll(html, "\r\n", "\n") != m.HTML {
		t.Errorf("HTML %q, want %q", html, m.HTML)
	}
}

// parts reads a letter as a mail program does.
func parts(t *testing.T, raw string) (text, html string) {
	t.Helper()
	read, err := netmail.ReadMessage(strings.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	f := func(field, want string) {
		t.Helper()
		got, err := new(mime.WordDecoder).DecodeHeader(read.Header.Get(field))
		if err != nil || got != want {
			t.Errorf("%s: %q, %v, want %q", field, got, err, want)
		}
	}
	f("Subject", "Più rossi del solito: anagrafe")
	f("From", `Mettiamoci la faccia – avvisi <avvisi@mlf.example.org>`)
	f("To", "<urp@example.org>")
	f("Reply-To", "<urp@mlf.example.org>")
	f("Message-ID", "<alert-1_opened@mlf.example.org>")
	f("Date", "Fri, 27 Nov 2026 09:30:00 +0000")
	f("Auto-Submitted", "auto-generated")
	f("List-Unsubscribe", "<https://mlf.example.org/body/c_f205/alerts>")
	f("Content-Language", "it")
	kind, parameters, err := mime.ParseMediaType(read.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/alternative" {
		t.Fatal(kind, err)
	}
	reader := multipart.NewReader(read.Body, parameters["boundary"])
	var all []string
	for {
		part, err := reader.NextRawPart()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(quotedprintable.NewReader(part))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, part.Header.Get("Content-Type"), string(content))
	}
	if len(all) != 4 || all[0] != "text/plain; charset=UTF-8" || all[2] != "text/html; charset=UTF-8" {
		t.Fatalf("parts %q", all)
	}
	return all[1], all[3]
}

func TestTextAlone(t *testing.T) {
	office := new(postOffice)
	s := newSender(t, office.open(t, notify.StartTLS))
	m := message()
	m.HTML = ""
	if got := s.Send(t.Context(), mailbox("urp@example.org"), m); !got.Delivered {
		t.Fatalf("%+v", got)
	}
	if text := office.letters[0].text; !strings.Contains(text, "Content-Type: text/plain; charset=UTF-8\r\n") || strings.Contains(text, "multipart") {
		t.Errorf("letter:\n%s", text)
	}
}

// TestWhatTheServerRefuses: a mailbox for ever, or for now; and us, until that is mended.
func TestWhatTheServerRefuses(t *testing.T) {
	f := func(at string, code int, final bool, detail string) {
		t.Helper()
		office := &postOffice{refuse: func(now, _ string) error {
			if now == at {
				return &smtp.SMTPError{Code: code, EnhancedCode: smtp.EnhancedCode{code / 100, 1, 1}, Message: "No secret here"}
			}
			return nil
		}}
		got := newSender(t, office.open(t, notify.StartTLS)).Send(t.Context(), mailbox("urp@example.org"), message())
		if fails(t, got, final, detail); got.Status != code || strings.Contains(got.Detail, "secret") || strings.Contains(got.Detail, "urp") {
			t.Errorf("%s %d: %+v", at, code, got)
		}
	}
	f("rcpt", 550, true, "refused the address: 550 5.1.1")
	f("rcpt", 450, false, "refused the address: 450 4.1.1")
	f("rcpt", 421, false, "refused the address: 421")
	f("data", 554, true, "refused the message: 554 5.1.1")
	f("data", 451, false, "refused the message: 451 4.1.1")
	f("mail", 550, false, "refused the sender: 550 5.1.1")
	f("mail", 451, false, "refused the sender: 451 4.1.1")
	f("connect", 554, false, "refused to be used: 554")
}

func TestPasswords(t *testing.T) {
	office := &postOffice{password: "right"}
	cfg := office.open(t, notify.StartTLS)
	s := newSender(t, cfg)
	f := func(text, want string) {
		t.Helper()
		writePassword(t, cfg.Mail.PasswordFile, text)
		got := s.Send(t.Context(), mailbox("urp@example.org"), message())
		if want == "" && !got.Delivered {
			t.Errorf("password %q: %+v", text, got)
		} else if want != "" {
			fails(t, got, false, want)
		}
		if strings.Contains(got.Detail, cfg.Mail.PasswordFile) || strings.Contains(got.Detail, "wrong") {
			t.Errorf("detail %q", got.Detail)
		}
	}
	f("right\n", "")
	f("wrong", "refused to be used: 535")
	f("right", "") // It was changed, and nothing was started again.
	f("", "1 to 4096 bytes")
	f(strings.Repeat("a", 5000), "1 to 4096 bytes")
	if err := os.Remove(cfg.Mail.PasswordFile); err != nil {
		t.Fatal(err)
	}
	fails(t, s.Send(t.Context(), mailbox("urp@example.org"), message()), false, "cannot be read")
}

// TestTLSIsRequired: nothing is told to a server that does not secure the line, or is
// another.
func TestTLSIsRequired(t *testing.T) {
	office := &postOffice{password: "right"}
	cfg := office.open(t, notify.Plain)
	cfg.Mail.Server.TLS = notify.StartTLS
	fails(t, newSender(t, cfg).Send(t.Context(), mailbox("urp@example.org"), message()), false, "STARTTLS")
	if office.logins != 0 || len(office.letters) != 0 {
		t.Errorf("%d logins, %d letters", office.logins, len(office.letters))
	}
	for _, secured := range []notify.TLS{notify.StartTLS, notify.Implicit} {
		office := &postOffice{password: "right"}
		cfg := office.open(t, secured)
		cfg.Roots = authority.New(t, time.Now().AddDate(1, 0, 0)).Pool()
		fails(t, newSender(t, cfg).Send(t.Context(), mailbox("urp@example.org"), message()), false, "certificate does not hold: signed by an unknown authority")
		if office.logins != 0 {
			t.Errorf("%d logins", office.logins)
		}
	}
}

// TestMailServersThatDoNotAnswer: each costs no more than the deadline.
func TestMailServersThatDoNotAnswer(t *testing.T) {
	f := func(detail string, answer func(line net.Conn)) {
		t.Helper()
		listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer shut(listener)
		go func() {
			line, err := listener.Accept()
			if err != nil {
				return
			}
			defer shut(line)
			answer(line)
		}()
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		defer cancel()
		began := time.Now()
		fails(t, newSender(t, configOf(t, listener.Addr(), notify.Plain)).Send(ctx, mailbox("urp@example.org"), message()), false, detail)
		if took := time.Since(began); took > 2*time.Second {
			t.Errorf("%s: took %v", detail, took)
		}
	}
	f("did not answer in time", func(line net.Conn) { _, _ = io.Copy(io.Discard, line) })
	f("did not answer in time", func(line net.Conn) { drip(line, "2") })
	f("did not answer in time", func(line net.Conn) { drip(line, "220-welcome\r\n") })
	f("EOF", func(net.Conn) {})
	f("mail server", func(line net.Conn) { fmt.Fprint(line, "HTTP/1.1 400 Bad Request\r\n\r\n") })
	f("did not answer", func(line net.Conn) { // It goes away in the middle of a message.
		speak(line, "DATA", func() { _ = line.Close() })
	})
	f("did not answer", func(line net.Conn) { // It takes the message, and says nothing.
		speak(line, ".", func() { _, _ = io.Copy(io.Discard, line) })
	})
}

// TestTheEndDoesNotMatter: what was taken is delivered, whatever comes after.
func TestTheEndDoesNotMatter(t *testing.T) {
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer shut(listener)
	go func() {
		line, err := listener.Accept()
		if err != nil {
			return
		}
		defer shut(line)
		speak(line, ".", func() { fmt.Fprint(line, "250 taken\r\n") })
	}()
	if got := newSender(t, configOf(t, listener.Addr(), notify.Plain)).Send(t.Context(), mailbox("urp@example.org"), message()); !got.Delivered || got.Status != 250 {
		t.Errorf("%+v", got)
	}
}

// speak answers as a mail server does, up to a command.
func speak(line net.Conn, until string, then func()) {
	fmt.Fprint(line, "220 mail.example.org\r\n")
	lines := bufio.NewScanner(line)
	isText := false
	for lines.Scan() {
		switch text := lines.Text(); {
		case text == until:
			then()
			return
		case isText:
		case text == "DATA":
			isText = true
			fmt.Fprint(line, "354 go on\r\n")
		default:
			fmt.Fprint(line, "250 yes\r\n")
		}
	}
}

func TestWhatIsNoLetter(t *testing.T) {
	s := newSender(t, configOf(t, &net.TCPAddr{Port: 1}, notify.Plain))
	f := func(change func(m *notify.Message), want string) {
		t.Helper()
		m := message()
		change(m)
		fails(t, s.Send(t.Context(), mailbox("urp@example.org"), m), true, want)
	}
	f(func(m *notify.Message) { m.Subject = "a\r\nBcc: b@example.org" }, "one line")
	f(func(m *notify.Message) { m.Subject = "a\x00" }, "one line")
	f(func(m *notify.Message) { m.Subject = "a\u0085b" }, "one line")
	f(func(m *notify.Message) { m.Subject = strings.Repeat("a", 301) }, "at most 300")
	f(func(m *notify.Message) { m.Subject = "" }, "want a subject")
	f(func(m *notify.Message) { m.Subject = "\xff" }, "UTF-8")
	f(func(m *notify.Message) { m.Text = "" }, "and a text")
	f(func(m *notify.Message) { m.Text = strings.Repeat("a", 64<<10+1) }, "at most 65536")
	f(func(m *notify.Message) { m.HTML = strings.Repeat("a", 256<<10+1) }, "at most 262144")
	f(func(m *notify.Message) { m.Language = "it\r\nX: y" }, "want it, en or de")
	f(func(m *notify.Message) { m.ID = "a@b" }, "id")
}

// TestLongSubjects: they are folded, and read again as they were.
func TestLongSubjects(t *testing.T) {
	s := newSender(t, configOf(t, &net.TCPAddr{Port: 1}, notify.Plain))
	f := func(subject, want string) {
		t.Helper()
		m := message()
		m.Subject = subject
		raw, err := notify.Letter(s, mailbox("urp@example.org"), m, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		head, _, _ := strings.Cut(string(raw), "\r\n\r\n")
		for line := range strings.SplitSeq(head, "\r\n") {
			if len(line) > 78 {
				t.Errorf("line of %d bytes: %s", len(line), line)
			}
		}
		read, err := netmail.ReadMessage(strings.NewReader(string(raw)))
		if err != nil {
			t.Fatal(err)
		}
		if got, err := new(mime.WordDecoder).DecodeHeader(read.Header.Get("Subject")); err != nil || got != want {
			t.Errorf("subject %q, %v, want %q", got, err, want)
		}
	}
	same := func(subject string) {
		t.Helper()
		f(subject, subject)
	}
	same("a")
	same(strings.Repeat("più ", 60) + "città")
	same(strings.Repeat("ù", 150))
	same(strings.Repeat("word ", 59) + "word")
	same(strings.Repeat("\U0001F600", 75))
	f("=?utf-8?q?a=0D=0AX:_b?=", "= ?utf-8?q?a=0D=0AX:_b?=")
	f("città =?utf-8?q?a?=", "città = ?utf-8?q?a?=")
}
