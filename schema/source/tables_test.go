package source_test

import (
	"testing"
	"time"

	"mlf/schema/pagetable"
	"mlf/schema/source"
)

func TestTheTableThatHolds(t *testing.T) {
	var all source.Sources
	at := func(hour int) time.Time { return time.Date(2026, 11, 27, hour, 0, 0, 0, time.UTC) }
	put := func(site string, version uint32, hour int) {
		t.Helper()
		key, value, err := pagetable.Table{Site: site, Version: version, From: at(hour)}.RegistryRecord()
		if err == nil {
			err = all.Apply(key, value)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	f := func(site string, hour int, want uint32) {
		t.Helper()
		var got uint32
		if m := all.Pages(site, at(hour)); m != nil {
			got = m.Version
		}
		if got != want {
			t.Errorf("%s at %d: got version %d, want %d", site, hour, got, want)
		}
	}
	f("a", 12, 0)
	put("a", 1, 10)
	put("b", 1, 9)
	put("a", 3, 14) // Tables may come in any order, and again.
	put("a", 2, 12)
	put("a", 2, 12)
	f("a", 9, 0)
	f("a", 11, 1)
	f("a", 12, 2)
	f("a", 20, 3)
	f("b", 20, 1)
	put("a", 4, 13) // A correction of what will hold: it holds from then on, before and after.
	f("a", 11, 1)
	f("a", 13, 4)
	f("a", 20, 4)
	if got := all.NewestPages("a"); got == nil || got.Version != 4 || all.NewestPages("c") != nil {
		t.Errorf("got %+v", got)
	}
	if err := all.Apply(pagetable.Key("a", 4), nil); err != nil {
		t.Fatal(err)
	}
	f("a", 20, 2) // Taken back; what it stood for is forgotten.
	for version := range uint32(20) {
		put("a", 10+version, 15) // Of one morning, each instead of the one before.
	}
	f("a", 11, 1)
	f("a", 13, 2)
	f("a", 15, 29)
	for version := range uint32(10) {
		put("b", 2+version, 10+int(version))
	}
	f("b", 11, 0) // Of many versions the oldest are forgotten.
	f("b", 12, 4)
	f("b", 20, 11)

	_, value, err := pagetable.Table{Site: "a", Version: 5, From: at(1)}.RegistryRecord()
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"page-table/a/6", "page-table/b/5", "page-table/a/x", "page-table/a"} {
		if all.Apply(key, value) == nil {
			t.Errorf("%s was taken", key)
		}
	}
	if all.Apply("page-table/a/6", []byte(`{`)) == nil || all.Apply("page-table/a/6", []byte(`{"site":"a","version":6,"from":"2026-11-27T12:00:00Z","lines":[["x","y"]]}`)) == nil {
		t.Error("a broken table was taken")
	}
}
