package registry_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"mlf/schema/registry"
)

func TestSearch(t *testing.T) {
	r := load(t)
	for _, c := range []struct {
		why, q string
		limit  int
		want   []string
	}{
		{"an exact name is before longer ones", "roma", 2, []string{"Roma RM", "Romano di Lombardia BG"}},
		{"case does not matter", "TORINO", 1, []string{"Torino TO"}},
		{"accents may be left out", "agl", 1, []string{"Agliana PT"}},
		{"or written", "Agliè", 5, []string{"Agliè TO", "Aglientu OT"}},
		{"or replaced as on a typewriter", "FORLI'", 1, []string{"Forlì FC"}},
		{"or sent apart from their letters", "Forli\u0300", 1, []string{"Forlì FC"}},
		{"any apostrophe will do", "l’aquila", 5, []string{"L'Aquila AQ"}},
		{"so will none", "  L   AQUILA ", 5, []string{"L'Aquila AQ"}},
		{"by the German name", "bozen", 5, []string{"Bolzano/Bozen BZ"}},
		{"by the Italian half", "Bolzano", 2, []string{"Bolzano/Bozen BZ", "Bolzano Vicentino VI"}},
		{"by the official name", "Bolzano/Bozen", 5, []string{"Bolzano/Bozen BZ"}},
		{"ß is ss", "eppan an der weinstrasse", 5, []string{"Appiano sulla strada del vino/Eppan an der Weinstraße BZ"}},
		{"Slovene letters fold too", "steverjan", 5, []string{"San Floriano del Collio-Števerjan GO"}},
		{"names are not unique, the bigger first", "castro", 2, []string{"Castro LE", "Castro BG"}},
		{"a later word", "teodoro", 5, []string{"San Teodoro OT", "San Teodoro ME"}},
		{"several words", "giovanni rot", 5, []string{"San Giovanni Rotondo FG"}},
		{"not the inside of a word", "ologn", 5, nil},
		{"by ISTAT code", "058091", 5, []string{"Roma RM"}},
		{"by the beginning of one", "05809", 3, []string{"Roma RM", "Santa Marinella RM", "Sacrofano RM"}},
		{"by cadastral code", "h501", 5, []string{"Roma RM"}},
		{"by a code that it had before 2026", "090001", 5, []string{"Aggius OT"}},
		{"by the beginning of one, the bigger first", "09200", 2, []string{"Cagliari CA", "Assemini CA"}},
		{"once, though name and code are those of two forms", "aggius", 5, []string{"Aggius OT"}},
		{"a comune that was merged", "lirio", 5, []string{"Lirio PV"}},
		{"before its heir", "castegnero", 5, []string{"Castegnero VI", "Castegnero Nanto VI"}},
		{"but not by its beginning", "h50", 5, nil},
		{"nothing is found for nothing", "", 5, nil},
		{"nor for punctuation", " -/' ", 5, nil},
		{"nor when none is wanted", "roma", 0, nil},
		{"nor for a text that no name can be", strings.Repeat("a", registry.SearchQueryMax+1), 5, nil},
		{"a query cannot reach over a line", "058091\n roma", 5, nil},
		{"bytes that are no text find nothing", "\xff\xfe", 5, nil},
	} {
		var got []string
		for _, found := range r.Search(c.q, c.limit) {
			got = append(got, found.Name+" "+found.Sigla)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: search %q: got %q, want %q", c.why, c.q, got, c.want)
		}
	}
}

// Whatever is on a screen can be pasted into the search.
func TestSearchFindsEveryName(t *testing.T) {
	r := load(t)
	for i, c := range r.Comuni() {
		if i%53 != 0 && c.NameAlt == "" { // All would take seconds.
			continue
		}
		codes := r.Codes(c.ID)
		newest, _ := r.Comune(codes[len(codes)-1])
		for _, q := range []string{c.Name, c.NameIT, c.NameAlt, c.ID.String(), c.Cadastral} {
			found := r.Search(q, 10)
			at := slices.IndexFunc(found, func(f registry.Comune) bool { return f == newest })
			if q != "" && at < 0 {
				t.Errorf("search %q: got %d others, want %s", q, len(found), c.Name)
			}
		}
	}
}

func BenchmarkSearch(b *testing.B) {
	r := load(b)
	b.ReportAllocs()
	for b.Loop() {
		if len(r.Search("san g", 10)) != 10 {
			b.Fatal("too few")
		}
	}
}

func ExampleRegistry_Search() {
	r, err := registry.Load()
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, c := range r.Search("castro", 3) {
		fmt.Printf("%v %s (%s)\n", c.ID, c.Name, c.Sigla)
	}
	// Output:
	// 075096 Castro (LE)
	// 016065 Castro (BG)
	// 078033 Castrovillari (CS)
}
