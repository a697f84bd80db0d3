package network

import (
	"strings"
	"testing"
	"time"

	"mlf/command/place"
	"mlf/schema"
	"mlf/schema/schematest"
)

// A terminal gets the code that its comune has on the day of its enrolment,
// whichever of its codes is given; of a comune that is no more, the error names
// the one that took its place.
func TestEnrolByCodesThatChanged(t *testing.T) {
	reg := schematest.Lists(t)
	f := func(code, day string, want schema.ComuneID, refusal string) {
		t.Helper()
		now, err := time.Parse(time.DateTime, day)
		if err != nil {
			t.Fatal(err)
		}
		flags := placeFlags{Channel: "counter", Scale: "mlf3", Flags: place.Flags{Services: []string{"anagrafe"}}}
		got, err := flags.template(reg, code, now)
		if refusal != "" {
			if err == nil || !strings.Contains(err.Error(), refusal) {
				t.Errorf("comune %s on %s: got %v, %v, want %q", code, day, got.Comune, err, refusal)
			}
			return
		}
		if err != nil || got.Comune != want {
			t.Errorf("comune %s on %s: got %v, %v, want %v", code, day, got.Comune, err, want)
		}
	}
	f("090001", "2026-11-26 12:00:00", 113001, "")
	f("113001", "2026-11-26 12:00:00", 113001, "")
	f("111009", "2026-11-26 12:00:00", 119003, "")
	f("113001", "2025-12-31 12:00:00", 90001, "")
	f("090001", "2025-12-31 22:59:59", 90001, "")
	f("090001", "2025-12-31 23:00:00", 113001, "") // The year begins in Rome.
	f("018082", "2026-01-30 12:00:00", 18082, "")
	f("018082", "2026-01-31 12:00:00", 0, "--comune: comune 018082: Lirio was merged into Montalto Pavese on 2026-01-31; want 018094")
	f("024071", "2026-11-26 12:00:00", 0, "Nanto was merged into Castegnero Nanto on 2026-02-21; want 024129")
	f("024129", "2026-11-26 12:00:00", 24129, "")
	f("104001", "2026-11-26 12:00:00", 0, "not in the registry")
	f("58091", "2026-11-26 12:00:00", 0, "--comune: comune \"58091\"")
}
