package registry_test

import (
	"os"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"mlf/schema"
	"mlf/schema/registry"
)

// headers of the files, for fixtures.
const (
	comuniHeader   = "istat_code,name,name_it,name_alt,province_code,region_code,population,cadastral_code,ipa_code,lat,lon,valid_from,valid_to\n"
	servicesHeader = "id,code,label_it,label_en,label_de,category\n"
	classesHeader  = "code,label_it,label_en,label_de,from,next\n"
	changesHeader  = "istat_code,change,istat_code_next,date\n"
	aglie          = "001001,Agliè,Agliè,,001,01,2590,A074,c_a074,45.36591,7.77599,,\n"
)

func TestFolderReplacesOnlyTheFilesItHolds(t *testing.T) {
	r, err := registry.LoadFS(fstest.MapFS{
		"README.md":  {Data: []byte("not ours to read")},
		"faces.csv":  {Data: []byte("\ufeffcode,value,label_it,label_en,label_de\r\ngreen,3,Verde,Green,Grün\r\nred,1,Rosso,Red,Rot\r\nyellow,2,Giallo,Yellow,Gelb\r\n")},
		"comuni.csv": {Data: []byte(comuniHeader + aglie)},
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := r.Label(registry.ListFaces, "green", registry.German); got != "Grün" {
		t.Errorf("label of green: got %q, want the folder's", got)
	}
	if got := r.Labels(registry.ListFaces)[0].Code; got != "red" {
		t.Errorf("first face: got %s, want red, whatever the order of the file", got)
	}
	if got := len(r.Comuni()); got != 1 {
		t.Errorf("comuni: got %d, want the folder's one", got)
	}
	if got := len(r.Regions()); got != 20 {
		t.Errorf("regions: got %d, want the embedded 20", got)
	}
}

func TestFolderOnDisk(t *testing.T) {
	if _, err := registry.LoadFS(os.DirFS(t.TempDir())); err != nil {
		t.Errorf("an empty folder: got %v, want the embedded files", err)
	}
	if _, err := registry.LoadFS(os.DirFS(t.TempDir() + "/none")); err == nil {
		t.Error("a folder that does not exist: got no error")
	}
	if _, err := registry.LoadFS(os.DirFS(".")); err != nil {
		t.Errorf("this folder: got %v", err)
	}
}

// A service's number is in the log, so a folder relabels and adds, and cannot
// take away.
func TestFolderRelabelsAndAddsServices(t *testing.T) {
	r, err := loadWith("services.csv", servicesHeader+
		"1000,wifi,Wi-Fi pubblico,Public Wi-Fi,Öffentliches WLAN,\n"+
		"4,tributi,Ufficio entrate,Revenue office,Steueramt,tributi-finanze\n")
	if err != nil {
		t.Fatal(err)
	}
	if s, _ := r.Service(4); s.Label.IT != "Ufficio entrate" {
		t.Errorf("service 4: got %+v, want the folder's label", s)
	}
	if s, ok := r.ServiceByCode("wifi"); !ok || s.ID != registry.ServiceOwn || s.Category != "" {
		t.Errorf("service wifi: got %+v, %v", s, ok)
	}
	if s, ok := r.ServiceByCode("anagrafe"); !ok || s.ID != 1 {
		t.Errorf("service anagrafe: got %+v, %v, want the embedded one", s, ok)
	}
	if got, want := len(r.Services()), 65; got != want || len(r.Labels(registry.ListServices)) != want {
		t.Errorf("services: got %d, want %d", got, want)
	}
}

// An error tells which file, which line, which column.
func TestFolderErrors(t *testing.T) {
	row := func(from, to string) string { return comuniHeader + strings.Replace(aglie, from, to, 1) }
	channels := "code,label_it,label_en,label_de\ncounter,a,a,a\ntotem,a,a,a\nphone,a,a,a\nweb,a,a,a\n"
	for _, c := range []struct{ why, file, content, want string }{
		{"misspelt file", "service.csv", "", "file service.csv: no list of this name: want categories.csv, "},
		{"empty file", "faces.csv", "", `file faces.csv: line 1: header is "": want "code,value,`},
		{"header of another list", "classes.csv", "code,value,label_it,label_en,label_de\n", "file classes.csv: line 1: header"},
		{"semicolons", "regions.csv", "code;name;macro_area\n", "file regions.csv: line 1: header"},
		{"Latin-1", "regions.csv", "code,name,macro_area\n02,Vall\xe9e,Nord\n", "file regions.csv: not UTF-8"},
		{"too big", "regions.csv", strings.Repeat("x", 8<<20+1), "file regions.csv: more than 8388608 bytes"},
		{"a field too few", "regions.csv", "code,name,macro_area\n01,Piemonte\n", "file regions.csv: record on line 2"},
		{"a stray quote", "regions.csv", "code,name,macro_area\n01,Pie\"monte,Nord\n", "parse error on line 2, column 7"},
		{"empty name", "regions.csv", "code,name,macro_area\n01, ,Nord\n", "file regions.csv: line 2, column name: is empty"},
		{"long name", "regions.csv", "code,name,macro_area\n01," + strings.Repeat("x", 201) + ",Nord\n", "line 2, column name: 201 bytes: want at most 200"},
		{"control character", "regions.csv", "code,name,macro_area\n01,\"a\nb\",Nord\n", "line 2, column name: \"a\\nb\" has a control character"},
		{"region code", "regions.csv", "code,name,macro_area\n1,Piemonte,Nord\n", `line 2, column code: region "1"`},
		{"region twice", "regions.csv", "code,name,macro_area\n01,a,b\n01,a,b\n", "line 3, column code: 01 occurs a second time"},
		{"province of nowhere", "provinces.csv", "code,name,sigla,region_code\n001,Torino,TO,21\n", "line 2, column region_code: no region 21"},
		{"sigla twice", "provinces.csv", "code,name,sigla,region_code\n001,a,TO,01\n002,b,TO,01\n", "line 3, column sigla: TO occurs"},
		{"comune code", "comuni.csv", row("001001", "1001"), `file comuni.csv: line 2, column istat_code: comune "1001"`},
		{"comune in another province", "comuni.csv", row(",001,", ",002,"), "line 2, column province_code: 002: want 001"},
		{"comune of a past province", "comuni.csv", comuniHeader + strings.Replace(strings.Replace(aglie, "001001", "104001", 1), ",001,", ",104,", 1), "column province_code: no province 104"},
		{"comune in another region", "comuni.csv", row(",01,", ",02,"), "line 2, column region_code: 02: want 01"},
		{"population", "comuni.csv", row("2590", "2.590"), `line 2, column population: "2.590": want a whole number`},
		{"cadastral code", "comuni.csv", row("A074", "A07"), `line 2, column cadastral_code: "A07"`},
		{"latitude", "comuni.csv", row("45.36591", "453.6591"), `line 2, column lat: "453.6591": want degrees`},
		{"longitude", "comuni.csv", row("7.77599", "NaN"), `line 2, column lon: "NaN": want degrees`},
		{"date", "comuni.csv", row(",,\n", ",21/2/2026,\n"), `line 2, column valid_from: date "21/2/2026"`},
		{"date of another age", "comuni.csv", row(",,\n", ",1861-03-17,\n"), `line 2, column valid_from: date "1861-03-17"`},
		{"ends before it begins", "comuni.csv", row(",,\n", ",2026-02-21,2026-02-21\n"), "line 2, column valid_to: 2026-02-21: want a day after"},
		{"comune twice", "comuni.csv", comuniHeader + aglie + strings.Replace(aglie, "A074", "A075", 1), "column istat_code: 001001 is given to both"},
		{"cadastral code twice", "comuni.csv", comuniHeader + aglie + strings.Replace(aglie, "001001", "001002", 1), "column cadastral_code: A074 is given to both"},
		{"change of an unknown kind", "changes.csv", changesHeader + "090001,moved,113001,2026-01-01\n", `file changes.csv: line 2, column change: "moved": want recoded or merged`},
		{"change of a code twice", "changes.csv", changesHeader + "090001,recoded,113001,2026-01-01\n090001,merged,113003,2027-01-01\n", "file changes.csv: line 3, column istat_code: 090001 occurs a second time"},
		{"one code for two comuni", "changes.csv", changesHeader + "090001,recoded,113001,2026-01-01\n090002,recoded,113001,2026-01-01\n", "file changes.csv: line 3, column istat_code_next: 113001 occurs a second time"},
		{"change without a day", "changes.csv", changesHeader + "090001,recoded,113001,\n", "file changes.csv: line 2, column date: is empty"},
		{"changes in a circle", "changes.csv", changesHeader + "113001,recoded,113003,2026-01-01\n113003,recoded,113001,2026-01-01\n", "file changes.csv: line 2, column date: 2026-01-01: want a day before 2026-01-01, when 113003 ends"},
		{"change into itself", "changes.csv", changesHeader + "113001,merged,113001,2026-01-01\n", "file changes.csv: line 2, column date: 2026-01-01: want a day before"},
		{"change into nothing", "changes.csv", changesHeader + "090001,recoded,113999,2026-01-01\n", "file changes.csv: line 2: no comune 113999 in comuni.csv"},
		{"merger into nothing", "changes.csv", changesHeader + "018082,merged,113999,2026-01-01\n", "file changes.csv: line 2: no comune 113999 in comuni.csv"},
		{"merger of nothing", "changes.csv", changesHeader + "018999,merged,018094,2026-01-01\n", "file changes.csv: line 2: no comune 018999 in comuni.csv"},
		{"merger on another day", "changes.csv", changesHeader + "018082,merged,018094,2026-01-31\n024129,merged,024128,2026-02-21\n", "file changes.csv: line 3: 024129 ends on"},
		{"change of a province that never was", "changes.csv", changesHeader + "104001,recoded,113001,2026-01-01\n", "file changes.csv: line 2: no province 104 in provinces.csv or past_provinces.csv"},
		{"change before the comune", "changes.csv", changesHeader + "024500,recoded,024129,2026-01-01\n", "file changes.csv: line 2: comune 024129 is not there on both sides of 2026-01-01"},
		{"past province of nowhere", "past_provinces.csv", "code,name,sigla,region_code\n090,Sassari,SS,21\n", "file past_provinces.csv: line 2, column region_code: no region 21"},
		{"past province twice", "past_provinces.csv", "code,name,sigla,region_code\n090,Sassari,SS,20\n090,Sassari,SS,20\n", "file past_provinces.csv: line 3, column code: 090 occurs"},
		{"class gap", "population_classes.csv", classesHeader + "a,x,x,x,0,5\nb,x,x,x,6,\n", "line 3, column from: 6: want each class to begin"},
		{"class overlap", "population_classes.csv", classesHeader + "a,x,x,x,0,5\nb,x,x,x,4,\n", "line 3, column from: 4: want each"},
		{"class after the last", "population_classes.csv", classesHeader + "a,x,x,x,0,\nb,x,x,x,0,\n", "line 3, column from: 0: want each"},
		{"empty class", "population_classes.csv", classesHeader + "a,x,x,x,0,0\n", "line 2, column next: 0: want more than 0"},
		{"classes with an end", "population_classes.csv", classesHeader + "a,x,x,x,0,5\n", "column next of the last line must be empty"},
		{"no classes", "population_classes.csv", classesHeader, "column next of the last line must be empty"},
		{"code that is no word", "categories.csv", "code,label_it,label_en,label_de\nMobilità,a,a,a\n", `line 2, column code: "Mobilità"`},
		{"label missing in German", "channels.csv", "code,label_it,label_en,label_de\ncounter,a,a,\n", "line 2, column label_de: is empty"},
		{"channel unknown to schema", "channels.csv", channels + "fax,a,a,a\n", `line 6, column code: "fax": want one of`},
		{"channel missing", "channels.csv", channels, `file channels.csv: no line for "digital"`},
		{"channel twice", "channels.csv", channels + "web,a,a,a\n", "line 6, column code: web occurs a second time"},
		{"faces swapped", "faces.csv", "code,value,label_it,label_en,label_de\nred,3,a,a,a\n", `line 2, column value: "3": want 1`},
		{"service number taken", "services.csv", servicesHeader + "1,tributi,a,a,a,\n", `line 2, column code: "tributi": service 1 is "anagrafe" for ever`},
		{"service code taken", "services.csv", servicesHeader + "1000,tributi,a,a,a,\n", `line 2, column code: "tributi" is service 4 for ever`},
		{"service number not ours to give", "services.csv", servicesHeader + "64,wifi,a,a,a,\n", "line 2, column id: 64 is not given yet: want own services from 1000"},
		{"service number too big", "services.csv", servicesHeader + "65536,wifi,a,a,a,\n", `line 2, column id: "65536": want a whole number from 0 to 65535`},
		{"service twice", "services.csv", servicesHeader + "1000,wifi,a,a,a,\n1000,wlan,a,a,a,\n", "line 3, column id: 1000 occurs a second time"},
		{"category unknown", "services.csv", servicesHeader + "1000,wifi,a,a,a,rete\n", `line 2, column category: no category "rete"`},
	} {
		_, err := loadWith(c.file, c.content)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %s", c.why, err, c.want)
		}
	}
}

// Whatever a folder holds, loading it ends in a registry that answers or in an error.
func FuzzLoadFS(f *testing.F) {
	f.Add("services.csv", servicesHeader+"1000,wifi,a,a,a,\n")
	f.Add("population_classes.csv", classesHeader+"a,x,x,x,0,5\nb,x,x,x,5,\n")
	f.Add("comuni.csv", comuniHeader+aglie)
	f.Add("changes.csv", changesHeader+"090001,recoded,113001,2026-01-01\n018082,merged,018094,2026-01-31\n")
	f.Add("past_provinces.csv", "code,name,sigla,region_code\n002,Vercelli,VC,01\n")
	f.Add("faces.csv", "code,value,label_it,label_en,label_de\n")
	f.Fuzz(func(t *testing.T, file, content string) {
		folder := fstest.MapFS{file: {Data: []byte(content)}}
		if file != "comuni.csv" { // The embedded one would take most of the time.
			folder["comuni.csv"] = &fstest.MapFile{Data: []byte(comuniHeader + aglie)}
		}
		r, err := registry.LoadFS(folder)
		if err != nil {
			return
		}
		for _, residents := range []uint32{0, 1, 5000, 1<<32 - 1} {
			r.PopulationClass(residents)
		}
		if _, ok := r.Service(schema.ServiceUnspecified); !ok {
			t.Error("no service 0")
		}
		for _, c := range r.Comuni() {
			if got, ok := r.Comune(c.ID); !ok || got.ID != c.ID {
				t.Errorf("comune %v: got %v, %v", c.ID, got.ID, ok)
			}
			r.Search(c.Name, 1)
			if at, ok := r.ComuneAt(c.ID, c.ValidFrom); !ok || !slices.Contains(r.Codes(c.ID), at.ID) {
				t.Errorf("comune %v on %v: got %v, %v", c.ID, c.ValidFrom, at.ID, ok)
			}
		}
	})
}

// TestSumAndTurnTellOneRegistryFromAnother: by any of its files, and by the days on which
// places begin and end.
func TestSumAndTurnTellOneRegistryFromAnother(t *testing.T) {
	carried, err := registry.Load()
	if err != nil {
		t.Fatal(err)
	}
	again, err := registry.LoadFS(fstest.MapFS{})
	if err != nil {
		t.Fatal(err)
	}
	own, err := registry.LoadFS(fstest.MapFS{"services.csv": {Data: []byte("id,code,label_it,label_en,label_de,category\n65535,own,a,b,c,\n")}})
	if err != nil {
		t.Fatal(err)
	}
	if carried.Sum() != again.Sum() || carried.Sum() == own.Sum() || carried.Sum() == "" {
		t.Errorf("got %s, %s, and with a service of its own %s", carried.Sum(), again.Sum(), own.Sum())
	}
	turns := make(map[registry.Date]bool)
	for _, c := range carried.Comuni() {
		turns[c.ValidFrom], turns[c.ValidTo] = true, true
	}
	last := registry.Date(0)
	for d := registry.Date(1); d < registry.DateOf(time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)); d++ {
		if turns[d] {
			last = d
		}
		if got := carried.Turn(d); got != last {
			t.Fatalf("%v: got %v, want %v", d, got, last)
		}
	}
	if last == 0 {
		t.Error("no comune has begun or ended")
	}
}
