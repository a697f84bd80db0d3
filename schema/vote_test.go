package schema_test

import (
	"fmt"
	"strings"
	"testing"

	"mlf/schema"
)

// TestCodes: every code reads as the number it is written for, and no other
// text reads as anything.
func TestCodes(t *testing.T) {
	check := func(kind string, numbers []uint8, codeOf func(uint8) string, parse func(string) (uint8, error)) {
		t.Helper()
		for _, n := range numbers {
			code := codeOf(n)
			if got, err := parse(code); err != nil || got != n {
				t.Errorf("%s %q: got %d, error %v, want %d", kind, code, got, err, n)
			}
		}
		for _, code := range []string{"", " ", strings.ToUpper(codeOf(numbers[0])), codeOf(200), "1"} {
			if got, err := parse(code); err == nil || got != 0 || !strings.Contains(err.Error(), codeOf(numbers[0])) {
				t.Errorf("%s %q: got %d, error %v, want one that lists the codes", kind, code, got, err)
			}
		}
		if got, want := codeOf(200), kind+"-200"; got != want {
			t.Errorf("%s without a code: got %q, want %q", kind, got, want)
		}
	}
	check("class", bytesOf(schema.Classes()), func(n uint8) string { return schema.Class(n).String() },
		func(code string) (uint8, error) { c, err := schema.ParseClass(code); return uint8(c), err })
	check("channel", bytesOf(schema.Channels()), func(n uint8) string { return schema.Channel(n).String() },
		func(code string) (uint8, error) { c, err := schema.ParseChannel(code); return uint8(c), err })
	check("scale", bytesOf(schema.Scales()), func(n uint8) string { return schema.Scale(n).String() },
		func(code string) (uint8, error) { s, err := schema.ParseScale(code); return uint8(s), err })
	check("value", []uint8{1, 2, 3}, func(n uint8) string { return schema.Value(n).Face() },
		func(code string) (uint8, error) { v, err := schema.ParseFace(code); return uint8(v), err })
	check("reason", reasons(), func(n uint8) string { return schema.Reason(n).String() },
		func(code string) (uint8, error) { r, err := schema.ParseReason(code); return uint8(r), err })
}

func bytesOf[T ~uint8](all []T) []uint8 {
	var bytes []uint8
	for _, one := range all {
		bytes = append(bytes, uint8(one))
	}
	return bytes
}

func reasons() []uint8 {
	var all []uint8
	for r := schema.ReasonWaitingTime; r <= schema.ReasonMax; r++ {
		all = append(all, uint8(r))
	}
	return all
}

func TestScaleMax(t *testing.T) {
	f := func(s schema.Scale, want schema.Value) {
		t.Helper()
		if got := s.Max(); got != want || got > schema.ValueMax {
			t.Errorf("%v: got %d, want %d", s, got, want)
		}
	}
	f(schema.ScaleMLF3, 3)
	f(schema.ScaleSmiley4, 4)
	f(schema.ScaleStars5, 5)
	f(0, 0)
	f(4, 0)
}

func TestReasonOfferedOn(t *testing.T) {
	f := func(c schema.Channel, want string) {
		t.Helper()
		var offered []string
		for r := schema.ReasonNone; r <= schema.ReasonMax+1; r++ {
			if r.OfferedOn(c) {
				offered = append(offered, r.String())
			}
		}
		if got := strings.Join(offered, " "); got != want {
			t.Errorf("%v: got %s, want %s", c, got, want)
		}
	}
	desk := "waiting_time staff must_return negative_answer other skipped timeout"
	screen := "unclear incomplete unsure technical other skipped timeout clear complete sure no_trouble"
	f(schema.ChannelCounter, desk)
	f(schema.ChannelTotem, desk)
	f(schema.ChannelPhone, desk)
	f(schema.ChannelWeb, screen)
	f(schema.ChannelDigital, screen)
}

func TestCodesInText(t *testing.T) {
	var c schema.Channel
	if err := c.UnmarshalText([]byte("totem")); err != nil || c != schema.ChannelTotem {
		t.Errorf("got %v, error %v, want totem", c, err)
	}
	if b, err := c.MarshalText(); err != nil || string(b) != "totem" {
		t.Errorf("got %s, error %v, want totem", b, err)
	}
	var s schema.Scale
	if err := s.UnmarshalText([]byte("stars5")); err != nil || s != schema.ScaleStars5 {
		t.Errorf("got %v, error %v, want stars5", s, err)
	}
	if err := s.UnmarshalText([]byte("stars6")); err == nil {
		t.Error("stars6 was taken for a scale")
	}
}

func TestReasonKey(t *testing.T) {
	used := make(map[schema.ReasonKey]string)
	for v := schema.Value(1); v <= schema.ValueMax; v++ {
		for r := schema.ReasonWaitingTime; r <= schema.ReasonMax; r++ {
			k := schema.KeyOfReason(v, r)
			if k.Value() != v || k.Reason() != r {
				t.Errorf("key %d of %d, %v: got %d, %v back", k, v, r, k.Value(), k.Reason())
			}
			if other, taken := used[k]; taken {
				t.Errorf("key %d stands for %d, %v and for %s", k, v, r, other)
			}
			used[k] = fmt.Sprint(v, r)
		}
	}
}

func TestTally(t *testing.T) {
	a := schema.Tally{Records: 1, VotesIn: 15, Counted: 1, Duplicates: 2, Conflicts: 3, Quarantined: 4, Voided: 5}
	if !a.Balanced() {
		t.Errorf("%+v: not balanced", a)
	}
	sum := a
	sum.Add(a)
	want := schema.Tally{Records: 2, VotesIn: 30, Counted: 2, Duplicates: 4, Conflicts: 6, Quarantined: 8, Voided: 10}
	if sum != want || !sum.Balanced() {
		t.Errorf("got %+v, want %+v", sum, want)
	}
	sum.Voided++
	if sum.Balanced() {
		t.Errorf("%+v: balanced", sum)
	}
}
