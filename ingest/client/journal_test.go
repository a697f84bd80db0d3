package client

import (
	"bytes"
	"fmt"
	"testing"
	"time"
)

// written are the lines of a journal in which five votes were cast and two are counted.
func written(t testing.TB) []byte {
	t.Helper()
	at := time.Date(2026, 11, 27, 10, 0, 0, 0, time.UTC)
	var lines []byte
	for _, e := range []entry{
		{Vote: &cast{N: 1, Face: "green", At: at}},
		{Begin: &begun{Stream: "s", Next: 1}},
		{Given: &given{Stream: "s", First: 1, N: []uint64{1}}},
		{Vote: &cast{N: 2, Stream: "s", Seq: 2, Face: "red", At: at}},
		{Vote: &cast{N: 3, Stream: "s", Seq: 3, Face: "yellow", At: at}},
		{Forget: &watermark{Stream: "s", Highest: 3, Missing: [][2]uint64{{2, 2}}}},
		{Vote: &cast{N: 4, Stream: "s", Seq: 4, Face: "green", At: at}},
		{Vote: &cast{N: 5, Stream: "s", Seq: 5, Face: "green", At: at}},
	} {
		var err error
		if lines, err = appendLine(lines, e); err != nil {
			t.Fatal(err)
		}
	}
	return lines
}

func TestAJournalComesToWhatWasWritten(t *testing.T) {
	s := newState()
	if !replay(written(t), &s) {
		t.Fatal("a line is not whole")
	}
	var seqs []uint64
	for _, v := range s.of("s") {
		seqs = append(seqs, v.Seq)
	}
	if len(seqs) != 3 || seqs[0] != 2 || seqs[1] != 4 || seqs[2] != 5 || s.streams["s"].next != 6 || s.current != "s" || s.nextN != 6 {
		t.Errorf("got votes %v, next %d of %q, own number %d: want 2 4 5, 6 of s, 6", seqs, s.streams["s"].next, s.current, s.nextN)
	}
	again := newState()
	var lines []byte
	for _, e := range s.entries() {
		lines, _ = appendLine(lines, e)
	}
	if !replay(lines, &again) || len(again.votes) != 3 || again.streams["s"].next != 6 || again.current != "s" {
		t.Errorf("written anew: got %d votes, next %d", len(again.votes), again.streams["s"].next)
	}
}

// TestAJournalThatIsCut at any byte: what is before is kept, and unless the cut is between
// two lines it is noticed.
func TestAJournalThatIsCut(t *testing.T) {
	lines := written(t)
	for at := range lines {
		s := newState()
		whole := replay(lines[:at], &s)
		if between := at == 0 || lines[at-1] == '\n'; whole != between {
			t.Errorf("cut at %d: whole is %v", at, whole)
		}
	}
}

// TestAByteThatIsWrong is noticed, and costs one line.
func TestAByteThatIsWrong(t *testing.T) {
	lines := written(t)
	count := bytes.Count(lines, []byte{'\n'})
	for at := range lines {
		damaged := bytes.Clone(lines)
		damaged[at] ^= 0x15
		good := 0
		for line := range bytes.SplitSeq(damaged, []byte{'\n'}) {
			if _, ok := readLine(line); ok {
				good++
			}
		}
		s := newState()
		if replay(damaged, &s) || good < count-2 {
			t.Errorf("byte %d: %d of %d lines are read", at, good, count)
		}
	}
}

// FuzzReplay: a line may be anything, also under a sum that is right.
func FuzzReplay(f *testing.F) {
	for line := range bytes.Lines(written(f)) {
		f.Add(line[sumDigits+1:])
	}
	f.Add([]byte(`{"given":{"stream":"s","first":18446744073709551615,"n":[1,2]}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		s := newState()
		replay(written(t), &s)
		replay(body, &s)
		replay(fmt.Appendf(nil, "%08x %s\n", sumOf(body), body), &s)
		s.of("s")
		s.doubt()
		if again := newState(); len(s.entries()) < len(s.votes) || again.nextN != 1 {
			t.Errorf("%d entries for %d votes", len(s.entries()), len(s.votes))
		}
	})
}

func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 11, 27, 10, 0, 0, 0, time.UTC)
	f := func(text string, want time.Duration) {
		t.Helper()
		if got := retryAfter(text, now); got != want {
			t.Errorf("%q: got %v, want %v", text, got, want)
		}
	}
	f("", 0)
	f("60", time.Minute)
	f("-5", 0)
	f("Fri, 27 Nov 2026 10:02:00 GMT", 2*time.Minute)
	f("Fri, 27 Nov 2026 09:00:00 GMT", 0)
	f("soon", 0)
	f("99999999999", 24*time.Hour)
}

func TestWhatIsTaken(t *testing.T) {
	f := func(status int, kind, body string, want bool) {
		t.Helper()
		if got := (&answer{status: status, kind: kind, body: []byte(body)}).taken(2); got != want {
			t.Errorf("%d %s %s: got %v, want %v", status, kind, body, got, want)
		}
	}
	f(202, "application/json", `{"accepted":2,"rejected":[],"warnings":[]}`, true)
	f(202, "application/json", `{"accepted":1,"rejected":[{"index":1}]}`, true)
	f(202, "application/json", `{"accepted":1,"rejected":[]}`, false)
	f(202, "application/json", `{"accepted":2}`, false)
	f(202, "application/json", `{"accepted":2,"rej`, false)
	f(202, "text/html", `{"accepted":2,"rejected":[]}`, false)
	f(200, "application/json", `{"accepted":2,"rejected":[]}`, false)
}

func TestWhatNoScaleHasIsNotStored(t *testing.T) {
	f := func(v Vote, good bool) {
		t.Helper()
		if err := v.check(); (err == nil) != good {
			t.Errorf("%+v: got %v", v, err)
		}
	}
	f(Vote{Face: "green"}, true)
	f(Vote{Value: 5}, true)
	f(Vote{}, false)
	f(Vote{Value: 6}, false)
	f(Vote{Face: "blue"}, false)
	f(Vote{Face: "red", Service: string(make([]byte, 65))}, false)
}
