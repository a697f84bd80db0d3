package packed

import (
	"testing"

	"pgregory.net/rapid"

	"mlf/schema"
)

// TestCellsComeBack: what a block was made of is read from it.
func TestCellsComeBack(t *testing.T) {
	coding := newCoding()
	rapid.Check(t, func(t *rapid.T) {
		scale := schema.Scale(rapid.IntRange(0, 4).Draw(t, "scale"))
		hours := rapid.SliceOfNDistinct(rapid.IntRange(0, hoursMax-1), 1, 50, rapid.ID).Draw(t, "hours")
		var cells []addition
		for _, h := range hours {
			a := addition{hour: uint16(h)}
			for k := range a.counts {
				a.counts[k] = rapid.OneOf(rapid.Uint64Range(0, 3), rapid.Uint64()).Draw(t, "count")
			}
			if rapid.Bool().Draw(t, "few") {
				clear(a.counts[scale.Max():])
			}
			cells = append(cells, a)
		}
		cells = joinCells(newRun(cells, nil).cells)
		var bytes []byte
		before := -1
		for i := range cells {
			bytes = coding.of(scale).appendCounts(appendGap(bytes, int(cells[i].hour)-before), &cells[i].counts)
			before = int(cells[i].hour)
		}
		c := cursorOf(bytes, coding.of(scale))
		for i := range cells {
			if !c.next() || c.hour != int(cells[i].hour) || c.counts != cells[i].counts {
				t.Fatalf("cell %d: got hour %d, %v, want %v", i, c.hour, c.counts, cells[i])
			}
		}
		if c.next() {
			t.Fatal("a cell too many")
		}
	})
}

// TestSmallCountsAreOneByte: the votes of an hour at a desk.
func TestSmallCountsAreOneByte(t *testing.T) {
	coding := newCoding()
	for scale, most := range map[schema.Scale]uint64{schema.ScaleMLF3: 9, schema.ScaleSmiley4: 5, schema.ScaleStars5: 4} {
		for k := range scale.Max() {
			v := values{}
			v[k] = most
			if b := coding.of(scale).appendCounts(nil, &v); len(b) != 1 {
				t.Errorf("scale %d, %d votes of value %d: %d bytes", scale, most, k+1, len(b))
			}
		}
	}
}
