package registry_test

import (
	"slices"
	"testing"
	"time"

	"mlf/schema"
	"mlf/schema/registry"
)

func date(t *testing.T, text string) registry.Date {
	t.Helper()
	d, err := registry.ParseDate(text)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestComuniAt(t *testing.T) {
	r := load(t)
	for _, c := range []struct {
		day     string
		n       int
		present []string // Of some that changed.
	}{
		{"2009-03-23", 7896, []string{"018082 Lirio", "018094 Montalto Pavese", "024027 Castegnero", "024071 Nanto", "090001 Aggius"}},
		{"2025-10-16", 7896, []string{"018082 Lirio", "018094 Montalto Pavese", "024027 Castegnero", "024071 Nanto", "090001 Aggius"}},
		{"2025-12-31", 7896, []string{"018082 Lirio", "018094 Montalto Pavese", "024027 Castegnero", "024071 Nanto", "090001 Aggius"}},
		{"2026-01-01", 7896, []string{"018082 Lirio", "018094 Montalto Pavese", "024027 Castegnero", "024071 Nanto", "113001 Aggius"}},
		{"2026-01-30", 7896, []string{"018082 Lirio", "018094 Montalto Pavese", "024027 Castegnero", "024071 Nanto", "113001 Aggius"}},
		{"2026-01-31", 7895, []string{"018094 Montalto Pavese", "024027 Castegnero", "024071 Nanto", "113001 Aggius"}},
		{"2026-02-20", 7895, []string{"018094 Montalto Pavese", "024027 Castegnero", "024071 Nanto", "113001 Aggius"}},
		{"2026-02-21", 7894, []string{"018094 Montalto Pavese", "024129 Castegnero Nanto", "113001 Aggius"}},
		{"2026-11-26", 7894, []string{"018094 Montalto Pavese", "024129 Castegnero Nanto", "113001 Aggius"}},
	} {
		valid := r.ComuniAt(date(t, c.day))
		var present []string
		residents := 0
		for _, v := range valid {
			residents += int(v.Population)
			if slices.Contains([]schema.ComuneID{18082, 18094, 24027, 24071, 24129, 90001, 113001}, v.ID) {
				present = append(present, v.ID.String()+" "+v.Name)
			}
		}
		if len(valid) != c.n || !slices.Equal(present, c.present) {
			t.Errorf("on %s: got %d comuni with %q, want %d with %q", c.day, len(valid), present, c.n, c.present)
		}
		if want := 59_580_936; residents != want {
			t.Errorf("on %s: got %d residents, want %d: who merges stays", c.day, residents, want)
		}
		for i := 1; i < len(valid); i++ {
			if valid[i-1].ID >= valid[i].ID {
				t.Fatalf("on %s: comune %v after %v", c.day, valid[i].ID, valid[i-1].ID)
			}
		}
	}
}

func TestDate(t *testing.T) {
	for _, text := range []string{"2000-01-01", "2024-02-29", "2199-12-31"} {
		if got := date(t, text).String(); got != text {
			t.Errorf("date %s: got %s", text, got)
		}
	}
	for _, text := range []string{"", "2026-02-29", "2026-2-1", "1999-12-31", "2200-01-01", "2026-01-01T00:00:00Z"} {
		if d, err := registry.ParseDate(text); err == nil {
			t.Errorf("date %q: got %v, want an error", text, d)
		}
	}
	// Half past midnight in Rome is the day before in UTC.
	rome := time.FixedZone("CET", 3600)
	if got, want := registry.DateOf(time.Date(2026, 2, 21, 0, 30, 0, 0, rome)), date(t, "2026-02-21"); got != want {
		t.Errorf("date in Rome: got %v, want %v", got, want)
	}
}
