package call

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"mlf/schema"
)

// A Keypad says which key stands for which value. It is data of whoever runs the
// exchange: no two announcements are alike.
type Keypad map[string]schema.Value

// KeypadOf returns the usual keypad of a scale: of the three faces 1 green, 2 yellow,
// 3 red, as "press 1 if you are satisfied" has it; of the other scales as many as the
// value, so that five stars are 5. reversed turns it round. It is empty for a scale that
// is none.
func KeypadOf(scale schema.Scale, reversed bool) Keypad {
	k := make(Keypad)
	bestFirst := (scale == schema.ScaleMLF3) != reversed
	for v := schema.Value(1); v <= scale.Max(); v++ {
		key := v
		if bestFirst {
			key = scale.Max() + 1 - v
		}
		k[strconv.Itoa(int(key))] = v
	}
	return k
}

// ParseKeypad reads what Text writes: "1=green,2=yellow,3=red", of other scales
// "1=1,2=2". Several keys may stand for one value; every value needs one.
func ParseKeypad(scale schema.Scale, text string) (Keypad, error) {
	k, said := make(Keypad), make(map[schema.Value]bool)
	for part := range strings.SplitSeq(text, ",") {
		key, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		key, err := KeyOf(key)
		if err != nil {
			return nil, fmt.Errorf("keypad: %w", err)
		}
		v, err := parseValue(scale, value)
		if err != nil {
			return nil, fmt.Errorf("keypad: key %s: %w", key, err)
		}
		if _, given := k[key]; given {
			return nil, fmt.Errorf("keypad: key %s: want it once", key)
		}
		k[key], said[v] = v, true
	}
	if len(said) < int(scale.Max()) {
		return nil, errors.New("keypad: want a key for every value of the scale")
	}
	return k, nil
}

func parseValue(scale schema.Scale, text string) (schema.Value, error) {
	if scale == schema.ScaleMLF3 {
		return schema.ParseFace(text)
	}
	n, err := strconv.ParseUint(text, 10, 8)
	if err != nil || n == 0 || n > uint64(scale.Max()) {
		return 0, fmt.Errorf("want a value from 1 to %d", scale.Max())
	}
	return schema.Value(n), nil
}

// Value returns what key stands for; false for a key that stands for nothing.
func (k Keypad) Value(key string) (schema.Value, bool) {
	v, ok := k[key]
	return v, ok
}

// Text returns k for a scale, in the order of its keys, as ParseKeypad reads it.
func (k Keypad) Text(scale schema.Scale) string {
	var parts []string
	for key, v := range k {
		value := strconv.Itoa(int(v))
		if scale == schema.ScaleMLF3 {
			value = v.Face()
		}
		parts = append(parts, key+"="+value)
	}
	slices.Sort(parts)
	return strings.Join(parts, ",")
}
