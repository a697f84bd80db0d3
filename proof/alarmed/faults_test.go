package alarmed

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestBothFaultsAreTriedAsOne: what one mends the other does not forget, and what either
// wants is wanted.
func TestBothFaultsAreTriedAsOne(t *testing.T) {
	var done []string
	sick := errors.New("sick")
	one := func(name string, breaks, mends, looks error) fault {
		return fault{
			name: name, expects: []string{"Mlf" + name}, lasts: time.Duration(len(name)), until: func(context.Context) error { return looks },
			breaks: func(context.Context) (mending, error) {
				return func(context.Context) error { done = append(done, name); return mends }, breaks
			},
		}
	}
	f := func(a, b fault, breaks, mended error, want ...string) {
		t.Helper()
		done = nil
		f := both(a, b)
		mend, err := f.breaks(t.Context())
		if !errors.Is(err, breaks) {
			t.Errorf("breaks: got %v, want %v", err, breaks)
		}
		if err := mends(t.Context(), mend); !errors.Is(err, mended) || !slices.Equal(done, want) {
			t.Errorf("mended %v, %v, want %v, %v", done, err, want, mended)
		}
	}
	f(one("A", nil, nil, nil), one("B", nil, nil, nil), nil, nil, "A", "B")
	f(one("A", nil, sick, nil), one("B", nil, nil, nil), nil, sick, "A", "B")
	f(one("A", nil, nil, nil), one("B", sick, nil, nil), sick, nil, "A", "B")
	f(one("A", sick, nil, nil), one("B", nil, nil, nil), sick, nil, "A")

	pair := both(one("A", nil, nil, nil), one("BB", nil, nil, sick))
	if err := pair.looks(t.Context()); !errors.Is(err, sick) || pair.lasts != 2 || strings.Join(pair.expects, " ") != "MlfA MlfBB" {
		t.Errorf("got %+v, which sees %v", pair, err)
	}
	for _, name := range []string{"A", "BB", All} {
		if !pair.isWanted([]string{"none", name}) {
			t.Errorf("%s is not wanted", name)
		}
	}
	if pair.isWanted([]string{Short, "B"}) {
		t.Error("wanted by nobody")
	}
}
