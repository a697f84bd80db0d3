package registry_test

import (
	"encoding/csv"
	"maps"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"mlf/schema"
	"mlf/schema/registry"
)

// The figures of Istat's recoding of Sardinia, and of the mergers since.
func TestShippedChanges(t *testing.T) {
	r := load(t)
	lines, err := csv.NewReader(strings.NewReader(shipped(t, "changes.csv"))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	kinds, before, after := map[string]int{}, map[string]int{}, map[string]int{}
	for _, line := range lines[1:] {
		kinds[line[1]]++
		if line[1] == "recoded" {
			before[line[0][:3]]++
			after[line[2][:3]]++
		}
	}
	if want := map[string]int{"recoded": 377, "merged": 3}; !maps.Equal(kinds, want) {
		t.Errorf("changes: got %v, want %v", kinds, want)
	}
	if want := map[string]int{"090": 92, "091": 74, "092": 17, "095": 87, "111": 107}; !maps.Equal(before, want) {
		t.Errorf("comuni of the provinces before 2026: got %v, want %v", before, want)
	}
	want := map[string]int{"112": 66, "113": 26, "114": 53, "115": 87, "116": 23, "117": 28, "118": 70, "119": 24}
	if !maps.Equal(after, want) {
		t.Errorf("comuni of the provinces from 2026: got %v, want %v", after, want)
	}
	f := func(code schema.ComuneID, day, want string) {
		t.Helper()
		c, ok := r.ComuneAt(code, date(t, day))
		if got := c.ID.String() + " " + c.Name + " " + c.Sigla; !ok || got != want {
			t.Errorf("comune %v on %s: got %s, %v, want %s", code, day, got, ok, want)
		}
	}
	f(90001, "2025-12-31", "090001 Aggius SS")
	f(90001, "2026-01-01", "113001 Aggius OT")
	f(113001, "2025-12-31", "090001 Aggius SS")
	f(113001, "2026-01-01", "113001 Aggius OT")
	f(111009, "2026-06-01", "119003 Carbonia CI")
	f(111009, "2025-06-01", "111009 Carbonia SU")
	f(90064, "2026-06-01", "112050 Sassari SS")
	f(92009, "2026-06-01", "118006 Cagliari CA")
	f(18082, "2026-06-01", "018082 Lirio PV") // As it ended.
	f(58091, "2009-01-01", "058091 Roma RM")
	if c, ok := r.ComuneAt(58999, date(t, "2026-01-01")); ok {
		t.Errorf("comune 058999: got %+v, want none", c)
	}
}

// Every code that ever was is that of one comune at a time, and stands for one
// comune at every time.
func TestEveryCodeIsOneComuneOnEachDay(t *testing.T) {
	r := load(t)
	owner := make(map[schema.ComuneID]string) // Cadastral codes outlive changes.
	for _, c := range r.Comuni() {
		if was, ok := owner[c.ID]; ok && was != c.Cadastral {
			t.Errorf("code %v was given to %s and %s", c.ID, was, c.Cadastral)
		}
		owner[c.ID] = c.Cadastral
	}
	if got, want := len(owner), 7897+377; got != want {
		t.Errorf("codes of all times: got %d, want %d", got, want)
	}
	codes := slices.Sorted(maps.Keys(owner))
	rapid.Check(t, func(t *rapid.T) {
		day := registry.Date(rapid.IntRange(14_000, 25_000).Draw(t, "day"))
		if rapid.Bool().Draw(t, "near a change") {
			change := rapid.SampledFrom([]string{"2026-01-01", "2026-01-31", "2026-02-21"}).Draw(t, "change")
			d, err := registry.ParseDate(change)
			if err != nil {
				t.Fatal(err)
			}
			day = d + registry.Date(rapid.IntRange(-1, 1).Draw(t, "beside"))
		}
		valid := make(map[schema.ComuneID]int)
		cadastral := make(map[string]int)
		for _, c := range r.ComuniAt(day) {
			valid[c.ID]++
			cadastral[c.Cadastral]++
		}
		other := r.CodesAt(day)
		for _, code := range codes {
			c, ok := r.ComuneAt(code, day)
			if !ok || c.Cadastral != owner[code] {
				t.Fatalf("code %v on %v: got %s, %v, want %s", code, day, c.Cadastral, ok, owner[code])
			}
			of := 0 // Codes of the comune that hold on the day.
			for _, one := range r.Codes(code) {
				of += valid[one]
			}
			if of > 1 || of != cadastral[c.Cadastral] || of == 1 && !c.ValidOn(day) {
				t.Fatalf("comune %v on %v: %d codes hold, it is there %d times, and is %+v", code, day, of, cadastral[c.Cadastral], c)
			}
			if to, ok := other[code]; ok != (c.ID != code) || ok && to != c.ID {
				t.Fatalf("code %v on %v: got %v, %v, want %v", code, day, to, ok, c.ID)
			}
			if m, merged := r.MergedInto(code); of == 0 && c.ValidFrom <= day && (!merged || m.On > day) {
				t.Fatalf("comune %v on %v: is not there, and was not merged", code, day)
			}
		}
	})
}

func TestMergers(t *testing.T) {
	r := load(t)
	if m, ok := r.MergedInto(18082); !ok || m != (registry.Merger{Into: 18094, On: date(t, "2026-01-31")}) {
		t.Errorf("Lirio: got %+v, %v, want into Montalto Pavese on 2026-01-31", m, ok)
	}
	if m, ok := r.MergedInto(24071); !ok || m != (registry.Merger{Into: 24129, On: date(t, "2026-02-21")}) {
		t.Errorf("Nanto: got %+v, %v, want into Castegnero Nanto on 2026-02-21", m, ok)
	}
	for _, code := range []schema.ComuneID{24129, 90001, 113001, 58091, 58999} {
		if m, ok := r.MergedInto(code); ok {
			t.Errorf("%v: got merged into %+v", code, m)
		}
	}
	if got, want := r.MergedFrom(24129), []schema.ComuneID{24027, 24071}; !slices.Equal(got, want) {
		t.Errorf("Castegnero Nanto: got merged from %v, want %v", got, want)
	}
	if got := r.MergedFrom(24027); got != nil {
		t.Errorf("Castegnero: got merged from %v, want none", got)
	}
	if got, want := r.Codes(113001), []schema.ComuneID{90001, 113001}; !slices.Equal(got, want) || !slices.Equal(r.Codes(90001), want) {
		t.Errorf("codes of Aggius: got %v and %v, want %v", got, r.Codes(90001), want)
	}
	if got := r.Codes(24027); !slices.Equal(got, []schema.ComuneID{24027}) {
		t.Errorf("codes of Castegnero: got %v: who merges stays another", got)
	}
	if got := r.Codes(58999); got != nil {
		t.Errorf("codes of 058999: got %v, want none", got)
	}
}

func TestTerritory(t *testing.T) {
	r := load(t)
	sardinia := []schema.ProvinceID{90, 91, 92, 95, 111, 112, 113, 114, 115, 116, 117, 118, 119}
	f := func(provinces []schema.ProvinceID, from, next string, want []schema.ProvinceID, comuni int) {
		t.Helper()
		got := r.Territory(provinces, date(t, from), date(t, next))
		if !slices.Equal(got.Provinces, want) || len(got.Comuni) != comuni {
			t.Errorf("provinces %v, %s to %s: got provinces %v and %d comuni, want %v and %d",
				provinces, from, next, got.Provinces, len(got.Comuni), want, comuni)
		}
	}
	f([]schema.ProvinceID{58}, "2026-01-01", "2026-02-01", []schema.ProvinceID{58}, 0)
	f([]schema.ProvinceID{18}, "2026-11-01", "2026-12-01", []schema.ProvinceID{18}, 0) // Lirio's votes are Pavia's.
	f([]schema.ProvinceID{24}, "2025-11-01", "2025-12-01", []schema.ProvinceID{24}, 0)
	// 26 comuni, each with two codes; before, at and after the change, as ever.
	for _, time := range [][2]string{{"2025-01-01", "2025-02-01"}, {"2025-12-01", "2026-02-01"}, {"2026-05-01", "2026-06-01"}} {
		f([]schema.ProvinceID{113}, time[0], time[1], nil, 2*26)
		f([]schema.ProvinceID{111}, time[0], time[1], nil, 2*107)
		f([]schema.ProvinceID{111, 58}, time[0], time[1], nil, 2*107+121)
		f([]schema.ProvinceID{95}, time[0], time[1], []schema.ProvinceID{95, 115}, 0) // Oristano is whole.
		f([]schema.ProvinceID{90}, time[0], time[1], []schema.ProvinceID{90, 112, 113}, 0)
		f(sardinia, time[0], time[1], sardinia, 0)
		f(r.ProvincesOf(20), time[0], time[1], sardinia, 0)
	}
	f([]schema.ProvinceID{104}, "2025-01-01", "2025-02-01", []schema.ProvinceID{104}, 0)
}

// A comune that leaves a province which goes on belongs to it until then.
func TestTerritoryOfAProvinceThatGoesOn(t *testing.T) {
	r, err := loadWith("changes.csv", changesHeader+"041033,recoded,099030,2021-06-17\n041060,recoded,099031,2021-06-17\n")
	if err != nil {
		t.Fatal(err)
	}
	f := func(p schema.ProvinceID, from, next string, want bool) {
		t.Helper()
		got := r.Territory([]schema.ProvinceID{p}, date(t, from), date(t, next))
		for _, code := range []schema.ComuneID{41033, 99030, 41060, 99031} {
			if has := slices.Contains(got.Comuni, code) || slices.Contains(got.Provinces, code.Province()); has != want {
				t.Errorf("province %v, %s to %s: has %v: %v, want %v", p, from, next, code, has, want)
			}
		}
	}
	f(41, "2021-05-01", "2021-06-17", true)
	f(41, "2021-06-16", "2021-06-18", true)
	f(41, "2021-06-17", "2021-06-18", false)
	f(99, "2021-05-01", "2021-06-17", false)
	f(99, "2021-06-16", "2021-06-18", true)
	f(99, "2021-06-17", "2021-06-18", true)
}

// A comune may get several codes, one after the other, and a new name between.
func TestCodesInARow(t *testing.T) {
	r, err := loadWith("changes.csv", changesHeader+
		"002500,recoded,003500,2010-01-01\n003500,recoded,004500,2020-01-01\n004500,recoded,018094,2025-01-01\n")
	if err != nil {
		t.Fatal(err)
	}
	codes := []schema.ComuneID{2500, 3500, 4500, 18094}
	for _, code := range codes {
		if got := r.Codes(code); !slices.Equal(got, codes) {
			t.Errorf("codes of %v: got %v, want %v", code, got, codes)
		}
		for i, day := range []string{"2009-12-31", "2019-12-31", "2024-12-31", "2025-01-01", "2026-01-30", "2026-01-31"} {
			c, _ := r.ComuneAt(code, date(t, day))
			if want := codes[min(i, 3)]; c.ID != want || c.Province != want.Province() || !c.ValidOn(date(t, day)) {
				t.Errorf("comune %v on %s: got %+v, want %v", code, day, c, want)
			}
		}
		if found := r.Search(code.String(), 5); len(found) != 1 || found[0].ID != 18094 || found[0].Population != 957 {
			t.Errorf("search %v: got %+v, want the newest form", code, found)
		}
	}
}

// A folder from before there was a list of changes means what it meant, and gets
// the old codes as well.
func TestFolderWithoutChanges(t *testing.T) {
	old := "018082,Lirio,Lirio,,018,03,125,E608,,44.99826,9.25734,,\n"
	sardinian := "113001,Aggius,Aggius,,113,20,1420,A069,c_A069,40.96755,9.02788,,\n"
	r, err := loadWith("comuni.csv", comuniHeader+aglie+old+sardinian)
	if err != nil {
		t.Fatal(err)
	}
	if got := len(r.ComuniAt(date(t, "2026-11-26"))); got != 3 {
		t.Errorf("comuni: got %d, want 3: Lirio's heir is not there", got)
	}
	if _, ok := r.MergedInto(18082); ok {
		t.Error("Lirio is merged into a comune that the folder lacks")
	}
	if c, ok := r.ComuneAt(90001, date(t, "2026-11-26")); !ok || c.ID != 113001 {
		t.Errorf("090001: got %v, %v, want 113001", c.ID, ok)
	}
	// Both codes written out, as a list may have them.
	both := strings.Replace(sardinian, ",,\n", ",2026-01-01,\n", 1) +
		"090001,Aggius,Aggius,,090,20,1400,A069,c_A069,40.96755,9.02788,,2026-01-01\n"
	if r, err = loadWith("comuni.csv", comuniHeader+aglie+both); err != nil {
		t.Fatal(err)
	}
	if c, ok := r.ComuneAt(113001, date(t, "2025-11-26")); !ok || c.ID != 90001 || c.Population != 1400 {
		t.Errorf("113001 in 2025: got %+v, %v, want the folder's 090001", c, ok)
	}
}
