package departure

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"testing"
)

// What is kept has a limit; those go first that were asked for longest ago, and none that
// would take the place of many.
func TestWhatIsKeptHasALimit(t *testing.T) {
	k := NewKept[int](1000, 10)
	for i := range 100 {
		k.Put(fmt.Sprint(i), i, 10)
	}
	if _, ok := k.Get("0"); !ok || k.Bytes() != 1000 {
		t.Fatalf("got %t, %d bytes", ok, k.Bytes())
	}
	k.Put("new", 100, 10)
	f := func(name string, want int, kept bool) {
		t.Helper()
		if got, ok := k.Get(name); got != want || ok != kept {
			t.Errorf("%s: got %d, %t", name, got, ok)
		}
	}
	f("0", 0, true) // It was asked for.
	f("1", 0, false)
	f("new", 100, true)
	k.Put("new", 101, 5)
	f("new", 101, true)
	k.Put("long", 1, 11)
	f("long", 0, false)
	if k.Bytes() != 995 {
		t.Errorf("got %d bytes", k.Bytes())
	}
}

func TestKeptIsSafeForConcurrentUse(t *testing.T) {
	k := NewKept[int](10_000, 100)
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for range 2000 {
				n := rand.IntN(300)
				if got, ok := k.Get(fmt.Sprint(n)); ok && got != n {
					t.Errorf("%d: got %d", n, got)
				}
				k.Put(fmt.Sprint(n), n, 1+rand.IntN(100))
			}
		})
	}
	all.Wait()
	if k.Bytes() > 10_000 || k.Bytes() < 0 {
		t.Errorf("got %d bytes", k.Bytes())
	}
}

// Whatever stands before a body, gzip has both.
func TestAHeadIsPackedWithItsBody(t *testing.T) {
	f := func(head, plain int) {
		t.Helper()
		w := Writer{Head: []byte(strings.Repeat("h", head))}
		_, _ = w.Write([]byte(strings.Repeat("body ", plain/5)))
		b, err := w.Body(http.Header{}, 1)
		if err != nil {
			t.Fatal(err)
		}
		for i := range 2 {
			if i > 0 {
				if b, _ = b.With([]byte("another head"), b.Header); b.packed != nil {
					t.Fatal("a long body got another head")
				}
			}
			source, err := gzip.NewReader(bytes.NewReader(bytes.Join(b.gzip(), nil)))
			if err != nil {
				t.Fatal(err)
			}
			got, err := io.ReadAll(source)
			if want := string(b.head) + string(b.plain); err != nil || string(got) != want || b.bytes != len(want) {
				t.Errorf("head of %d, body of %d: got %d bytes, %v", head, plain, len(got), err)
			}
		}
	}
	for _, head := range []int{0, 1, 1500, 65535, 65536, 200_000} {
		for _, plain := range []int{0, 5, 5000, 32_000} {
			f(head, plain)
		}
	}
	w := Writer{Head: []byte("head ")}
	_, _ = w.Write(make([]byte, 2*plainMax))
	b, err := w.Body(http.Header{}, 1)
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := b.With(nil, nil); ok || b.bytes != 5+2*plainMax {
		t.Errorf("a long body got another head; it has %d bytes", b.bytes)
	}
	if _, ok := b.Weight(); ok {
		t.Error("a long body can be kept")
	}
}
