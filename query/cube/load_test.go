package cube

import (
	"fmt"
	"strings"
	"testing"

	"mlf/schema"
)

// TestAnAccountEndsAtItsFirstHole: what stands after a segment that is missing, or not
// closed, is not all there is.
func TestAnAccountEndsAtItsFirstHole(t *testing.T) {
	row := func(p schema.Partition, s schema.Segment, closed bool) schema.LedgerRow {
		r := schema.LedgerRow{Partition: p, Segment: s, Next: schema.Offset(10 * (s + 1))}
		if closed {
			r.Chain[0] = 1
		}
		return r
	}
	f := func(want string, rows ...schema.LedgerRow) {
		t.Helper()
		var got []string
		for _, r := range schema.Whole(rows) {
			got = append(got, fmt.Sprintf("%d/%d", r.Partition, r.Segment))
		}
		if text := strings.Join(got, " "); text != want {
			t.Errorf("got %q, want %q", text, want)
		}
	}
	f("")
	f("0/0 0/1 1/0", row(0, 0, true), row(0, 1, false), row(1, 0, false))
	f("0/0 1/0", row(0, 0, false), row(0, 1, false), row(1, 0, true))                     // The end of 0 is missing,
	f("0/0 1/0 1/1", row(0, 0, true), row(0, 2, false), row(1, 0, true), row(1, 1, true)) // all of 1,
	f("1/0", row(0, 1, true), row(0, 2, false), row(1, 0, true))                          // all of 0,
	f("0/0", row(0, 0, true), row(1, 1, false), row(1, 2, false))
}
