package rating_test

import (
	"encoding/json"
	"strings"
	"testing"

	"mlf/ingest/rating"
)

// own reads an own body with one more field in it.
func own(t *testing.T, name string, value any) rating.Rating {
	t.Helper()
	body, err := json.Marshal(map[string]any{"value": 4, name: value})
	if err != nil {
		t.Fatal(err)
	}
	r, err := rating.Read(object, body)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestPages: an address is kept without what a citizen asked for.
func TestPages(t *testing.T) {
	f := func(address, want string) {
		t.Helper()
		if got := own(t, "page", address).Page; got != want {
			t.Errorf("%q: got %q, want %q", address, got, want)
		}
	}
	f("https://www.comune.esempio.it/servizi/?s=mario+rossi#capo", "https://www.comune.esempio.it/servizi/")
	f(" https://WWW.Comune.Esempio.IT ", "https://www.comune.esempio.it/")
	f("http://mario:segreto@comune.it:8080/a%2Fb", "http://comune.it:8080/a%2Fb")
	f("https://comune.it/città", "https://comune.it/citt%C3%A0")
	f("/amministrazione/uffici?x=1", "/amministrazione/uffici")
	f("//comune.it/x", "")
	f("javascript:alert(1)", "")
	f("file:///etc/passwd", "")
	f("mailto:rossi@comune.it", "")
	f("Ricerca", "")
	f("null", "")
	f("", "")
	f("http://[::1", "")
	f("/"+strings.Repeat("a", 1023), "/"+strings.Repeat("a", 1023))
	f("/"+strings.Repeat("a", 1024), "")
}

func TestTitles(t *testing.T) {
	f := func(title, want string) {
		t.Helper()
		if got := own(t, "title", title).Title; got != want {
			t.Errorf("%q: got %q, want %q", title, got, want)
		}
	}
	f("  Il tuo\n  Comune ", "Il tuo Comune")
	f("x"+strings.Repeat("è", 128), "x"+strings.Repeat("è", 127)) // Not cut within a letter.
	f("null", "")
}

func TestServices(t *testing.T) {
	f := func(service any, want string, warned rating.Warnings) {
		t.Helper()
		if got := own(t, "service", service); got.Service != want || got.Warnings != warned {
			t.Errorf("%v: got %q %v, want %q %v", service, got.Service, got.Warnings.Codes(), want, warned.Codes())
		}
	}
	f("anagrafe", "anagrafe", 0)
	f("polizia_locale-2", "polizia_locale-2", 0)
	f("", "", 0)
	f(nil, "", 0)
	f("Anagrafe", "", rating.UnknownService)
	f("a b", "", rating.UnknownService)
	f(strings.Repeat("a", 48), strings.Repeat("a", 48), 0)
	f(strings.Repeat("a", 49), "", rating.UnknownService)
	f(7, "", rating.UnknownService)
}

func TestAges(t *testing.T) {
	f := func(age any, want int64, has bool, warned rating.Warnings) {
		t.Helper()
		if got := own(t, "age_ms", age); got.AgeMS != want || got.HasAge != has || got.Warnings != warned {
			t.Errorf("%v: got %d %v %v, want %d %v %v", age, got.AgeMS, got.HasAge, got.Warnings.Codes(), want, has, warned.Codes())
		}
	}
	f(0, 0, true, 0)
	f(1500, 1500, true, 0)
	f("1500", 1500, true, 0)
	f(rating.AgeMax, rating.AgeMax, true, 0)
	f(nil, 0, false, 0)
	f(rating.AgeMax+1, 0, false, rating.BadTime)
	f(-1, 0, false, rating.BadTime)
	f("ieri", 0, false, rating.BadTime)
	f(1.5, 0, false, rating.BadTime)
}

func TestIdentities(t *testing.T) {
	f := func(id any, want string) {
		t.Helper()
		body, err := json.Marshal(map[string]any{"value": 4, "id": id})
		if err != nil {
			t.Fatal(err)
		}
		got := "malformed"
		if r, err := rating.Read(object, body); err == nil {
			got = verdictOf(&r, nil).ID
		}
		if got != want {
			t.Errorf("%v: got %q, want %q", id, got, want)
		}
	}
	f("6f1f64a2-9d0f-4c50-8f5f-0f6a4b1f3c11", "6f1f64a29d0f4c508f5f0f6a4b1f3c11")
	f("6F1F64A2-9D0F-4C50-8F5F-0F6A4B1F3C11", "6f1f64a29d0f4c508f5f0f6a4b1f3c11")
	f(nil, "")
	f("", "malformed")
	f(7, "malformed")
	f("00000000-0000-0000-0000-000000000000", "malformed")
	f("6f1f64a29d0f4c508f5f0f6a4b1f3c11", "malformed")
	f("6f1f64a2-9d0f-4c50-8f5f-0f6a4b1f3c1", "malformed")
	f("6f1f64a2-9d0f-4c50-8f5f-0f6a4b1f3c1g", "malformed")
	f("6f1f64a2-9d0f-4c50-8f5f-0f6a4b1f3---", "malformed")
	f("{6f1f64a2-9d0f-4c50-8f5f-0f6a4b1f3c1", "malformed")
}

// TestTexts: the same words have the same hash, whoever escaped them how often; short
// ones have none, as many write them.
func TestTexts(t *testing.T) {
	read := func(text string) rating.Rating {
		t.Helper()
		body, err := json.Marshal(map[string]any{"star": 4, "freeText": text})
		if err != nil {
			t.Fatal(err)
		}
		r, err := rating.Read(object, body)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	same := func(a, b string, want bool) {
		t.Helper()
		if one, two := read(a), read(b); !one.HasText || !two.HasText || (one.Text == two.Text) != want {
			t.Errorf("%q and %q: same %v, want %v", a, b, one.Text == two.Text, want)
		}
	}
	none := func(text string) {
		t.Helper()
		if r := read(text); r.HasText || r.Text != [16]byte{} {
			t.Errorf("%q has a hash", text)
		}
	}
	same(`L'ufficio "X" <b> & è`, `L&amp;#39;ufficio &amp;#34;X&amp;#34; &amp;lt;b&amp;gt; &amp; è`, true)
	same("Manca l'orario dello sportello", "manca  l’orario dello sportello. ", true)
	same("Manca l'orario dello sportello", "Manca l'orario dello sportello 2", false)
	none("tutto bene")
	none("null")
	none("12345 67890 12345")
	none("")
	if !read("tutto benee").HasText {
		t.Error("ten letters have no hash")
	}
}

// FuzzRead: no body makes it panic; what it takes is in its ranges, and an address that
// it gives is one that it would give again.
func FuzzRead(f *testing.F) {
	for _, body := range []string{
		`action=save_rating&title=A+%E2%80%93&star=2&radioResponse=%0A++Altro&freeText=100%&page=http%3A%2F%2F127.0.0.1%3A9001%2Fa%2F`,
		`{"vote":2,"hp":"","answer":"Altro","comment":"abc","content":"/a"}`,
		`{"pagePath":"/x","rating":"4","option":"positivo4","bind":null}`,
		`{"id":"6f1f64a2-9d0f-4c50-8f5f-0f6a4b1f3c11","value":4,"reason":"clear","service":"anagrafe","page":"https://a/b","age_ms":1e3,"test":true}`,
		`rating=4&feedback=&details=`,
	} {
		for _, contentType := range []string{form, object, ""} {
			f.Add(contentType, []byte(body))
		}
	}
	f.Fuzz(func(t *testing.T, contentType string, body []byte) {
		r, err := rating.Read(contentType, body)
		if err != nil {
			if r != (rating.Rating{}) {
				t.Errorf("a rating beside %v", err)
			}
			return
		}
		if r.Value < 1 || r.Value > 5 || r.Reason > 15 || r.AgeMS < 0 || len(r.Page) > 1024 || len(r.Title) > 256 || len(r.Service) > 48 {
			t.Errorf("got %+v", r)
		}
		if again := own(t, "page", r.Page).Page; again != r.Page {
			t.Errorf("page %q again is %q", r.Page, again)
		}
	})
}

// TestStored: what a site has kept is judged as what its form sends.
func TestStored(t *testing.T) {
	f := func(s rating.Stored, want string) {
		t.Helper()
		r, err := s.Rating()
		got := "bad_value"
		if err == nil {
			got = strings.Join(append([]string{string('0' + byte(r.Value)), r.Reason.String(), r.Page, r.Title}, r.Warnings.Codes()...), " ")
		}
		if got != want || err == nil && (r.Shape != s.Shape || r.HasID || r.HasAge || r.Test) {
			t.Errorf("%+v: got %q %+v, want %q", s, got, r, want)
		}
	}
	f(rating.Stored{Shape: rating.WordPress, Value: "4", Answer: "Le indicazioni erano chiare", Page: "https://c.it/a?x=1", Title: "A"}, "4 clear https://c.it/a A")
	f(rating.Stored{Shape: rating.Volto, Value: "2"}, "2 skipped  ")
	f(rating.Stored{Shape: rating.Citfac, Value: "2", Answer: "positivo1", Page: "/a"}, "2 other /a  unknown_reason")
	f(rating.Stored{Shape: rating.Volto, Value: ""}, "bad_value")
	f(rating.Stored{Shape: rating.Volto, Value: "cinque"}, "bad_value")
}

// BenchmarkRead has the form of WordPress with an answer of the end of the table.
func BenchmarkRead(b *testing.B) {
	body := []byte("action=save_rating&title=Servizi&star=4&radioResponse=Le+indicazioni+erano+chiare&freeText=Tutto+bene%2C+grazie+mille&page=https%3A%2F%2Fwww.comune.esempio.it%2Fservizi%2F")
	for b.Loop() {
		if _, err := rating.Read(form, body); err != nil {
			b.Fatal(err)
		}
	}
}
