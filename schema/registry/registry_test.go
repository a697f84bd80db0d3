package registry_test

import (
	"cmp"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"mlf/schema"
	"mlf/schema/registry"
)

// load returns the shipped reference data.
func load(t testing.TB) *registry.Registry {
	t.Helper()
	r, err := registry.Load()
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// loadWith returns the reference data with one file replaced.
func loadWith(file, content string) (*registry.Registry, error) {
	return registry.LoadFS(fstest.MapFS{file: {Data: []byte(content)}})
}

// shipped returns a file as it is in the folder.
func shipped(t testing.TB, file string) string {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// The figures of Istat's list of 16 October 2025 and of the funding programmes.
func TestShippedFigures(t *testing.T) {
	r := load(t)
	perClass, perArea := map[string]int{}, map[string]int{}
	var residents, small, bilingual, withIPA int
	comuni := r.ComuniAt(date(t, "2025-10-16"))
	for _, c := range comuni {
		class := r.PopulationClass(c.Population).Code
		perClass[class]++
		region, _ := r.Region(c.Region)
		perArea[region.MacroArea]++
		residents += int(c.Population)
		if class == "under-5000" {
			small += int(c.Population)
		}
		if c.NameAlt != "" {
			bilingual++
		}
		if c.IPA != "" {
			withIPA++
		}
	}
	for _, f := range []struct {
		what      string
		got, want int
	}{
		{"regions", len(r.Regions()), 20},
		{"provinces", len(r.Provinces()), 110},
		{"comuni", len(comuni), 7896},
		{"residents", residents, 59_580_936},
		{"comuni below 5,000", perClass["under-5000"], 5505},
		{"comuni of 5,000 to 40,000", perClass["5000-40000"], 2181},
		{"comuni of 40,001 to 200,000", perClass["40000-200000"], 193},
		{"comuni above 200,000", perClass["from-200000"], 17},
		{"residents of comuni below 5,000", small, 9_656_067},
		{"bilingual comuni", bilingual, 124},
		{"comuni with an IPA code", withIPA, 7639},
		{"comuni of the North-West", perArea["Nord-ovest"], 2990},
		{"comuni of the North-East", perArea["Nord-est"], 1387},
		{"comuni of the Centre", perArea["Centro"], 968},
		{"comuni of the South", perArea["Sud"], 1783},
		{"comuni of the islands", perArea["Isole"], 768},
		{"services", len(r.Services()), 64},
	} {
		if f.got != f.want {
			t.Errorf("%s: got %d, want %d", f.what, f.got, f.want)
		}
	}
}

func TestLookUps(t *testing.T) {
	r := load(t)

	got, ok := r.Comune(58091)
	want := registry.Comune{
		ID: 58091, Name: "Roma", NameIT: "Roma", Province: 58, Sigla: "RM", Region: 12, Population: 2_804_766,
		Cadastral: "H501", IPA: "c_h501", Lat: got.Lat, Lon: got.Lon,
	}
	if !ok || got != want {
		t.Errorf("comune 058091: got %+v, %v, want %+v", got, ok, want)
	}
	if got.Lat < 41.5 || got.Lat > 42.3 || got.Lon < 12 || got.Lon > 13 {
		t.Errorf("comune 058091 lies at %v, %v", got.Lat, got.Lon)
	}
	for _, id := range []schema.ComuneID{0, 1, 58999, 999999, 1<<32 - 1} {
		if c, ok := r.Comune(id); ok {
			t.Errorf("comune %v: got %+v, want none", id, c)
		}
	}
	for _, c := range r.ComuniAt(date(t, "2026-11-26")) {
		if found, ok := r.Comune(c.ID); !ok || found != c {
			t.Errorf("comune %v: got %+v, want %+v", c.ID, found, c)
		}
	}

	province, ok := r.Province(21)
	if want := (registry.Province{ID: 21, Name: "Bolzano/Bozen", Sigla: "BZ", Region: 4}); !ok || province != want {
		t.Errorf("province 021: got %+v, %v, want %+v", province, ok, want)
	}
	province, ok = r.Province(111)
	if want := (registry.Province{ID: 111, Name: "Sud Sardegna", Sigla: "SU", Region: 20}); !ok || province != want {
		t.Errorf("province 111, which is no more: got %+v, %v, want %+v", province, ok, want)
	}
	if _, ok := r.Province(104); ok {
		t.Error("province 104 ended in 2017, but is there")
	}
	region, ok := r.Region(12)
	if want := (registry.Region{ID: 12, Name: "Lazio", MacroArea: "Centro"}); !ok || region != want {
		t.Errorf("region 12: got %+v, %v, want %+v", region, ok, want)
	}
	if _, ok := r.Region(21); ok {
		t.Error("region 21: want none")
	}
	if got, want := r.ProvincesOf(12), []schema.ProvinceID{56, 57, 58, 59, 60}; !slices.Equal(got, want) {
		t.Errorf("provinces of Lazio: got %v, want %v", got, want)
	}
	if got := r.ProvincesOf(99); got != nil {
		t.Errorf("provinces of region 99: got %v, want none", got)
	}
	if got := len(r.RegionOf()); got != 115 || r.RegionOf()[58] != 12 {
		t.Errorf("region of provinces: got %d entries, Roma in %v", got, r.RegionOf()[58])
	}
}

func TestPopulationClassOf(t *testing.T) {
	r := load(t)
	for residents, want := range map[uint32]string{
		0: "under-5000", 4999: "under-5000",
		5000: "5000-40000", 40_000: "5000-40000",
		40_001: "40000-200000", 200_000: "40000-200000",
		200_001: "from-200000", 1<<32 - 1: "from-200000",
	} {
		if got := r.PopulationClass(residents).Code; got != want {
			t.Errorf("%d residents: got %s, want %s", residents, got, want)
		}
	}
}

func TestServices(t *testing.T) {
	r := load(t)
	if got := r.Services()[0]; got.ID != schema.ServiceUnspecified || got.Code != "unspecified" {
		t.Errorf("first service: got %+v, want unspecified", got)
	}
	for i, s := range r.Services() {
		if int(s.ID) != i {
			t.Errorf("service %s: got number %d, want %d", s.Code, s.ID, i)
		}
		if found, ok := r.ServiceByCode(s.Code); !ok || found != s {
			t.Errorf("service %s: got %+v, want %+v", s.Code, found, s)
		}
		if found, ok := r.Service(s.ID); !ok || found != s {
			t.Errorf("service %d: got %+v, want %+v", s.ID, found, s)
		}
	}
	// Numbers that are in logs by now: they never change.
	for code, want := range map[string]schema.ServiceID{"anagrafe": 1, "tributi": 4, "previdenza": 18, "permesso-ztl": 19, "lampade-votive": 63} {
		if got, ok := r.ServiceByCode(code); !ok || got.ID != want {
			t.Errorf("service %s: got number %d, %v, want %d", code, got.ID, ok, want)
		}
	}
	if _, ok := r.ServiceByCode("Anagrafe"); ok {
		t.Error("service Anagrafe: codes are lower case")
	}
	if _, ok := r.Service(64); ok {
		t.Error("service 64: want none")
	}
}

// Whoever edits a list finds the line, and a diff shows what was changed only.
func TestShippedFilesAreSorted(t *testing.T) {
	r := load(t)
	if !slices.IsSortedFunc(strings.Split(strings.TrimSpace(shipped(t, "comuni.csv")), "\n")[1:], strings.Compare) {
		t.Error("comuni.csv is not sorted")
	}
	if !slices.IsSortedFunc(r.Comuni(), func(a, b registry.Comune) int { return cmp.Compare(a.ID, b.ID) }) {
		t.Error("Comuni is not sorted")
	}
	for _, file := range []string{"provinces.csv", "past_provinces.csv", "changes.csv", "regions.csv"} {
		if !slices.IsSorted(strings.Split(strings.TrimSpace(shipped(t, file)), "\n")[1:]) {
			t.Errorf("%s is not sorted", file)
		}
	}
}

func BenchmarkLoad(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := registry.Load(); err != nil {
			b.Fatal(err)
		}
	}
}
