package brokertest

import (
	"context"
	"errors"
	"testing"

	"mlf/ingest/broker"
	"mlf/schema"
	"mlf/schema/served"
)

// followServed keeps a book equal to the topic until the test ends.
func (e *env) followServed(t *testing.T) *served.Book {
	book := new(served.Book)
	ctx, cancel := context.WithCancel(e.ctx)
	ended := make(chan error, 1)
	go func() { ended <- e.client.FollowServed(ctx, book.Apply, book.SetComplete) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("follow served users: %v", err)
		}
	})
	return book
}

// someServed are n numbers, as long as they can be.
func someServed(n int, revision uint64) (rows []served.Served) {
	for day := range n {
		rows = append(rows, served.Served{
			Key:   served.Key{Comune: 58091, Office: "an-office-of-thirty-two-letters.", Service: 1, Channel: schema.ChannelDigital, Day: schema.Day(20_000 + day)},
			Users: served.UsersMax, Revision: revision, Tickets: served.Tickets{Queue: 1<<64 - 1, Last: served.UsersMax},
		})
	}
	return rows
}

// servedFollowed puts as many numbers at once as there may be, and one more.
func servedFollowed(t *testing.T, e *env) {
	e.create(t, 1)
	rows := someServed(broker.ServedRowsMax, 1)
	if err := e.client.PutServed(e.ctx, append(rows, rows[0])); !errors.Is(err, broker.ErrTooLarge) {
		t.Errorf("one too many: got %v, want ErrTooLarge", err)
	}
	if err := e.client.PutServed(e.ctx, nil); err != nil {
		t.Errorf("none: %v", err)
	}
	if err := e.client.PutServed(e.ctx, rows); err != nil {
		t.Fatal(err)
	}
	book := e.followServed(t)
	eventually(e.ctx, t, "caught up", book.Complete)
	all := served.Question{Next: schema.DayMax}
	if got := book.Sums(all)[served.Key{}]; got.Known != len(rows) || got.Users != uint64(len(rows))*served.UsersMax {
		t.Errorf("got %+v, want %d days", got, len(rows))
	}
	if err := e.client.PutServed(e.ctx, someServed(1, 2)); err != nil {
		t.Fatal(err)
	}
	eventually(e.ctx, t, "a correction is followed", func() bool {
		s, _ := book.Held(rows[0].Key)
		return s.Revision == 2
	})
}

// servedLater: a process that was started before mlf schema apply had run waits for
// the topic, and says so to whoever wants to put something.
func servedLater(t *testing.T, e *env) {
	ctx, cancel := context.WithTimeout(e.ctx, caseMax/90)
	defer cancel()
	if err := e.client.PutServed(ctx, someServed(1, 1)); !errors.Is(err, broker.ErrNoTopic) {
		t.Errorf("got %v, want ErrNoTopic", err)
	}
	book := e.followServed(t)
	e.create(t, 1)
	eventually(e.ctx, t, "caught up", book.Complete)
}
