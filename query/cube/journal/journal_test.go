package journal

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"mlf/query/calendar"
	"mlf/query/question"
	"mlf/schema"
)

// month is one of comune c.
func month(c, m int) question.PlaceMonth {
	return question.PlaceMonth{Comune: schema.ComuneID(c), Month: calendar.Month(m)}
}

// of is a change of a partition's only segment.
func of(p schema.Partition, covered bool, months ...question.PlaceMonth) []Change {
	return []Change{{Source{p, 0}, months, covered}}
}

// since is what changed since p as a text.
func (j *Journal) since(p ...schema.Offset) string {
	changed, known := j.Since(p)
	if !known {
		return "anything"
	}
	slices.SortFunc(changed, func(a, b question.PlaceMonth) int { return int(a.Comune) - int(b.Comune) })
	text := ""
	for _, m := range changed {
		text += fmt.Sprint(uint32(m.Comune), " ")
	}
	return text
}

// TestSince: who asks from a position is told of what is not of it, whoever showed it.
func TestSince(t *testing.T) {
	var j Journal
	at := time.UnixMilli(0)
	f := func(want string, p ...schema.Offset) {
		t.Helper()
		if got := j.since(p...); got != want {
			t.Errorf("since %v: got %q, want %q", p, got, want)
		}
	}
	f("anything", 0, 0)
	j.Note(question.Position{3, 5}, at, of(0, true, month(1, 0)))
	j.Note(question.Position{3, 8}, at, of(1, true, month(2, 0)))
	j.Note(question.Position{6, 8}, at, of(0, true, month(3, 0), month(3, 1)))
	f("2 3 3 ", 3, 5)
	f("3 3 ", 3, 8)
	f("", 6, 8)
	f("2 3 3 ", 6, 7) // Of another process, whose partitions came in another order.
	f("3 3 ", 4, 9)
	f("anything", 2, 9)
	f("anything")
	f("", 6, 8, 0)
	j.Note(question.Position{6, 8}, at, of(0, false, month(4, 0))) // Ahead of the position.
	f("4 ", 6, 8)
	j.Note(question.Position{6, 9}, at, of(1, true, month(5, 0)))
	f("4 ", 6, 9) // The same position, of somebody who has not got it.
	j.Note(question.Position{7, 9}, at, of(0, true))
	f("4 ", 6, 9)
	f("", 7, 9)
}

// TestReplace: what is not to be believed was as of positions up to one.
func TestReplace(t *testing.T) {
	var old, j Journal
	at := time.UnixMilli(0)
	old.Replace(new(Journal), question.Position{9, 1})
	j.Replace(&old, question.Position{3, 5})
	j.Note(question.Position{2, 5}, at, nil)
	j.Note(question.Position{9, 5}, at, nil)
	again, err := Read(j.Append(nil))
	if err != nil {
		t.Fatal(err)
	}
	again.Note(question.Position{9, 5}, at, of(0, true, month(1, 0)))
	if got := again.since(9, 5); got != "anything" {
		t.Errorf("got %q", got)
	}
	again.Note(question.Position{10, 5}, at, of(0, true, month(2, 0)))
	if got := again.since(10, 5); got != "" {
		t.Errorf("got %q", got)
	}
	if got := again.since(9, 5); got != "anything" {
		t.Errorf("got %q", got)
	}
}

// TestItForgetsSlowly: 45 days of a state every 10 s take a few thousand entries; what
// is told is all that changed, and little more.
func TestItForgetsSlowly(t *testing.T) {
	const every, days = 10 * time.Second, 45
	var j Journal
	n := schema.Offset(days * 24 * time.Hour / every)
	for i := range n {
		j.Note(question.Position{i}, time.UnixMilli(0).Add(time.Duration(i)*every), of(0, true, month(int(i), 0)))
	}
	if len(j.states) > 2000 || len(j.changes) > int(n) || cap(j.states) > 4000 {
		t.Errorf("got %d states, %d changes", len(j.states), len(j.changes))
	}
	for range 200 {
		age := schema.Offset(rand.Int64N(int64(35 * 24 * time.Hour / every)))
		changed, known := j.Since(question.Position{n - 1 - age})
		if !known || len(changed) < int(age) || len(changed) > int(age+age/20+2) {
			t.Fatalf("after %d changes: got %d, known %t", age, len(changed), known)
		}
	}
	if _, known := j.Since(question.Position{0}); known {
		t.Error("the oldest is known")
	}
}

// FuzzRead: what is read is what was written, and nothing else is.
func FuzzRead(f *testing.F) {
	var j Journal
	j.Replace(new(Journal), question.Position{2})
	for i := range 20 {
		j.Note(question.Position{schema.Offset(i), schema.Offset(i / 3)}, time.UnixMilli(int64(i)*1e12), of(schema.Partition(i%2), i%5 > 0, month(i%4, i%3)))
	}
	f.Add(j.Append(nil))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, data []byte) {
		j, err := Read(data)
		if err != nil {
			return
		}
		again, err := Read(j.Append(nil))
		if err != nil || !bytes.Equal(again.Append(nil), j.Append(nil)) {
			t.Errorf("%x: %v", data, err)
		}
	})
}

// BenchmarkNote: a state of a busy country is published ten times a second.
func BenchmarkNote(b *testing.B) {
	var j Journal
	var changes []Change
	for p := range schema.Partition(16) {
		var months []question.PlaceMonth
		for i := range 60 {
			months = append(months, month(int(p)*500+i, 0))
		}
		changes = append(changes, of(p, true, months...)...)
	}
	i := 0
	for b.Loop() {
		i++
		position := make(question.Position, 16)
		for p := range position {
			position[p] = schema.Offset(i)
		}
		j.Note(position, time.UnixMilli(int64(i)*100), changes)
	}
}
