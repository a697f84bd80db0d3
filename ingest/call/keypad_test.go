package call_test

import (
	"testing"

	"mlf/ingest/call"
	"mlf/schema"
)

func TestUsualKeypads(t *testing.T) {
	f := func(scale schema.Scale, reversed bool, want string) {
		t.Helper()
		if got := call.KeypadOf(scale, reversed).Text(scale); got != want {
			t.Errorf("%v reversed %v: got %s, want %s", scale, reversed, got, want)
		}
	}
	f(schema.ScaleMLF3, false, "1=green,2=yellow,3=red")
	f(schema.ScaleMLF3, true, "1=red,2=yellow,3=green")
	f(schema.ScaleSmiley4, false, "1=1,2=2,3=3,4=4")
	f(schema.ScaleSmiley4, true, "1=4,2=3,3=2,4=1")
	f(schema.ScaleStars5, false, "1=1,2=2,3=3,4=4,5=5")
	f(schema.ScaleStars5, true, "1=5,2=4,3=3,4=2,5=1")
	f(0, false, "")
}

func TestKeysOfAKeypad(t *testing.T) {
	keypad := call.KeypadOf(schema.ScaleMLF3, false)
	f := func(key string, want schema.Value, known bool) {
		t.Helper()
		if got, ok := keypad.Value(key); got != want || ok != known {
			t.Errorf("key %s: got %d, %v, want %d, %v", key, got, ok, want, known)
		}
	}
	f("1", schema.Green, true)
	f("2", schema.Yellow, true)
	f("3", schema.Red, true)
	f("4", 0, false)
	f("*", 0, false)
	f("", 0, false)
}

func TestKeypadsAreRead(t *testing.T) {
	f := func(scale schema.Scale, text, want string) {
		t.Helper()
		keypad, err := call.ParseKeypad(scale, text)
		if got := keypad.Text(scale); errorOf(err) != "" && errorOf(err) != want || err == nil && got != want {
			t.Errorf("%v %s: got %s, %v, want %s", scale, text, got, err, want)
		}
	}
	f(schema.ScaleMLF3, "1=green,2=yellow,3=red", "1=green,2=yellow,3=red")
	f(schema.ScaleMLF3, "9=red, 1=green,5=yellow,*=green", "*=green,1=green,5=yellow,9=red")
	f(schema.ScaleStars5, "1=5,2=4,3=3,4=2,5=1", "1=5,2=4,3=3,4=2,5=1")
	f(schema.ScaleMLF3, "", "keypad: want one key: 0 to 9, * or #")
	f(schema.ScaleMLF3, "12=green", "keypad: want one key: 0 to 9, * or #")
	f(schema.ScaleMLF3, "1=blue", `keypad: key 1: face "blue": want one of red, yellow, green`)
	f(schema.ScaleMLF3, "1=green,1=red", "keypad: key 1: want it once")
	f(schema.ScaleMLF3, "1=green,2=yellow", "keypad: want a key for every value of the scale")
	f(schema.ScaleStars5, "1=6", "keypad: key 1: want a value from 1 to 5")
	f(schema.ScaleStars5, "1=0", "keypad: key 1: want a value from 1 to 5")
}
