package notify_test

import (
	"net/netip"
	"net/url"
	"strings"
	"testing"

	"mlf/query/notify"
)

func TestMailServers(t *testing.T) {
	f := func(text string, want notify.MailServer) {
		t.Helper()
		if got, err := notify.ParseMailServer(text); err != nil || got != want {
			t.Errorf("%s: %+v, %v, want %+v", text, got, err, want)
		}
	}
	f("smtp://mail.example.org", notify.MailServer{Host: "mail.example.org", Port: 587})
	f("smtp://mlf@mail.example.org:25/", notify.MailServer{Host: "mail.example.org", Port: 25, User: "mlf"})
	f("smtp://mlf@example.org@mail.example.org", notify.MailServer{Host: "mail.example.org", Port: 587, User: "mlf@example.org"})
	f("smtps://mlf%40example.org@mail.example.org", notify.MailServer{Host: "mail.example.org", Port: 465, User: "mlf@example.org", TLS: notify.Implicit})
	f("smtp://localhost?tls=none", notify.MailServer{Host: "localhost", Port: 25, TLS: notify.Plain})
	f("smtp://10.0.0.1:1025?tls=none", notify.MailServer{Host: "10.0.0.1", Port: 1025, TLS: notify.Plain})

	e := func(text, want string) {
		t.Helper()
		if got, err := notify.ParseMailServer(text); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "s3cr3t") {
			t.Errorf("%s: %+v, %v, want %q", text, got, err, want)
		}
	}
	e("", "want smtp://")
	e("mail.example.org", "want smtp://")
	e("mail.example.org:25", "want smtp://")
	e("https://mail.example.org", "want smtp://")
	e("smtp://", "want a name")
	e("smtp://mlf:s3cr3t@mail.example.org", "want it in a file")
	e("smtp://mail.example.org/path", "with a path")
	e("smtp://mail.example.org?tls=maybe", "want smtp://")
	e("smtps://mail.example.org?tls=none", "want smtp://")
	e("smtp://mlf@localhost?tls=none", "a password is not sent without it")
	e("smtp://mail.example.org:0", "want 1 to 65535")
	e("smtp://mail.example.org:65536", "want 1 to 65535")
	e("smtp://mail.example.org:a", "not a URL")
	e("smtp://[::1]", "version 4")
	e("smtp://a b", "not a URL")
	e("smtp://a%0d%0a@mail.example.org", "control characters")
}

func TestConfigurations(t *testing.T) {
	server := notify.MailServer{Host: "localhost", Port: 25, TLS: notify.Plain}
	f := func(cfg notify.Config, want string) {
		t.Helper()
		_, err := notify.New(cfg)
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%+v: %v, want %q", cfg, err, want)
		}
	}
	f(notify.Config{}, "")
	f(notify.Config{Networks: make([]netip.Prefix, 1)}, "want one such as")
	f(notify.Config{Product: "a\r\nb"}, "want one line")
	f(notify.Config{Proxy: &url.URL{Scheme: "http", Host: "proxy:3128"}}, "")
	f(notify.Config{Proxy: &url.URL{Scheme: "socks5", Host: "proxy:3128"}}, "want http://")
	f(notify.Config{Proxy: &url.URL{Scheme: "http"}}, "want http://")

	m := func(mail notify.Mail, want string) {
		t.Helper()
		f(notify.Config{Mail: &mail}, want)
	}
	m(notify.Mail{}, "host")
	m(notify.Mail{Server: server}, "from")
	m(notify.Mail{Server: server, From: "mlf@example.org"}, "")
	m(notify.Mail{Server: server, From: "Città <mlf@example.org>", ReplyTo: "a@example.org"}, "")
	m(notify.Mail{Server: server, From: "a\r\nBcc: b@example.org <mlf@example.org>"}, "from")
	m(notify.Mail{Server: server, From: "mlf@localhost"}, "from")
	m(notify.Mail{Server: server, From: "a@example.org, b@example.org"}, "from")
	m(notify.Mail{Server: server, From: "a@example.org", ReplyTo: "b"}, "reply to")
	m(notify.Mail{Server: server, From: "a@example.org", Unsubscribe: "https://example.org/a"}, "")
	m(notify.Mail{Server: server, From: "a@example.org", Unsubscribe: "mailto:a@example.org?subject=stop"}, "")
	m(notify.Mail{Server: server, From: "a@example.org", Unsubscribe: "http://example.org/a"}, "want a URL of https")
	m(notify.Mail{Server: server, From: "a@example.org", Unsubscribe: "https://example.org/a>, <b"}, "want a URL of https")
	m(notify.Mail{Server: notify.MailServer{Host: "a", Port: 25, User: "b"}, From: "a@example.org"}, "want a file")
	m(notify.Mail{Server: notify.MailServer{Host: "a", Port: 25, TLS: 7}, From: "a@example.org"}, "TLS 7")
}
