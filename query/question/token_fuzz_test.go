package question

import (
	"testing"

	"mlf/schema"
)

// FuzzPosition: a token is read back as it was written, and in one way only.
func FuzzPosition(f *testing.F) {
	for _, p := range []Position{nil, {0}, {1, 2, 3}, {1 << 40, 0, 127, 128}} {
		f.Add(p.String())
	}
	f.Add("AQEA=")
	f.Add("AQGAAA")
	f.Fuzz(func(t *testing.T, token string) {
		p, err := ParsePosition(token)
		if err != nil {
			return
		}
		if got := p.String(); got != token {
			t.Errorf("%q is read as %v, which is %q", token, p, got)
		}
		if !p.Reaches(p) || !p.Reaches(nil) || !p.Join(Position{5, 5}).Reaches(p) {
			t.Errorf("%v does not reach itself", p)
		}
	})
}

// FuzzCursor: the same of cursors.
func FuzzCursor(f *testing.F) {
	for _, c := range []Cursor{
		{}, {Position: Position{7, 8}, asked: sumOf("x"), last: []cell{{58091, "058091"}, {0, "HQ-1"}, {498000, "2026-10-25T01:00:00Z"}}},
	} {
		f.Add(c.String())
	}
	f.Fuzz(func(t *testing.T, token string) {
		c, err := ParseCursor(token)
		if err != nil {
			return
		}
		if got := c.String(); got != token {
			t.Errorf("%q is read as %+v, which is %q", token, c, got)
		}
	})
}

func TestPositionReaches(t *testing.T) {
	f := func(p, other Position, want bool) {
		t.Helper()
		if got := p.Reaches(other); got != want {
			t.Errorf("%v reaches %v: got %t", p, other, got)
		}
	}
	f(nil, nil, true)
	f(nil, Position{0, 0}, true)
	f(nil, Position{1}, false)
	f(Position{3, 4}, Position{3, 4}, true)
	f(Position{3, 4}, Position{3, 5}, false)
	f(Position{3, 4}, Position{3}, true)
	f(Position{3, 4}, Position{3, 4, 0}, true)
	f(Position{3, 4}, Position{3, 4, 1}, false)
	if got := PositionOf([]schema.LedgerTotals{{Next: 7}, {Next: 9}}); !got.Reaches(Position{7, 9}) || got.Reaches(Position{8}) {
		t.Errorf("got %v", got)
	}
}
