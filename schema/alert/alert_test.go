package alert_test

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"mlf/schema"
	"mlf/schema/alert"
)

const (
	roma schema.BodyCode = "c_h501"
	hour schema.Hour     = 498_800
)

// at is a time, so many hours after the first.
func at(hours int) time.Time { return (hour + schema.Hour(hours)).Time() }

func id(n int) string { return fmt.Sprintf("%032x", n) }

func settings() *alert.Settings {
	s := alert.Usual(roma)
	s.Version, s.Change, s.By, s.At = 1, id(1), "urp", at(0)
	return s
}

func open() *alert.Alert {
	a := &alert.Alert{Body: roma, Kind: alert.Red, Scope: alert.Scope{Scale: "mlf3"}, First: hour, State: alert.Open, Opened: at(0), Updated: at(0)}
	a.ID = alert.ID(a.Body, a.Kind, a.Scope, a.First)
	return a
}

type record interface{ Record() (alert.Record, error) }

// apply has b take the record of r.
func apply(t interface {
	Helper()
	Fatal(...any)
}, b *alert.Book, r record,
) {
	t.Helper()
	of, err := r.Record()
	if err == nil {
		err = b.Apply(of.Key, of.Value)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func TestSettingsThatSaySomethingImpossible(t *testing.T) {
	f := func(want string, change func(*alert.Settings)) {
		t.Helper()
		s := settings()
		change(s)
		_, err := s.Record()
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
	f("", func(*alert.Settings) {})
	f("", func(s *alert.Settings) { s.Emails = []string{"urp@comune.example.it"} })
	f("", func(s *alert.Settings) { s.Webhooks = []alert.Webhook{{"a-1", "https://example.it:8443/hook?x=1"}} })
	f("", func(s *alert.Settings) { s.Quiet = &alert.Quiet{From: "22:00", To: "07:30"} })
	f("", func(s *alert.Settings) { s.Rules = []alert.Rule{{Kind: alert.Misuse, Threshold: 1}} })
	f("want an IPA code in small letters", func(s *alert.Settings) { s.Body = "C_H501" })
	f("language \"fr\": want it, en or de", func(s *alert.Settings) { s.Language = "fr" })
	f("version and change", func(s *alert.Settings) { s.Version = 0 })
	f("kind \"x\"", func(s *alert.Settings) { s.Rules[0].Kind = "x" })
	f("threshold 0.6 of red: want 0.01 to 0.5", func(s *alert.Settings) { s.Rules[0].Threshold = 0.6 })
	f("threshold -1 of silence", func(s *alert.Settings) { s.Rules[2].Threshold = -1 })
	f("one of a kind and scope", func(s *alert.Settings) { s.Rules = append(s.Rules, alert.Rule{Kind: alert.Red}) })
	f("want at most 20", func(s *alert.Settings) { s.Rules = make([]alert.Rule, 21) })
	f("scope", func(s *alert.Settings) { s.Rules[0].Scope.Comuni = []string{"58091x"} })
	f("scope: scale \"smiley5\"", func(s *alert.Settings) { s.Rules[0].Scope.Scale = "smiley5" })
	f("at most 5 and 20", func(s *alert.Settings) { s.Webhooks = make([]alert.Webhook, 6) })
	f("want an address like https", func(s *alert.Settings) { s.Webhooks = []alert.Webhook{{"a", "http://example.it"}} })
	f("want an address like https", func(s *alert.Settings) { s.Webhooks = []alert.Webhook{{"a", "https://u:p@example.it"}} })
	f("each id once", func(s *alert.Settings) { s.Webhooks = []alert.Webhook{{"a", "https://x.it"}, {"a", "https://y.it"}} })
	f("want an address like urp", func(s *alert.Settings) { s.Emails = []string{"urp@a.it\r\nBcc: b@c.it"} })
	f("want an address like urp", func(s *alert.Settings) { s.Emails = []string{"a@b.it,c@d.it"} })
	f("each once", func(s *alert.Settings) { s.Emails = []string{"a@b.it", "a@b.it"} })
	f("want a time like 22:00", func(s *alert.Settings) { s.Quiet = &alert.Quiet{From: "24:00", To: "07:00"} })
	f("another end", func(s *alert.Settings) { s.Quiet = &alert.Quiet{From: "07:00", To: "07:00"} })
}

func TestUsualThresholdsAndOrderAreFilledIn(t *testing.T) {
	s := settings()
	s.Rules = []alert.Rule{{Kind: alert.Red, Scope: alert.Scope{Comuni: []string{"058091", "015146", "058091"}}}, {Kind: alert.Silence}}
	if _, err := s.Record(); err != nil {
		t.Fatal(err)
	}
	if got := s.Rules[0].Scope.String(); got != "comune=015146,058091" || s.Rules[0].Threshold != alert.RedUsual || s.Rules[1].Threshold != alert.SilenceUsual {
		t.Errorf("got %s, %+v", got, s.Rules)
	}
}

func TestQuietHours(t *testing.T) {
	f := func(from, to string, hour, minute int, want bool) {
		t.Helper()
		q := &alert.Quiet{From: from, To: to}
		if got := q.Holds(time.Date(2026, 11, 25, hour, minute, 0, 0, time.UTC)); got != want {
			t.Errorf("%s to %s at %d:%02d: got %v", from, to, hour, minute, got)
		}
	}
	f("22:00", "07:00", 22, 0, true)
	f("22:00", "07:00", 6, 59, true)
	f("22:00", "07:00", 7, 0, false)
	f("22:00", "07:00", 21, 59, false)
	f("12:30", "14:00", 12, 30, true)
	f("12:30", "14:00", 14, 0, false)
	f("x", "14:00", 13, 0, false)
	if (*alert.Quiet)(nil).Holds(at(0)) {
		t.Error("without quiet hours it is quiet")
	}
}

// TestTheIDSaysWhatItIsAbout: two that see the same make the same, and of anything else another.
func TestTheIDSaysWhatItIsAbout(t *testing.T) {
	seen := make(map[string]bool)
	for _, body := range []schema.BodyCode{roma, "c_f205"} {
		for _, kind := range alert.Kinds() {
			for _, scope := range []alert.Scope{{}, {Scale: "mlf3"}, {Offices: []string{"mlf3"}}} {
				for _, first := range []schema.Hour{hour, hour + 1} {
					id := alert.ID(body, kind, scope, first)
					if seen[id] || len(id) != 32 || id != alert.ID(body, kind, scope, first) {
						t.Errorf("%s of %s %s %v %v", id, body, kind, scope, first)
					}
					seen[id] = true
				}
			}
		}
	}
	a := open()
	a.First++
	if _, err := a.Record(); err == nil {
		t.Error("an alert has the id of another")
	}
}

func told(day string, hours int, target string, o alert.Outcome) alert.Told {
	t := alert.Told{Day: day, Event: alert.Opened, Message: "m-" + day, At: at(hours)}
	if target != "" {
		t.Results = map[string]alert.Outcome{target: o}
	}
	return t
}

// TestWhatEitherToldIsKept: of two that wrote at once, and of one who forgot.
func TestWhatEitherToldIsKept(t *testing.T) {
	one, other := open(), open()
	one.Note(told("2026-11-25", 1, "email:a@b.it", alert.Outcome{At: at(2), Delivered: true}))
	other.Updated = at(3)
	other.Note(told("2026-11-25", 1, "webhook:a", alert.Outcome{At: at(2), Detail: "503"}))
	other.Note(told("2026-11-26", 24, "", alert.Outcome{}))
	for _, joined := range []*alert.Alert{one.Join(other), other.Join(one)} {
		first := joined.ToldOn("2026-11-25")
		if first == nil || len(first.Results) != 2 || !first.Results["email:a@b.it"].Delivered || joined.ToldOn("2026-11-26") == nil || !joined.Updated.Equal(at(3)) {
			t.Errorf("got %+v", joined)
		}
	}
	again := open()
	again.Note(told("2026-11-25", 1, "webhook:a", alert.Outcome{At: at(1), Delivered: true}))
	if got := again.Join(other).ToldOn("2026-11-25").Results["webhook:a"]; !got.Delivered {
		t.Errorf("a delivery was forgotten: %+v", got)
	}
	for i := range 40 {
		again.Note(told(fmt.Sprintf("2027-01-%02d", i), i, "", alert.Outcome{}))
	}
	if _, err := again.Record(); err != nil || len(again.Told) != 32 || again.Told[31].Day != "2027-01-39" {
		t.Errorf("got %d, %v: want the newest 32", len(again.Told), err)
	}
}

// TestAnyOrderComesToTheSame: records of one alert, doubled and in any order, and compacted once
// somebody has put again what was behind.
func TestAnyOrderComesToTheSame(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var log []alert.Record
		for range rapid.IntRange(1, 8).Draw(t, "records") {
			a := open()
			a.Updated = at(rapid.IntRange(0, 3).Draw(t, "updated"))
			a.Reopened = rapid.IntRange(0, 1).Draw(t, "reopened")
			for range rapid.IntRange(0, 2).Draw(t, "told") {
				o := alert.Outcome{At: at(rapid.IntRange(0, 2).Draw(t, "at")), Delivered: rapid.Bool().Draw(t, "delivered")}
				a.Note(told(rapid.SampledFrom([]string{"2026-11-25", "2026-11-26"}).Draw(t, "day"), rapid.IntRange(0, 2).Draw(t, "when"), rapid.SampledFrom([]string{"", "email:a@b.it", "webhook:a"}).Draw(t, "target"), o))
			}
			r, err := a.Record()
			if err != nil {
				t.Fatal(err)
			}
			log = append(log, r)
		}
		read := func(log []alert.Record) *alert.Book {
			b := new(alert.Book)
			for _, r := range log {
				if err := b.Apply(r.Key, r.Value); err != nil {
					t.Fatal(err)
				}
			}
			return b
		}
		value := func(b *alert.Book) []byte {
			r, err := b.Alert(open().ID).Record()
			if err != nil {
				t.Fatal(err)
			}
			return r.Value
		}
		first := read(log)
		shuffled := rapid.Permutation(append(slices.Clone(log), log...)).Draw(t, "log")
		second := read(shuffled)
		if !bytes.Equal(value(first), value(second)) {
			t.Fatalf("got\n%s\nand in another order\n%s", value(first), value(second))
		}
		again := second.Behind(10)
		for _, r := range again {
			if err := second.Apply(r.Key, r.Value); err != nil {
				t.Fatal(err)
			}
		}
		if left := second.Behind(10); len(left) > 0 {
			t.Fatalf("%d are behind, and were put again", len(left))
		}
		whole := append(shuffled, again...)
		if compacted := read(whole[len(whole)-1:]); !bytes.Equal(value(compacted), value(first)) {
			t.Fatalf("compacted to\n%s\nwant\n%s", value(compacted), value(first))
		}
	})
}

// TestTheFirstOfAVersionHolds: of two changes of the same settings, whoever was first on the log.
func TestTheFirstOfAVersionHolds(t *testing.T) {
	var b alert.Book
	first, second, next := settings(), settings(), settings()
	second.Change, second.Language = id(2), "de"
	apply(t, &b, first)
	apply(t, &b, second)
	if got := b.Settings(roma); got.Change != first.Change || len(b.Behind(9)) != 1 {
		t.Errorf("got %+v, %d behind", got, len(b.Behind(9)))
	}
	apply(t, &b, first)
	if len(b.Behind(9)) != 0 {
		t.Error("it was put again, and is behind")
	}
	next.Version, next.Change = 2, id(3)
	apply(t, &b, next)
	apply(t, &b, second)
	if got := b.Settings(roma); got.Version != 2 || len(b.Behind(9)) != 1 {
		t.Errorf("got %+v", got)
	}
}

func TestNotesAcknowledgeUntilItOpensAgain(t *testing.T) {
	var b alert.Book
	a := open()
	apply(t, &b, a)
	n := &alert.Note{Alert: a.ID, ID: id(1), By: "urp", At: at(1), Text: "ci pensiamo"}
	apply(t, &b, n)
	if b.Acknowledged(a) != nil || len(b.Notes(a.ID)) != 1 {
		t.Error("a note that does not acknowledge does")
	}
	n = &alert.Note{Alert: a.ID, ID: id(2), By: "urp", At: at(2), Acknowledges: true}
	apply(t, &b, n)
	if got := b.Acknowledged(a); got == nil || got.ID != id(2) {
		t.Errorf("got %+v", got)
	}
	again := *a
	again.Opened, again.Updated, again.Reopened = at(50), at(50), 1
	apply(t, &b, &again)
	if b.Acknowledged(b.Alert(a.ID)) != nil {
		t.Error("what was acknowledged before it opened again is so after it")
	}
	for _, r := range again.Forget(b.Notes(a.ID)) {
		if err := b.Apply(r.Key, r.Value); err != nil {
			t.Fatal(err)
		}
	}
	if b.Alert(a.ID) != nil || len(b.Notes(a.ID)) != 0 || len(b.Alerts(roma)) != 0 {
		t.Error("it was taken back, and is there")
	}
}

func TestABadRecordChangesNothing(t *testing.T) {
	var b alert.Book
	a := open()
	apply(t, &b, a)
	r, err := a.Record()
	if err != nil {
		t.Fatal(err)
	}
	for key, value := range map[string][]byte{
		r.Key: []byte("{"), "alert/" + id(9): r.Value, "settings/x": []byte(`{"ipa":"x"}`), "note/a/b": []byte(`{}`), "test/x": []byte("[]"),
	} {
		if err := b.Apply(key, value); err == nil {
			t.Errorf("%s: taken", key)
		}
	}
	if err := b.Apply("other/x", []byte("?")); err != nil {
		t.Errorf("a record of another kind: %v", err)
	}
	if got := b.Alerts(roma); len(got) != 1 || got[0].ID != a.ID {
		t.Errorf("got %v", got)
	}
}

// FuzzApply: no record makes a reader panic or forget, and what is taken can be written again.
func FuzzApply(f *testing.F) {
	a := open()
	a.Note(told("2026-11-25", 1, "email:a@b.it", alert.Outcome{At: at(2), Delivered: true}))
	for _, r := range []record{
		settings(), a, &alert.Note{Alert: a.ID, ID: id(1), By: "urp", At: at(1), Text: "x"}, &alert.Test{Body: roma, ID: id(1), By: "urp", Asked: at(0)},
	} {
		of, err := r.Record()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(of.Key, of.Value)
	}
	f.Fuzz(func(t *testing.T, key string, value []byte) {
		b := new(alert.Book)
		apply(t, b, settings())
		err := b.Apply(key, value)
		if b.Settings(roma) == nil && value != nil {
			t.Errorf("%v: and what was known is not", err)
		}
		for _, a := range b.Alerts("") {
			apply(t, b, a)
			b.Acknowledged(a)
		}
		for _, body := range b.Bodies() {
			b.Settings(body).Quiet.Holds(at(0))
			apply(t, b, b.Settings(body))
		}
		b.Behind(10)
	})
}
