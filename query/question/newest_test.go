package question_test

import (
	"context"
	"errors"
	"testing"

	"mlf/query/question"
	"mlf/schema"
)

// standing are counts as of an offset.
type standing struct {
	question.View
	next schema.Offset
}

func (s *standing) Ledger() []schema.LedgerTotals { return []schema.LedgerTotals{{Next: s.next}} }

// TestCountsNeverGoBack: who was told of the store's counts is not shown older ones from
// memory, as long as there is a store.
func TestCountsNeverGoBack(t *testing.T) {
	var memory question.View
	store, away := &standing{next: 10}, error(nil)
	n := question.Newest{
		Memory: func() question.View { return memory },
		Store:  func(context.Context) (question.View, error) { return store, away },
	}
	f := func(what string, want schema.Offset) {
		t.Helper()
		view, err := n.View(t.Context())
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		if got := view.Ledger()[0].Next; got != want {
			t.Errorf("%s: as of %d, want %d", what, got, want)
		}
	}
	memory = &standing{next: 4}
	f("nobody was told anything", 4)
	memory = nil
	f("nothing in memory", 10)
	memory = &standing{next: 9}
	f("a snapshot of before", 10)
	if n.InMemory() != nil {
		t.Error("older counts are in memory for answers")
	}
	away = errors.New("away")
	f("no store to ask", 9)
	memory = &standing{next: 10}
	f("memory has come as far", 10)
	if err := errors.Join(n.Tell([]schema.LedgerTotals{{Next: 12}}, nil), n.Tell([]schema.LedgerTotals{{Next: 11}}, nil)); err != nil {
		t.Error(err)
	}
	if err := n.Tell([]schema.LedgerTotals{{Next: 11}}, n.Reached()); !errors.Is(err, question.ErrOlder) {
		t.Errorf("a ledger of before: got %v, want %v", err, question.ErrOlder)
	}
	memory, store.next, away = &standing{next: 11}, 12, nil
	f("the ledger was told", 12)
	store.next = 11
	for _, memory = range []question.View{&standing{next: 11}, nil} {
		if view, err := n.View(t.Context()); !errors.Is(err, question.ErrOlder) {
			t.Errorf("another store, that is behind: got %v, %v, want %v", view, err, question.ErrOlder)
		}
	}
	store.next = 12
	f("it has come as far", 12)
	memory, away = nil, errors.New("away")
	if view, err := n.View(t.Context()); err == nil {
		t.Errorf("got %v where there is nothing", view)
	}
}
