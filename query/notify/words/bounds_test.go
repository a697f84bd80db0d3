package words_test

import (
	"net/netip"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"mlf/query/notify"
	"mlf/query/notify/words"
)

// TestLettersAreMessages: whatever is told, it is one that can be sent.
func TestLettersAreMessages(t *testing.T) {
	sender, err := notify.New(notify.Config{
		Networks: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")},
		Mail:     &notify.Mail{Server: notify.MailServer{Host: "localhost", Port: 25, TLS: notify.Plain}, From: "mlf@example.org"},
	})
	if err != nil {
		t.Fatal(err)
	}
	courier := notify.NewCourier(sender, notify.CourierConfig{Done: func(notify.Delivery) {}})
	w, all := words.Read(), stories(t)
	evil := strings.Repeat("\xff\x00\r\n\u0085 <&>\U0001F600", 200)
	all["evil"] = words.Story{Kind: "misuse", State: "opened", Body: evil, Scope: evil, Terminals: []string{evil}, Link: evil, SettingsLink: evil}
	for _, name := range keys(all) {
		story := all[name]
		for _, language := range []string{"it", "en", "de"} {
			l := w.Letter(language, &story)
			m := &notify.Message{ID: name + language, Kind: "test", At: time.Unix(0, 0), Subject: l.Subject, Text: l.Text, HTML: l.HTML, Language: language}
			if err := courier.Put(notify.Target{Kind: notify.Email, Address: "urp@example.org"}, m); err != nil {
				t.Errorf("%s in %s: %v", name, language, err)
			}
		}
	}
}

// FuzzLetter: what others write is never more than a name.
func FuzzLetter(f *testing.F) {
	f.Add("Anagrafe", "Sportello 1", "https://mlf.example.org/a", 0.3, uint64(142))
	f.Add("</p><script>", "\r\nBcc: a@example.org", "javascript:alert(1)", -1.0, uint64(0))
	f.Add("{what}", "\u202e\u2066", "https://a\"onclick=b", 1e300, ^uint64(0))
	w := words.Read()
	plain := words.Story{Kind: "misuse", State: "opened", Body: "b", Scope: "s", N: 1, Terminals: []string{"t"}, Link: "https://a.example.org", SettingsLink: "https://a.example.org"}
	f.Fuzz(func(t *testing.T, name, terminal, link string, share float64, n uint64) {
		story := plain
		story.Body, story.Scope, story.Terminals, story.Link = name, name, []string{terminal}, link
		story.Share, story.Low, story.High, story.Difference, story.N, story.BaselineN = share, share, share, share, n, n
		for _, language := range []string{"it", "en", "de"} {
			l, like := w.Letter(language, &story), w.Letter(language, &plain)
			if len(l.Subject) > 300 || !utf8.ValidString(l.Subject) || strings.ContainsFunc(l.Subject, unicode.IsControl) {
				t.Fatalf("subject %q", l.Subject)
			}
			if !utf8.ValidString(l.Text) || !utf8.ValidString(l.HTML) || strings.Contains(l.Text, "\r") {
				t.Fatalf("text %q", l.Text)
			}
			if strings.Count(l.HTML, "<") > strings.Count(like.HTML, "<") || strings.Count(l.Text, "\n") > strings.Count(like.Text, "\n") {
				t.Fatalf("more than names:\n%s\n%s", l.Text, l.HTML)
			}
		}
	})
}
