package registry_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"mlf/schema"
	"mlf/schema/registry"
)

// with2026 is comuni.csv with what happened in 2026 (README.md, "Not applied").
// The day on which Murisengo changed its name is not known; 1 June stands for it.
func with2026(t *testing.T) *registry.Registry {
	t.Helper()
	content := shipped(t, "comuni.csv")
	ends := func(code, day string) (line string) {
		begin := strings.Index(content, "\n"+code+",") + 1
		line = content[begin : begin+strings.Index(content[begin:], "\n")+1]
		content = strings.Replace(content, line, strings.TrimSuffix(line, "\n")+day+"\n", 1)
		return line
	}
	begins := func(line, day string, replace ...string) {
		line = strings.NewReplacer(replace...).Replace(line)
		content += strings.TrimSuffix(line, ",\n") + day + ",\n"
	}
	ends("018082", "2026-01-31") // Lirio, into Montalto Pavese.
	ends("024071", "2026-02-21") // Nanto and Castegnero become one.
	castegnero := ends("024027", "2026-02-21")
	begins(castegnero, "2026-02-21", "024027", "024129", "Castegnero", "Castegnero Nanto", "C056", "M439", "c_c056", "")
	murisengo := ends("006113", "2026-06-01")
	begins(murisengo, "2026-06-01", "Murisengo", "Murisengo Monferrato")

	r, err := loadWith("comuni.csv", content)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func date(t *testing.T, text string) registry.Date {
	t.Helper()
	d, err := registry.ParseDate(text)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestComuniAt(t *testing.T) {
	r := with2026(t)
	for _, c := range []struct {
		day     string
		n       int
		present []string // Of those that changed.
	}{
		{"2009-03-23", 7896, []string{"Murisengo", "Lirio", "Montalto Pavese", "Castegnero", "Nanto"}},
		{"2026-01-30", 7896, []string{"Murisengo", "Lirio", "Montalto Pavese", "Castegnero", "Nanto"}},
		{"2026-01-31", 7895, []string{"Murisengo", "Montalto Pavese", "Castegnero", "Nanto"}},
		{"2026-02-20", 7895, []string{"Murisengo", "Montalto Pavese", "Castegnero", "Nanto"}},
		{"2026-02-21", 7894, []string{"Murisengo", "Montalto Pavese", "Castegnero Nanto"}},
		{"2026-06-01", 7894, []string{"Murisengo Monferrato", "Montalto Pavese", "Castegnero Nanto"}},
	} {
		valid := r.ComuniAt(date(t, c.day))
		var present []string
		for _, v := range valid {
			if slices.Contains([]schema.ComuneID{18082, 18094, 24027, 24071, 24129, 6113}, v.ID) {
				present = append(present, v.Name)
			}
		}
		if len(valid) != c.n || !slices.Equal(present, c.present) {
			t.Errorf("on %s: got %d comuni with %q, want %d with %q", c.day, len(valid), present, c.n, c.present)
		}
		for i := 1; i < len(valid); i++ {
			if valid[i-1].ID >= valid[i].ID {
				t.Fatalf("on %s: comune %v after %v", c.day, valid[i].ID, valid[i-1].ID)
			}
		}
	}
}

// A vote keeps its comune's name after the comune has ended, and one that was
// renamed shows its new one.
func TestComuneThatChanged(t *testing.T) {
	r := with2026(t)
	for id, want := range map[schema.ComuneID]string{
		18082: "Lirio", 24027: "Castegnero", 24129: "Castegnero Nanto", 6113: "Murisengo Monferrato",
	} {
		if got, ok := r.Comune(id); !ok || got.Name != want {
			t.Errorf("comune %v: got %q, %v, want %q", id, got.Name, ok, want)
		}
	}
	for q, want := range map[string]string{"lirio": "Lirio", "murisengo": "Murisengo Monferrato", "nanto": "Nanto"} {
		if got := r.Search(q, 1); len(got) != 1 || got[0].Name != want {
			t.Errorf("search %q: got %v, want %s", q, got, want)
		}
	}
	if got := r.Search("murisengo", 9); len(got) != 1 {
		t.Errorf("search murisengo: got %v, want the comune once", got)
	}
	if got, want := len(r.Comuni()), 7898; got != want {
		t.Errorf("comuni of all times: got %d, want %d", got, want)
	}
}

// Nothing of 2026 is in the shipped list: its changes are known from excerpts only.
func TestShippedListHasNoChanges(t *testing.T) {
	r := load(t)
	for _, c := range r.Comuni() {
		if c.ValidFrom != 0 || c.ValidTo != 0 || !c.ValidOn(date(t, "2009-03-23")) {
			t.Errorf("%v: got %v to %v, want always", c.ID, c.ValidFrom, c.ValidTo)
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
