package object_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"mlf/ingest/object"
)

const bytesMax = 1000

func open(t testing.TB, body string) object.Object {
	t.Helper()
	o, err := object.Read([]byte(body), bytesMax)
	if err != nil {
		t.Fatalf("%s: %v", body, err)
	}
	return o
}

func TestWhatIsNoObject(t *testing.T) {
	f := func(body, want string) {
		t.Helper()
		if _, err := object.Read([]byte(body), bytesMax); fmt.Sprint(err) != want {
			t.Errorf("%.80q: got %v, want %s", body, err, want)
		}
	}
	f(`{}`, "<nil>")
	f(" {\n} ", "<nil>")
	f(``, "want JSON: cannot be read at byte 0")
	f(`{"a":1,}`, "want JSON: cannot be read at byte 8")
	f(`{"a":1}{}`, "want JSON: cannot be read at byte 8")
	f("\ufeff{}", "want JSON: cannot be read at byte 1")
	f("{\x00}", "want JSON: cannot be read at byte 2")
	f("\xff\xfe{\x00}\x00", "want UTF-8")
	f("{\"a\":\"\xff\"}", "want UTF-8")
	f(`null`, "want a JSON object")
	f(`[{}]`, "want a JSON object")
	f(`"{}"`, "want a JSON object")
	f(`{"a":"`+strings.Repeat("x", bytesMax)+`"}`, "want a body of at most 1000 bytes")
	f(`{"a":`+strings.Repeat("[", 31)+strings.Repeat("]", 31)+`}`, "<nil>")
	f(`{"a":`+strings.Repeat("[", 32)+strings.Repeat("]", 32)+`}`, "want at most 32 arrays and objects inside each other")
}

// TestMembers: what each method makes of a member called a, and what it wants instead.
func TestMembers(t *testing.T) {
	f := func(ask func(o object.Object) any, member string, want any, wantErr string) {
		t.Helper()
		o := open(t, `{"b":0`+member+`}`)
		got := ask(o)
		if fmt.Sprint(got) != fmt.Sprint(want) || (o.Err() != nil || wantErr != "") && fmt.Sprint(o.Err()) != wantErr {
			t.Errorf("%s: got %v, %v, want %v, %s", member, got, o.Err(), want, wantErr)
		}
	}
	text := func(o object.Object) any { return o.Text("a") }
	f(text, ``, "", "")
	f(text, `,"a":null`, "", "")
	f(text, `,"A":"x"`, "", "")
	f(text, `,"a":"x\u0000y"`, "x\x00y", "")
	f(text, `,"a":7`, "", "a: want a text")
	f(text, `,"a":"`+strings.Repeat("x", 65)+`"`, "", "a: want a text of at most 64 bytes")
	f(text, `,"a":"x","a":"x"`, "x", "")
	f(text, `,"a":"x","a":"y"`, "", "a: want one value: there are two that differ")
	f(text, `,"c":"x","c":"y"`, "", "")
	word := func(o object.Object) any { return o.Word("a") }
	f(word, `,"a":7`, "7", "")
	f(word, `,"a":"7"`, "7", "")
	f(word, `,"a":-7`, "", "a: want a text")
	is := func(o object.Object) any { return o.Is("a", "7") }
	f(is, `,"a":7`, true, "")
	f(is, `,"a":"7"`, true, "")
	f(is, `,"a":{"a":7}`, false, "")
	f(is, ``, false, "")
	number := func(o object.Object) any { return o.Number("a", 9) }
	f(number, `,"a":9`, 9, "")
	f(number, ``, 0, "")
	f(number, `,"a":10`, 10, "a: want an integer from 0 to 9")
	f(number, `,"a":1e0`, 0, "a: want an integer from 0 to 9")
	f(number, `,"a":99999999999999999999999`, uint64(1<<64-1), "a: want an integer from 0 to 9")
	quoted := func(o object.Object) any { return o.Quoted("a", 9) }
	f(quoted, `,"a":"9"`, 9, "")
	f(quoted, `,"a":9`, 9, "")
	f(quoted, `,"a":""`, 0, "a: want an integer from 0 to 9")
	numbers := func(o object.Object) any { return o.Numbers("a", 9) }
	f(numbers, `,"a":[1,9]`, []uint64{1, 9}, "")
	f(numbers, `,"a":[1,"9"]`, []uint64{1, 0}, "a[1]: want an integer from 0 to 9")
	f(numbers, `,"a":{}`, []uint64{}, "a: want an array of integers")
	f(func(o object.Object) any { return o.Flag("a") }, `,"a":"yes"`, false, "a: want true or false")
	f(func(o object.Object) any { return o.IsArray("a") }, `,"a":[`+`]`, true, "")
	at := func(o object.Object) any { return int64(o.Instant("a")) }
	f(at, `,"a":"1970-01-01T01:00:00.0019+01:00"`, 1, "")
	f(at, `,"a":"1969-01-01T00:00:00Z"`, 0, "")
	f(at, `,"a":"today"`, 0, "a: want a time as of RFC 3339, 2026-11-26T08:00:00Z")
	inner := func(o object.Object) any { return o.Object("a").Object("b").Number("c", 9) }
	f(inner, `,"a":{"b":{"c":3}}`, 3, "")
	f(inner, ``, 0, "")
	f(inner, `,"a":{"b":{"c":true}}`, 0, "a.b.c: want an integer from 0 to 9")
	f(inner, `,"a":{"b":7}`, 0, "a.b: want an object")
	f(inner, `,"a":{"b":{"c":3,"c":4}}`, 0, "a.b.c: want one value: there are two that differ")
	wrapped := func(o object.Object) any { return o.Unwrapped("a").Number("c", 9) }
	f(wrapped, `,"a":{"c":3}`, 3, "")
	f(wrapped, `,"a":"{\"c\":3}"`, 3, "")
	f(wrapped, `,"a":"{\"c\":3}{"`, 0, "a: want an object, or a text that is one")
	f(wrapped, ``, 0, "a: want an object, or a text that is one")
}

// TestTheFirstFaultStays: of all objects of a body.
func TestTheFirstFaultStays(t *testing.T) {
	o := open(t, `{"a":1,"b":{"c":"x"}}`)
	o.Object("b").Number("c", 9)
	o.Text("a")
	o.Fail(errors.New("later"))
	if got := fmt.Sprint(o.Err()); got != "b.c: want an integer from 0 to 9" {
		t.Errorf("got %s", got)
	}
	names := slices.Sorted(o.Names())
	if !slices.Equal(names, []string{"a", "b"}) || !o.Has("a") || o.Has("c") {
		t.Errorf("got %q", names)
	}
}

// FuzzRead: no body makes a method panic, and no fault quotes what it is of.
func FuzzRead(f *testing.F) {
	f.Add([]byte(`{"a":{"a":"{\"a\":[1,2]}"},"a":"1970-01-01T00:00:00Z"}`))
	f.Add([]byte(`{"a":[1,2,18446744073709551616]}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		o, err := object.Read(body, bytesMax)
		if err != nil {
			return
		}
		for range 3 {
			_, _, _, _, _ = o.Text("a"), o.Word("a"), o.Flag("a"), o.Quoted("a", 9), o.Numbers("a", 9)
			_, _, _ = o.Is("a", "a"), o.Instant("a"), o.Unwrapped("a").LongText("a")
			o = o.Object("a")
		}
		if err := o.Err(); err != nil && len(err.Error()) > 100 {
			t.Errorf("the fault is long: %v", err)
		}
	})
}
