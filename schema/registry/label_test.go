package registry_test

import (
	"slices"
	"testing"

	"mlf/schema"
	"mlf/schema/registry"
)

func TestEveryLabelIsInEveryLanguage(t *testing.T) {
	r := load(t)
	for _, list := range registry.Lists() {
		entries := r.Labels(list)
		if len(entries) == 0 {
			t.Errorf("list %s is empty", list)
		}
		for _, e := range entries {
			for _, lang := range registry.Langs() {
				if r.Label(list, e.Code, lang) == "" || e.Label.In(lang) == "" {
					t.Errorf("list %s: %s has no label in %s", list, e.Code, lang)
				}
			}
			if e.Label.IT == "" || e.Label.EN == "" || e.Label.DE == "" {
				t.Errorf("list %s: %s: got %+v, want all languages", list, e.Code, e.Label)
			}
		}
	}
}

func TestListsHoldTheCodesOfSchema(t *testing.T) {
	r := load(t)
	want := map[registry.List][]string{
		registry.ListFaces:             {"red", "yellow", "green"},
		registry.ListPopulationClasses: {"under-5000", "5000-40000", "40000-200000", "from-200000"},
	}
	for _, c := range schema.Channels() {
		want[registry.ListChannels] = append(want[registry.ListChannels], c.String())
	}
	for _, s := range schema.Scales() {
		want[registry.ListScales] = append(want[registry.ListScales], s.String())
	}
	for _, c := range schema.Classes() {
		want[registry.ListClasses] = append(want[registry.ListClasses], c.String())
	}
	for reason := schema.ReasonWaitingTime; reason <= schema.ReasonMax; reason++ {
		want[registry.ListReasons] = append(want[registry.ListReasons], reason.String())
	}
	for list, codes := range want {
		var got []string
		for _, e := range r.Labels(list) {
			got = append(got, e.Code)
		}
		if !slices.Equal(got, codes) {
			t.Errorf("list %s: got %q, want %q", list, got, codes)
		}
	}
}

func TestLabel(t *testing.T) {
	r := load(t)
	for _, c := range []struct {
		list registry.List
		code string
		lang registry.Lang
		want string
	}{
		{registry.ListFaces, "green", registry.Italian, "Soddisfatto"},
		{registry.ListFaces, "green", registry.English, "Satisfied"},
		{registry.ListFaces, "green", registry.German, "Zufrieden"},
		{registry.ListFaces, "green", "sl", "Soddisfatto"},
		{registry.ListServices, "anagrafe", registry.English, "Population register"},
		{registry.ListReasons, "reason-14", registry.English, "reason-14"},
		{"flags", "green", registry.English, "green"},
	} {
		if got := r.Label(c.list, c.code, c.lang); got != c.want {
			t.Errorf("label of %s %s in %s: got %q, want %q", c.list, c.code, c.lang, got, c.want)
		}
	}
	if got, want := (registry.Label{IT: "Voto"}).In(registry.German), "Voto"; got != want {
		t.Errorf("a label without German: got %q, want %q", got, want)
	}
}
