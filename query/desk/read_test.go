package desk_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"mlf/query/desk"
)

type sent struct {
	Comune string    `json:"comune"`
	Count  int       `json:"count"`
	More   []sent    `json:"more"`
	Any    any       `json:"any"`
	Free   [0]string `json:"free"`
}

func read(media, body string, limit int64) error {
	r := httptest.NewRequestWithContext(context.Background(), http.MethodPost, "/", strings.NewReader(body))
	r.Header.Set("Content-Type", media)
	return desk.Read(httptest.NewRecorder(), r, limit, new(sent))
}

func TestReadIsStrict(t *testing.T) {
	f := func(body string, status int, want string) {
		t.Helper()
		var r *desk.Refusal
		err := read("application/json; charset=utf-8", body, 100)
		if status == 0 {
			if err != nil {
				t.Errorf("%s: got %v", body, err)
			}
			return
		}
		if !errors.As(err, &r) || r.Status != status || !strings.Contains(r.Detail, want) {
			t.Errorf("%s: got %v, want %d %s", body, err, status, want)
		}
	}
	f(`{}`, 0, "")
	f(" {\"comune\":\"058091\",\"more\":[{\"comune\":\"1\"},{\"comune\":\"2\"}]}\n", 0, "")
	f(``, 400, "want a JSON object")
	f(`null`, 400, "want a JSON object")
	f(`[]`, 400, "want a JSON object")
	f(`{"comune":"1"`, 400, "no JSON")
	f(`{"comune":"1",}`, 400, "no JSON")
	f(`{} {}`, 400, "more than one value")
	f(`{}x`, 400, "more than one value")
	f(`{"comune":"1","comune":"1"}`, 400, "comune: given twice")
	f(`{"more":[{"count":1,"count":2}]}`, 400, "count: given twice")
	f(`{"any":{"a":1,"a":2}}`, 400, "a: given twice")
	f(`{"Comune":"1"}`, 400, `"Comune": unknown`)
	f(`{"town":"1"}`, 400, `unknown field "town"`)
	f(`{"count":"1"}`, 400, "count: a string is not what is wanted there")
	f(`{"count":1.5}`, 400, "count: a number 1.5 is not")
	f(`{"any":`+strings.Repeat("[", 40)+strings.Repeat("]", 40)+`}`, 400, "more than 16 values in one another")
	f(`{"comune":"`+strings.Repeat("x", 88)+`"}`, 413, "at most 100 bytes")
	if err := read("text/plain", "{}", 100); !strings.Contains(err.Error(), "want Content-Type: application/json") {
		t.Errorf("got %v", err)
	}
}

// FuzzRead: whatever is sent, it is read or refused.
func FuzzRead(f *testing.F) {
	f.Add(`{"comune":"058091","more":[{"count":1}]}`)
	f.Add(`{"any":{"a":[1,{"b":null}]}} `)
	f.Fuzz(func(t *testing.T, body string) {
		var r *desk.Refusal
		err := read("application/json", body, 1<<10)
		if err == nil {
			return
		}
		if !errors.As(err, &r) || r.Status != http.StatusBadRequest && r.Status != http.StatusRequestEntityTooLarge || r.Detail == "" {
			t.Errorf("%q: got %v", body, err)
		}
	})
}
