package rating_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mlf/ingest/rating"
)

var update = flag.Bool("update", false, "rewrite the expected ratings in testdata") //nolint:gochecknoglobals // A flag must exist before main.

// form and object are what the bodies of the corpus are sent as, by their ending.
const (
	form   = "application/x-www-form-urlencoded"
	object = "application/json"
)

// A verdict is a rating as the corpus writes it, or why there is none.
type verdict struct {
	Refused  string   `json:"refused,omitempty"`
	Shape    string   `json:"shape,omitempty"`
	ID       string   `json:"id,omitempty"`
	Value    uint8    `json:"value,omitempty"`
	Reason   string   `json:"reason,omitempty"`
	Question string   `json:"question,omitempty"`
	Service  string   `json:"service,omitempty"`
	Message  string   `json:"message,omitempty"`
	Page     string   `json:"page,omitempty"`
	Title    string   `json:"title,omitempty"`
	AgeMS    *int64   `json:"age_ms,omitempty"`
	Text     string   `json:"text,omitempty"`
	Test     bool     `json:"test,omitempty"`
	Warnings []string `json:"warnings,omitempty"`
}

func verdictOf(r *rating.Rating, err error) verdict {
	if err != nil {
		return verdict{Refused: err.Error()}
	}
	v := verdict{
		Shape: r.Shape.String(), Value: uint8(r.Value), Question: r.Question.String(), Service: r.Service,
		Page: r.Page, Title: r.Title, Test: r.Test, Warnings: r.Warnings.Codes(),
	}
	if r.Reason != 0 {
		v.Reason = r.Reason.String()
	}
	if r.HasMessage {
		v.Message = hex.EncodeToString(r.Message[:])
	}
	if r.HasID {
		v.ID = hex.EncodeToString(r.ID[:])
	}
	if r.HasText {
		v.Text = hex.EncodeToString(r.Text[:])
	}
	if r.HasAge {
		v.AgeMS = &r.AgeMS
	}
	return v
}

// TestCorpus: every body that a form is known to send, and what is made of it.
func TestCorpus(t *testing.T) {
	bodies, err := filepath.Glob("testdata/foreign/*")
	if err != nil {
		t.Fatal(err)
	}
	read := 0
	for _, name := range bodies {
		contentType := map[string]string{".txt": form, ".json": object}[filepath.Ext(name)]
		if contentType == "" || strings.HasSuffix(name, ".want.json") {
			continue
		}
		read++
		body, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		r, err := rating.Read(contentType, body)
		var got bytes.Buffer
		e := json.NewEncoder(&got)
		e.SetEscapeHTML(false)
		e.SetIndent("", "  ")
		if err := e.Encode(verdictOf(&r, err)); err != nil {
			t.Fatal(err)
		}
		expected := strings.TrimSuffix(name, filepath.Ext(name)) + ".want.json"
		if *update {
			if err := os.WriteFile(expected, got.Bytes(), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(expected)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got.Bytes(), want) {
			t.Errorf("%s: got\n%swant\n%s", name, &got, want)
		}
	}
	if read < 25 {
		t.Errorf("%d bodies: want the whole corpus", read)
	}
}

// said is a rating, or why there is none, in a line.
func said(contentType, body string) string {
	r, err := rating.Read(contentType, []byte(body))
	for _, kind := range []error{rating.ErrHoneypot, rating.ErrNotRating, rating.ErrBadValue, rating.ErrMalformed} {
		if errors.Is(err, kind) {
			return kind.Error()
		}
	}
	line := r.Shape.String() + " " + string('0'+byte(r.Value))
	if r.Reason != 0 {
		line += " " + r.Reason.String()
	}
	return strings.Join(append([]string{line}, r.Warnings.Codes()...), " ")
}

// TestValues: as a number or as a text, and nothing but 1 to 5.
func TestValues(t *testing.T) {
	f := func(value, want string) {
		t.Helper()
		if got := said(object, `{"value":`+value+`}`); got != want {
			t.Errorf("%s: got %q, want %q", value, got, want)
		}
	}
	f(`1`, "own 1")
	f(`"5"`, "own 5")
	f(`" 3\n"`, "own 3")
	f(`4.0`, "own 4")
	f(`4e0`, "own 4")
	f(`"4.0"`, "bad_value")
	f(`4.5`, "bad_value")
	f(`0`, "bad_value")
	f(`6`, "bad_value")
	f(`-1`, "bad_value")
	f(`1e400`, "bad_value")
	f(`259`, "bad_value") // 3 in eight bits.
	f(`null`, "bad_value")
	f(`"null"`, "bad_value")
	f(`true`, "bad_value")
	f(`[4]`, "bad_value")
	f(`"４"`, "bad_value") // A digit, and none of ASCII.
}

// TestShapes: each is told from the others by its fields, and by the content type only
// where that says something.
func TestShapes(t *testing.T) {
	f := func(contentType, body, want string) {
		t.Helper()
		if got := said(contentType, body); got != want {
			t.Errorf("%s %s: got %q, want %q", contentType, body, got, want)
		}
	}
	f(form, "star=4&page=", "wordpress 4")
	f(form, "star=4", "malformed") // The form sends page last.
	f(form+"; charset=UTF-8", "action=save_rating&star=4&page=%2F", "wordpress 4")
	f("Application/X-WWW-Form-URLEncoded", "rating=4&details=", "coranto 4")
	f(form, "rating=4&feedback=Alt", "malformed")
	f(form, "star=4&title=a\x00b&page=", "malformed")
	f(form, "star=4&title=a%00b&page=", "malformed")
	f(object, `{"value":4,"title":"a\u0000b"}`, "malformed")
	f(form, "action=heartbeat&rating=4", "not a rating")
	f(form, "action=&star=4", "not a rating")
	f(form, "value=4", "malformed")
	f(form, "", "malformed")
	f(form, "&&=&", "malformed")
	f(object, `{"rating":4,"option":"altro"}`, "citfac 4 other")
	f(object, `{"rating":4,"code":"M1"}`, "citfac_moon 4")
	f(object, "\ufeff{\"value\":4}", "own 4")
	f("text/plain;charset=UTF-8", ` {"value":4}`, "own 4")
	f("", `{"value":4}`, "own 4")
	f("", `star=4&page=`, "wordpress 4")
	f("multipart/form-data; boundary=x", "--x", "malformed")
	f(object, `[{"value":4}]`, "malformed")
	f(object, `{"value":4}{"value":4}`, "malformed")
	f(object, `{"value":4`, "malformed")
	f(object, `{"value":4,}`, "malformed")
	f(object, `{"value":4,"page":"\u12"}`, "malformed")
	f(object, `{"value":4,"page":"\ud83d"}`, "own 4") // Half a character.
	f(object, `{}`, "malformed")
	f(object, ``, "malformed")
}

// TestNobodyIsThereTwice: of two fields of one name others would take the first or the last.
func TestNobodyIsThereTwice(t *testing.T) {
	f := func(contentType, body, want string) {
		t.Helper()
		if got := said(contentType, body); got != want {
			t.Errorf("%s: got %q, want %q", body, got, want)
		}
	}
	f(form, "star=4&page=&star=4", "wordpress 4")
	f(form, "star=4&star=1", "malformed")
	f(form, "star=4&st%61r=1", "malformed")
	f(form, "action=save_rating&star=4&action=load_more", "malformed")
	f(object, `{"value":4,"value":4}`, "own 4")
	f(object, `{"value":4,"value":1}`, "malformed")
	f(object, `{"value":4,"v\u0061lue":1}`, "malformed")
	f(object, `{"value":4,"value":"4"}`, "malformed")
	f(form, "star=4&page="+strings.Repeat("&x", 65), "wordpress 4")
	many := "star=4&page="
	for i := range 64 {
		many += "&x" + hex.EncodeToString([]byte{byte(i)})
	}
	f(form, many, "malformed")
}

// TestLimits: 8 KiB are read, and a byte more is not.
func TestLimits(t *testing.T) {
	body := "star=4&page=&freeText="
	body += strings.Repeat("a", rating.BodyMax-len(body))
	if got := said(form, body); got != "wordpress 4" {
		t.Errorf("%d bytes: got %q", len(body), got)
	}
	if got := said(form, body+"a"); got != "malformed" {
		t.Errorf("%d bytes: got %q", len(body)+1, got)
	}
}

// TestHoneypots: what no human sees is empty, and of Volto there.
func TestHoneypots(t *testing.T) {
	f := func(body, want string) {
		t.Helper()
		if got := said(object, body); got != want {
			t.Errorf("%s: got %q, want %q", body, got, want)
		}
	}
	f(`{"vote":4,"content":"/","honey":""}`, "volto 4")
	f(`{"vote":4,"content":"/","undefined":""}`, "volto 4") // A site that named none.
	f(`{"vote":4,"content":"/","honey":null}`, "volto 4")
	f(`{"vote":4,"content":"/","honey":"x"}`, "honeypot")
	f(`{"vote":4,"content":"/","honey":"","more":7}`, "honeypot")
	f(`{"vote":4,"content":"/"}`, "honeypot")
	f(`{"vote":9,"content":"/"}`, "honeypot") // A bot is not told what else is wrong.
	f(`{"rating":4,"bind":""}`, "citfac 4")
	f(`{"rating":4,"bind":null}`, "citfac 4")
	f(`{"rating":4,"bind":"x"}`, "honeypot")
	f(`{"rating":4,"code":"M","bind":0}`, "honeypot")
	f(`{"value":4,"website":" "}`, "own 4")
	f(`{"value":4,"website":"x"}`, "honeypot")
	f(`{"value":4,"website":{}}`, "honeypot")
}

// TestErrorsQuoteNothing: what is wrong may end in a log, and a body is the citizen's.
func TestErrorsQuoteNothing(t *testing.T) {
	f := func(contentType, body string) {
		t.Helper()
		if _, err := rating.Read(contentType, []byte(body)); err == nil || strings.Contains(err.Error(), "Rossi") {
			t.Errorf("%s: got %v", body, err)
		}
	}
	f(form, "star=Rossi")
	f(form, "action=Rossi&star=4")
	f(form, "Rossi=1&Rossi=2")
	f(object, `{"value":4,"id":"Rossi"}`)
	f(object, `{"value":4,Rossi}`)
	f(object, `{"vote":4,"content":"/","Rossi":"Rossi"}`)
	f("Rossi/x", "Rossi")
}
