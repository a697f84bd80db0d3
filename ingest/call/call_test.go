package call_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mlf/ingest/call"
	"mlf/schema"
)

// A want is what a body of the corpus is to be read as.
type want struct {
	Kind, ID, Key, Queue, Error string
	At                          time.Time
}

func (w *want) call() call.Call {
	c := call.Call{ID: w.ID, Key: w.Key, Queue: w.Queue}
	if !w.At.IsZero() {
		c.At, c.HasAt = schema.InstantOf(w.At), true
	}
	return c
}

// corpus calls f for every body that an exchange really pushes.
func corpus(t testing.TB, f func(name string, body []byte, w want)) {
	t.Helper()
	files, err := filepath.Glob("testdata/foreign/*.want.json")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var w want
		d := json.NewDecoder(bytes.NewReader(text))
		d.DisallowUnknownFields()
		if err := d.Decode(&w); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		name := strings.TrimSuffix(file, ".want.json") + ".json"
		body, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		f(filepath.Base(name), body, w)
	}
}

func kindOf(t testing.TB, code string) call.Kind {
	t.Helper()
	kind, err := call.ParseKind(code)
	if err != nil {
		t.Fatal(err)
	}
	return kind
}

func errorOf(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func TestWhatExchangesPush(t *testing.T) {
	corpus(t, func(name string, body []byte, w want) {
		got, err := call.Read(kindOf(t, w.Kind), body)
		if got != w.call() || errorOf(err) != w.Error {
			t.Errorf("%s: got %+v, %v, want %+v", name, got, err, w)
		}
	})
}

func TestABodyThatIsWrongIsToldWhatIsWanted(t *testing.T) {
	f := func(kind call.Kind, body, want string) {
		t.Helper()
		if got, err := call.Read(kind, []byte(body)); errorOf(err) != want || err != nil && got != (call.Call{}) {
			t.Errorf("%.200s\n got %+v, %v\nwant %s", body, got, err, want)
		}
	}
	const (
		yeastar, generic = call.Yeastar, call.Generic
		phone            = "want the id of the call to have a letter, or the form 1648876393.439: digits alone may be a telephone number"
		characters       = "want the id of the call to be letters, digits and any of ._:-"
		tooLong          = "want the id of the call, with the serial number of the exchange, to have at most 64 bytes"
		key              = "want one key: 0 to 9, * or #"
	)
	f(generic, `{"id":"a1","key":"1"}`, "")
	f(generic, `{"id":"a1","key":1}`, "")
	f(generic, `{"id":"a1","key":"#","queue":null,"at":null}`, "")
	f(generic, `{"id":"7","key":"1"}`, "")
	f(generic, `{"id":"550e8400-e29b-41d4-a716-446655440000","key":"1"}`, "")
	f(generic, `{"id":"`+strings.Repeat("a", 64)+`","key":"1"}`, "")
	f(generic, `{"id":"`+strings.Repeat("a", 65)+`","key":"1"}`, tooLong)
	f(generic, `{"key":"1"}`, characters)
	f(generic, `{"ID":"a1","key":"1"}`, characters)
	f(generic, `{"id":"a/1","key":"1"}`, characters)
	f(generic, `{"id":"+393335551234","key":"1"}`, characters)
	f(generic, `{"id":"393335551234","key":"1"}`, phone)
	f(generic, `{"id":"333-55.51234","key":"1"}`, phone)
	f(generic, `{"id":"3335551234.1","key":"1"}`, phone)
	f(generic, `{"id":"0667104567-1764144000.17","key":"1"}`, phone)
	f(generic, `{"id":7,"key":"1"}`, "id: want a text")
	f(generic, `{"id":"a1"}`, key)
	f(generic, `{"id":"a1","key":"12"}`, key)
	f(generic, `{"id":"a1","key":"A"}`, key)
	f(generic, `{"id":"a1","key":"１"}`, key)
	f(generic, `{"id":"a1","key":1.5}`, "key: want a text")
	f(generic, `{"id":"a1","key":"1","queue":"3335551234"}`, "want the name of a queue with fewer than 6 digits: more may be a telephone number")
	f(generic, `{"id":"a1","key":"1","queue":"３３３５５５１２３４"}`, "want the name of a queue with fewer than 6 digits: more may be a telephone number")
	f(generic, `{"id":"a1","key":"1","queue":"a\u0000b"}`, "want the name of a queue without control characters")
	f(generic, `{"id":"a1","key":"1","queue":" 6500 "}`, "")
	f(generic, `{"id":"a1","key":"1","queue":"maria@comune.it"}`, "want the name of a queue with fewer than 6 digits: more may be a telephone number")
	f(generic, `{"id":"a1","key":"1","queue":"`+strings.Repeat("q", 65)+`"}`, "want the name of a queue of at most 64 bytes")
	f(generic, `{"id":"a1","key":"1","at":"yesterday"}`, "at: want a time as of RFC 3339, 2026-11-26T08:00:00Z")
	f(generic, `{"id":"a1","key":"1","at":"1970-01-01T00:00:00Z"}`, "at: want a time after 1970")
	f(generic, `{"id":"a1","key":"1"`, "want JSON: cannot be read at byte 20")
	f(generic, `7`, "want a JSON object")
	f(generic, `null`, "want a JSON object")
	f(generic, "{\"id\":\"\xff\"}", "want UTF-8")
	f(generic, strings.Repeat(" ", call.BytesMax)+`{}`, "want a body of at most 8192 bytes")
	f(yeastar, `{"type":30019,"msg":{"call_id":"a1","survey_result":"1"}}`, "sn: want the serial number of the exchange")
	f(yeastar, `{"type":30019,"sn":"s"}`, "msg: want an object, or a text that is one")
	f(yeastar, `{"type":30019,"sn":"s","msg":"7"}`, "msg: want an object, or a text that is one")
	f(yeastar, `{"type":30019,"sn":"s","msg":"{"}`, "msg: want an object, or a text that is one")
	f(yeastar, `{"type":"30019","sn":"s","msg":{"call_id":"a1","survey_result":"1"}}`, "")
	f(yeastar, `{"type":30019,"sn":"s","msg":{"call_id":"3335551234","survey_result":"1"}}`, phone)
	f(yeastar, `{"type":30019,"sn":"`+strings.Repeat("s", 60)+`","msg":{"call_id":"call","survey_result":"1"}}`, tooLong)
	f(yeastar, `{"sn":"s","msg":{}}`, call.ErrOther.Error())
	f(0, `{}`, "kind-0: want a known kind of calls")
}

// TestNoNumberOfACallerPasses: bodies that are full of numbers leave none in the call,
// nor in the error.
func TestNoNumberOfACallerPasses(t *testing.T) {
	numbers := []string{"3335551234", "+393335551234", "0667104567", "00390645678901", "2045551234", "1999123456"}
	f := func(kind call.Kind, body string) {
		t.Helper()
		c, err := call.Read(kind, []byte(body))
		told := fmt.Sprintf("%+v %v", c, err)
		for _, number := range numbers {
			if strings.Contains(told, strings.Trim(number, "+")[2:]) {
				t.Errorf("%s: %s tells of %s", body, told, number)
			}
		}
	}
	for _, n := range numbers {
		f(call.Yeastar, `{"type":30019,"sn":"3631A2124XXX","from":"`+n+`","msg":{"call_id":"1648876393.439","survey_result":"1","caller":"`+n+`","agent":"Rossi <`+n+`>"}}`)
		f(call.Yeastar, `{"type":30019,"sn":"3631A2124XXX","msg":"{\"call_id\":\"`+n+`\",\"survey_result\":\"1\"}"}`)
		f(call.Yeastar, `{"type":30019,"sn":"3631A2124XXX","msg":"{\"call_id\":\"a1\",\"survey_result\":\"`+n+`\"}"}`)
		f(call.Yeastar, `{"type":"`+n+`","sn":"3631A2124XXX","msg":"`+n+`"}`)
		f(call.Generic, `{"id":"ivr-1764144000.17","key":"1","queue":"tributi","src":"`+n+`","clid":"\"Mario Rossi\" <`+n+`>","operator":"`+n+`"}`)
		f(call.Generic, `{"id":"`+n+`","key":"1"}`)
		f(call.Generic, `{"id":"`+n[:4]+`-`+n[4:]+`","key":"1"}`)
		f(call.Generic, `{"id":"a1","key":"`+n+`"}`)
		f(call.Generic, `{"id":"a1","key":"1","queue":"`+n+`"}`)
		f(call.Generic, `{"id":"a1","key":"1","queue":"coda `+n+`"}`)
		f(call.Generic, `{"id":"a1","key":"1","at":"`+n+`"}`)
		f(call.Generic, `{"id":"a1","key":`+n+`}`)
		f(call.Generic, `{"id":"a1","key":"1"} `+n)
	}
}

func TestACallIsTheSameHoweverItIsTold(t *testing.T) {
	read := func(body string) [16]byte {
		c, err := call.Read(call.Yeastar, []byte(body))
		if err != nil {
			t.Fatal(err)
		}
		return c.Identity()
	}
	asText := read(`{"type":30019,"sn":"36A","msg":"{\"call_id\":\"1648876393.439\",\"survey_result\":\"1\"}"}`)
	asObject := read(`{"type":30019,"sn":"36A","msg":{"call_id":"1648876393.439","survey_result":"2"}}`)
	sum := sha256.Sum256([]byte("call\x0036A/1648876393.439"))
	if asText != asObject || !bytes.Equal(asText[:], sum[:16]) {
		t.Errorf("got %x and %x, want %x", asText, asObject, sum[:16])
	}
	if other := read(`{"type":30019,"sn":"36B","msg":{"call_id":"1648876393.439","survey_result":"1"}}`); other == asText {
		t.Error("calls of two exchanges are the same")
	}
}

func TestAnIDTellsWhenItsCallBegan(t *testing.T) {
	f := func(id string, want int64) {
		t.Helper()
		if got, ok := call.Began(id); int64(got) != want || ok != (want > 0) {
			t.Errorf("%s: got %d, %v, want %d", id, got, ok, want)
		}
	}
	f("1648876393.439", 1648876393000)
	f("pbx1-1648876393.0", 1648876393000)
	f("a-b-1000000000.1", 1000000000000)
	f("999999999.1", 0)
	f("2999999999.1", 2999999999000)
	f("3000000000.1", 0)
	f("1648876393", 0)
	f("1648876393.", 0)
	f("1648876393.4a", 0)
	f("1648876393.12345678901", 0)
	f("", 0)
}

// FuzzRead: no body makes it panic, and a call has an id, a key and a queue within
// their bounds.
func FuzzRead(f *testing.F) {
	corpus(f, func(_ string, body []byte, w want) { f.Add(uint8(kindOf(f, w.Kind)), body) })
	f.Fuzz(func(t *testing.T, kind uint8, body []byte) {
		c, err := call.Read(call.Kind(kind), body)
		if err != nil {
			if c != (call.Call{}) {
				t.Errorf("got %+v beside %v", c, err)
			}
			return
		}
		if c.ID == "" || len(c.ID) > call.IDMax || len(c.Key) != 1 || len(c.Queue) > call.QueueMax || c.HasAt != (c.At != 0) || c.At < 0 {
			t.Errorf("got %+v", c)
		}
	})
}
