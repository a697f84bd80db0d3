package annotation_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"mlf/schema/annotation"
	"mlf/schema/registry"
)

// noted is an annotation of a service.
func noted(t testing.TB, id string) *annotation.Annotation {
	t.Helper()
	day, err := registry.ParseDate("2026-03-01")
	if err != nil {
		t.Fatal(err)
	}
	return &annotation.Annotation{
		ID: id, Kind: annotation.Break, From: day, To: day + 2, Text: registry.Label{IT: "Nuovi orari"},
		Scope: map[string][]string{"service": {"anagrafe", "tributi"}, "comune": {"058091"}},
	}
}

func put(t testing.TB, b *annotation.Book, a *annotation.Annotation) {
	t.Helper()
	key, value, err := a.RegistryRecord()
	if err == nil {
		err = b.Apply(key, value)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// TestABookHoldsWhatCameLast, whatever the order of the others; its version is that of
// all who hold the same.
func TestABookHoldsWhatCameLast(t *testing.T) {
	var b, other annotation.Book
	put(t, &b, noted(t, "a"))
	changed := noted(t, "b")
	put(t, &b, changed)
	changed.Text.EN = "New hours"
	changed.From -= 40
	put(t, &b, changed)
	put(t, &b, changed)
	put(t, &other, changed)
	if b.Version() == other.Version() {
		t.Error("two that differ have one version")
	}
	put(t, &other, noted(t, "a"))
	if b.Version() != other.Version() || len(b.All()) != 2 || b.All()[0].Text.EN != "New hours" {
		t.Errorf("got %v", b.All())
	}
	if err := b.Apply(annotation.Key("b"), nil); err != nil || len(b.All()) != 1 || b.All()[0].ID != "a" {
		t.Errorf("taken back: got %v, %v", b.All(), err)
	}
	if err := b.Apply("terminal/x", []byte("x")); err != nil || len(b.All()) != 1 {
		t.Errorf("of another kind: %v", err)
	}
	if got := b.All()[0].ScopeText(); got != "comune=058091&service=anagrafe,tributi" {
		t.Errorf("got scope %s", got)
	}
}

// TestABookIsBounded: one too many changes nothing, and those that are there may change.
func TestABookIsBounded(t *testing.T) {
	var b annotation.Book
	for i := range annotation.Max {
		put(t, &b, noted(t, fmt.Sprint("n", i)))
	}
	key, value, err := noted(t, "more").RegistryRecord()
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Apply(key, value); err == nil || len(b.All()) != annotation.Max {
		t.Errorf("got %v, %d annotations", err, len(b.All()))
	}
	put(t, &b, noted(t, "n7"))
}

// TestRefusals: what is not to be read changes nothing.
func TestRefusals(t *testing.T) {
	f := func(spoil func(*annotation.Annotation)) {
		t.Helper()
		a := noted(t, "a")
		spoil(a)
		if _, _, err := a.RegistryRecord(); err == nil {
			t.Errorf("%+v is written", a)
		}
		value, err := json.Marshal(a)
		if err != nil {
			t.Fatal(err)
		}
		var b annotation.Book
		if err := b.Apply(annotation.Key(a.ID), value); err == nil || len(b.All()) > 0 || b.Version() != 0 {
			t.Errorf("%s: got %v", value, b.All())
		}
	}
	f(func(a *annotation.Annotation) { a.ID = "A" })
	f(func(a *annotation.Annotation) { a.ID = "-a" })
	f(func(a *annotation.Annotation) { a.ID = strings.Repeat("a", annotation.IDMax+1) })
	f(func(a *annotation.Annotation) { a.Kind = "rupture" })
	f(func(a *annotation.Annotation) { a.To = a.From - 1 })
	f(func(a *annotation.Annotation) { a.Text.IT = "" })
	f(func(a *annotation.Annotation) { a.Text.DE = strings.Repeat("è", annotation.TextMax+1) })
	f(func(a *annotation.Annotation) { a.Scope["weekday"] = []string{"1"} })
	f(func(a *annotation.Annotation) { a.Scope["service"] = nil })
	var b annotation.Book
	key, value, _ := noted(t, "a").RegistryRecord()
	if err := b.Apply(key+"x", value); err == nil {
		t.Error("a record under another's key is taken")
	}
}

// FuzzApply: no record makes a reader panic, and what is taken is written as it was read.
func FuzzApply(f *testing.F) {
	key, value, err := noted(f, "a").RegistryRecord()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(key, value)
	f.Add(key, []byte(`{"id":"a","kind":"event","from":"2026-01-01","text":{"it":"x"},"more":1}`))
	f.Fuzz(func(t *testing.T, key string, value []byte) {
		var b, again annotation.Book
		if err := b.Apply(key, value); err != nil {
			return
		}
		for _, a := range b.All() {
			put(t, &again, a)
		}
		if b.Version() != again.Version() {
			t.Errorf("%s %s: got %v", key, value, again.All())
		}
	})
}
