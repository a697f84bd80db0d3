package wire

import (
	"strings"
	"testing"
)

func TestNumbers(t *testing.T) {
	f := func(text string, want number) {
		t.Helper()
		if got := quotedNumber([]byte(text)); got != want {
			t.Errorf("%.40s: got %+v, want %+v", text, got, want)
		}
	}
	whole := func(n int64) number { return number{true, n, none} }
	for _, text := range []string{"2300", "2300.0", "2300.000", "2.3e3", "2.3E+3", "23e2", "230000e-2", "0.0023e6", " 2300\n"} {
		f(text, whole(2300))
	}
	for _, text := range []string{"0", "-0", "0.0", "-0.0e5", "0e999999999999999999999", "0." + strings.Repeat("0", 1000)} {
		f(text, whole(0))
	}
	f("0.5", number{true, 0, halfOrMore})
	f("5e-1", number{true, 0, halfOrMore})
	f("5e-2", number{true, 0, belowHalf})
	f("1e-999999999999999999999", number{true, 0, belowHalf})
	f("2300.4999", number{true, 2300, belowHalf})
	f("2300.5", number{true, 2300, halfOrMore})
	f("2300.50001", number{true, 2300, halfOrMore})
	f("23004999e-4", number{true, 2300, belowHalf})
	f("9007199254740991", whole(numberMax))
	f("9.007199254740991e15", whole(numberMax))
	f("9007199254740991.5", number{true, numberMax, halfOrMore})
	f("0."+strings.Repeat("0", 1000)+"5e1002", whole(50))
	f("5"+strings.Repeat("0", 1000)+"e-1000", whole(5))
	for _, text := range []string{
		"9007199254740992", "9007199254740991e1", "1e16", "1e999999999999999999999", strings.Repeat("9", 1000), "-1", "-0.3", "-1e-9",
		"", " ", "x", "+5", "05", "5.", ".5", "1e", "1e+", "0x10", "5 ms", "5 5", "1,5", "NaN", "Infinity", "null", "true", "--5",
	} {
		f(text, number{})
	}
}

func TestNumbersAreRoundedOrWhole(t *testing.T) {
	f := func(text string, wantRounded, wantWhole int64) {
		t.Helper()
		n := quotedNumber([]byte(text))
		rounded, ok := n.rounded()
		whole, isWhole := n.whole()
		if !isWhole {
			whole = -1
		}
		if !ok || rounded != wantRounded || whole != wantWhole {
			t.Errorf("%s: got %d, %d, want %d, %d", text, rounded, whole, wantRounded, wantWhole)
		}
	}
	f("41", 41, 41)
	f("4.1e1", 41, 41)
	f("41.4", 41, -1)
	f("41.5", 42, -1)
	f("0.5", 1, -1)
}
