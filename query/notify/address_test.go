package notify

import (
	"bytes"
	"net/netip"
	"strings"
	"testing"
)

func TestWhatIsPublic(t *testing.T) {
	f := func(address string, want bool) {
		t.Helper()
		if got := isPublic(netip.MustParseAddr(address)); got != want {
			t.Errorf("isPublic(%s) = %t, want %t", address, got, want)
		}
	}
	f("93.184.216.34", true)
	f("1.1.1.1", true)
	f("8.8.8.8", true)
	f("172.15.255.255", true)
	f("172.32.0.0", true)
	f("100.63.255.255", true)
	f("100.128.0.0", true)
	f("223.255.255.255", true)
	f("0.0.0.0", false)
	f("0.1.2.3", false)
	f("10.0.0.1", false)
	f("100.64.0.1", false)
	f("100.100.100.200", false) // Metadata of Alibaba.
	f("127.0.0.1", false)
	f("127.255.255.254", false)
	f("168.63.129.16", false)   // Azure.
	f("169.254.169.254", false) // Metadata of most clouds.
	f("172.16.0.1", false)
	f("192.0.0.192", false) // Metadata of Oracle.
	f("192.0.2.1", false)
	f("192.168.1.1", false)
	f("198.18.0.1", false)
	f("198.51.100.1", false)
	f("203.0.113.1", false)
	f("224.0.0.1", false)
	f("239.255.255.250", false)
	f("240.0.0.1", false)
	f("255.255.255.255", false)

	f("2a00:1450:4002:403::200e", true)
	f("2606:4700:4700::1111", true)
	f("::", false)
	f("::1", false)
	f("::ffff:127.0.0.1", false)
	f("::ffff:93.184.216.34", true)
	f("::127.0.0.1", false)
	f("64:ff9b::127.0.0.1", false) // NAT64 of loopback.
	f("64:ff9b::10.0.0.1", false)
	f("64:ff9b::93.184.216.34", true)
	f("64:ff9b:1::10.0.0.1", false)
	f("2002:7f00:1::", false) // 6to4 of loopback.
	f("2002:a9fe:a9fe::", false)
	f("2002:5db8:d822::1", true)
	f("2001::1", false) // Teredo.
	f("2001:db8::1", false)
	f("3fff::1", false)
	f("100::1", false)
	f("fc00::1", false)
	f("fd00:ec2::254", false) // Metadata of Amazon.
	f("fe80::1", false)
	f("fe80::1%eth0", false)
	f("2a00:1450:4002:403::200e%eth0", false)
	f("fec0::1", false)
	f("ff02::1", false)
}

func TestANetworkThatWasOpened(t *testing.T) {
	opened := []netip.Prefix{netip.MustParsePrefix("10.1.0.0/16"), netip.MustParsePrefix("fd00:1::/32")}
	f := func(address string, want bool) {
		t.Helper()
		if got := mayReach(netip.MustParseAddr(address), opened); got != want {
			t.Errorf("mayReach(%s) = %t, want %t", address, got, want)
		}
	}
	f("10.1.2.3", true)
	f("::ffff:10.1.2.3", true)
	f("10.2.0.1", false)
	f("fd00:1::7", true)
	f("fd00:2::7", false)
	f("127.0.0.1", false)
	f("93.184.216.34", true)
}

func TestURLsOfWebhooks(t *testing.T) {
	s, err := New(Config{})
	if err != nil {
		t.Fatal(err)
	}
	f := func(address, want string) {
		t.Helper()
		err := s.Check(Target{Kind: Webhook, Address: address, Secret: make([]byte, 32)})
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("Check(%q) = %v, want %q", address, err, want)
		}
	}
	f("https://hooks.example.org", "")
	f("https://hooks.example.org/a/b?token=1", "")
	f("https://HOOKS.example.org:443/", "")
	f("https://hooks.example.org:8443/", "")
	f("https://hooks.example.org:65535/", "")
	f("https://xn--mnchen-3ya.example.org/", "")
	f("https://a_b.example.org/", "")
	f("https://1.example.org/", "")

	f("", "begins with https://")
	f("hooks.example.org", "begins with https://")
	f("http://hooks.example.org/", "begins with https://")
	f("ftp://hooks.example.org/", "begins with https://")
	f("https:hooks.example.org", "begins with https://")
	f("https:///path", "begins with https://")
	f("https://münchen.example.org/", "ASCII")
	f("https://hooks.example.org/a b", "blanks")
	f("https://hooks.example.org/\r\nX: y", "not a URL")
	f("https://user:word@hooks.example.org/", "user or a password")
	f("https://@hooks.example.org/", "user or a password")
	f("https://hooks.example.org/#a", "with a #")
	f("https://hooks.example.org:/", "empty port")
	f("https://hooks.example.org:80/", "want 443")
	f("https://hooks.example.org:22/", "want 443")
	f("https://hooks.example.org:65536/", "want 443")
	f("https://hooks.example.org:0443/", "")
	f("https://localhost/", "full name")
	f("https://intranet:8443/", "full name")
	f("https://hooks.example.org./", "between dots")
	f("https://hooks..example.org/", "between dots")
	f("https://-a.example.org/", "between dots")
	f("https://127.0.0.1/", "in place of a name")
	f("https://127.1/", "in place of a name")
	f("https://127.0x1/", "in place of a name")
	f("https://0x7f.0.0.0x1/", "in place of a name")
	f("https://0177.0.0.01/", "in place of a name")
	f("https://2130706433/", "full name")
	f("https://0x7f000001/", "full name")
	f("https://[::1]/", "in place of a name")
	f("https://[::ffff:127.0.0.1]:8443/", "in place of a name")
	f("https://[fe80::1%25eth0]/", "in place of a name")
	f("https://%6c%6f.example.org/", "not a URL")
	f("https://ⓛⓞ.example.org/", "ASCII")
	f("https://hooks.example.org/"+strings.Repeat("a", urlMax), "2048")
	f("https://"+strings.Repeat("a", 64)+".example.org/", "between dots")
	f("https://"+strings.Repeat("a.", 130)+"org/", "full name")
}

func TestAddressesOfMail(t *testing.T) {
	s, err := New(Config{Mail: &Mail{Server: MailServer{Host: "localhost", Port: 25, TLS: Plain}, From: "mlf@example.org"}})
	if err != nil {
		t.Fatal(err)
	}
	f := func(address string, want bool) {
		t.Helper()
		if err := s.Check(Target{Kind: Email, Address: address}); (err == nil) != want {
			t.Errorf("Check(%q) = %v, want accepted: %t", address, err, want)
		}
	}
	f("urp@comune.example.it", true)
	f("a.b+c_d-e=f@example.org", true)
	f("o'brien@example.org", true)
	f("protocollo@cert.comune.example.it", true)
	f("", false)
	f("urp", false)
	f("urp@", false)
	f("@example.org", false)
	f("urp@localhost", false)
	f("urp@127.0.0.1", false)
	f("urp@[127.0.0.1]", false)
	f("a@b.org, c@d.org", false)
	f("a@b.org,c@d.org", false)
	f("a@b@c.org", false)
	f("URP <urp@example.org>", false)
	f("<urp@example.org>", false)
	f(`"a b"@example.org`, false)
	f("a b@example.org", false)
	f(".a@example.org", false)
	f("a.@example.org", false)
	f("a..b@example.org", false)
	f("a(b)@example.org", false)
	f("à@example.org", false)
	f("a@ex\r\nBcc: b@example.org", false)
	f("a\r\nBcc: b@example.org", false)
	f("a@example.org\n", false)
	f("a@example.org\x00", false)
	f(strings.Repeat("a", 64)+"@example.org", true)
	f(strings.Repeat("a", 65)+"@example.org", false)
	f("a@"+strings.Repeat("b.", 126)+"org", false)
}

func TestTargets(t *testing.T) {
	s, err := New(Config{})
	if err != nil {
		t.Fatal(err)
	}
	f := func(target Target, want string) {
		t.Helper()
		if err := s.Check(target); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Check(%v) = %v, want %q", target, err, want)
		}
	}
	const url = "https://hooks.example.org/"
	f(Target{}, `kind ""`)
	f(Target{Kind: "sms", Address: "+39"}, "want webhook or email")
	f(Target{Kind: Email, Address: "a@example.org"}, "the operator has set no mail server")
	f(Target{Kind: Webhook, Address: url}, "secret of 0 bytes: want 24 to 64")
	f(Target{Kind: Webhook, Address: url, Secret: make([]byte, 23)}, "secret of 23 bytes")
	f(Target{Kind: Webhook, Address: url, Secret: make([]byte, 65)}, "secret of 65 bytes")
	f(Target{Kind: Webhook, Address: url, Secret: make([]byte, 64), Previous: []byte{1}}, "secret of 1 bytes")
}

// FuzzCheck: what is let pass leads to one host that has a name, and to one mailbox.
func FuzzCheck(f *testing.F) {
	for _, seed := range []string{
		"https://hooks.example.org:8443/a?b=c", "https://127.1/", "https://[::1]/", "https://a@b.c/", "https://0x7f.1/", "https://a.b:/", "https:\\\\a.b", "https://a.b\\@c.d/",
		"urp@comune.example.it", "a@b.c\r\nBcc: d@e.f", `"a"@b.c`, "a@b@c.d", "a@[::1]", "%40@a.b", "https://%31%32%37.1/",
	} {
		f.Add(seed)
	}
	s, err := New(Config{Mail: &Mail{Server: MailServer{Host: "localhost", Port: 25, TLS: Plain}, From: "mlf@example.org"}})
	if err != nil {
		f.Fatal(err)
	}
	secret := bytes.Repeat([]byte{1}, 32)
	f.Fuzz(func(t *testing.T, address string) {
		if s.Check(Target{Kind: Webhook, Address: address, Secret: secret}) == nil {
			m := &Message{ID: "1", Kind: "test", Body: []byte("{}")}
			r, err := s.request(t.Context(), Target{Kind: Webhook, Address: address, Secret: secret}, m, m.At)
			if err != nil {
				t.Fatalf("%q passes, and is no request: %v", address, err)
			}
			host := r.URL.Hostname()
			if _, err := netip.ParseAddr(host); err == nil || r.URL.Scheme != "https" || r.URL.User != nil || !strings.Contains(host, ".") || strings.Trim(host[strings.LastIndex(host, ".")+1:], "0123456789") == "" {
				t.Fatalf("%q passes, and leads to %q", address, host)
			}
		}
		if s.Check(Target{Kind: Email, Address: address}) == nil {
			if strings.Count(address, "@") != 1 || strings.ContainsAny(address, " ,;<>()[]\"\\\r\n\x00") {
				t.Fatalf("%q passes, and is not one mailbox", address)
			}
		}
	})
}
