package aggregate_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"

	"mlf/aggregate"
)

// landings are what was told of flushes.
type landings struct {
	mu  sync.Mutex
	all []aggregate.Landing
}

func (l *landings) told(_ context.Context, a aggregate.Landing) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all = append(l.all, a)
}

// take returns what was told, and forgets it.
func (l *landings) take() []aggregate.Landing {
	l.mu.Lock()
	defer l.mu.Unlock()
	all := l.all
	l.all = nil
	return all
}

// TestFollowedRecordsAreToldOf once they are in the store: by the flush that they are
// in, once, however often it was tried, with others that nobody follows beside them.
func TestFollowedRecordsAreToldOf(t *testing.T) {
	bubble(t, func(r *rig) {
		var told landings
		r.landed = told.told
		r.run()
		r.counted()
		r.vote(3)
		r.counted()
		if got := told.take(); len(got) != 0 {
			t.Errorf("of records that nobody follows: got %+v", got)
		}

		tries := 0
		r.store.look(func() {
			r.store.fault = func(string) error {
				if tries++; tries <= 5 {
					return errWorld
				}
				return nil
			}
		})
		r.vote(2)
		r.followed("a")
		r.followed("b")
		r.counted()
		got := told.take()
		if len(got) != 1 || !slices.Equal(got[0].Traces, []string{"a", "b"}) || got[0].Omitted != 0 ||
			got[0].Partitions != 1 || got[0].Records != 4 || got[0].Rows == 0 || got[0].Ended.Before(got[0].Begun) {
			t.Errorf("got %+v: want one flush of 4 records that names a and b", got)
		}

		for i := range 200 {
			r.followed(fmt.Sprint(i))
		}
		r.counted()
		named, omitted := 0, 0
		for _, l := range told.take() {
			named, omitted = named+len(l.Traces), omitted+l.Omitted
			if len(l.Traces) > 128 {
				t.Errorf("a flush names %d records", len(l.Traces))
			}
		}
		if named+omitted != 200 || omitted == 0 {
			t.Errorf("%d records are named and %d left out: want 200 together, in one flush", named, omitted)
		}
	})
}
