package client_test

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"mlf/query/client"
)

func event(id string, n int) string {
	return fmt.Sprintf("id: %s\nevent: counts\ndata: {\"position\":%q,\"n\":%d}\n\n", id, id, n)
}

func stream(text string, end io.Reader) answer {
	return answer{status: 200, stream: io.MultiReader(strings.NewReader(": mlf\n\n"+text), end)}
}

// broken is a connection that is cut.
type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, errors.New("connection reset") }

// A stream that ends is taken up where it was left, at once or after a pause that
// doubles, and whoever listens knows of what went wrong.
func TestLiveGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, s := newClient(
			stream(event("a", 1)+event("b", 2), strings.NewReader("")), // The process ends.
			stream(event("c", 3)+"id: half\ndata: {", broken{}),
			answer{}, answer{status: 503, header: []string{"Retry-After", "60"}},
			stream(event("d", 4), strings.NewReader("")),
			answer{status: 403, body: `{"status":403}`})
		began := time.Now()
		var heard []string
		var last error
		for counts, err := range c.Live(t.Context()) {
			if last = err; err != nil {
				heard = append(heard, "error")
			} else {
				heard = append(heard, fmt.Sprintf("%s %d", counts.Position, counts.N))
			}
		}
		if want := []string{"a 1", "b 2", "c 3", "error", "error", "error", "d 4", "error"}; !slices.Equal(heard, want) || problem(t, last).Status != 403 {
			t.Errorf("heard %q and %v, want %q", heard, last, want)
		}
		var had []string
		for _, r := range s.asked {
			had = append(had, r.Header.Get("Last-Event-ID"))
		}
		if want := []string{"", "b", "c", "c", "c", "d"}; !slices.Equal(had, want) {
			t.Errorf("came back with %q, want %q", had, want)
		}
		if took, want := time.Since(began), (1+2+4+60+1)*time.Second; took != want {
			t.Errorf("it took %v, want %v", took, want)
		}
	})
}

// A stream that says nothing is no stream; who leaves is let go.
func TestLiveOfSilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		silence, end := io.Pipe()
		defer func() { _ = end.Close() }()
		c, _ := newClient(stream("", silence), stream(event("a", 1), silence))
		time.AfterFunc(46*time.Second, func() { _ = end.CloseWithError(errors.New("cut, as net/http does when ctx has ended")) })
		began, events := time.Now(), 0
		for _, err := range c.Live(t.Context()) {
			if err != nil && (!strings.Contains(err.Error(), "silent") || time.Since(began) != 46*time.Second) {
				t.Errorf("after %v: got %v", time.Since(began), err)
			}
			if events++; events == 2 {
				break
			}
		}
	})
}

// Of lots there are no faces, which are not 0 for it.
func TestLiveOfLots(t *testing.T) {
	c, _ := newClient(stream("id: x\ndata: {\"disclosure\":\"lots\",\"n\":6,\"regions\":[{\"region\":\"12\",\"n\":6}]}\n\n", strings.NewReader("")),
		stream("id: y\ndata: {\"green\":0,\"n\":6,\"regions\":[]}\n\n", strings.NewReader("")))
	var got []client.LiveCounts
	for counts, err := range c.Live(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		if got = append(got, counts); len(got) == 1 {
			continue
		}
		break
	}
	if got[0].Faces != nil || got[0].Regions[0].N != 6 || got[1].Faces == nil {
		t.Errorf("got %+v", got)
	}
}
