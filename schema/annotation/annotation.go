package annotation

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"mlf/schema"
	"mlf/schema/registry"
)

// A Kind says what an annotation is.
type Kind string

// The kinds.
const (
	Break Kind = "break" // Figures before and after are of different things.
	Event Kind = "event" // Something that figures may show.
)

// What an annotation may be.
const (
	IDMax     = 64   // Bytes.
	TextMax   = 500  // Letters, in each language.
	ValuesMax = 1000 // Of one filter, as of a question.
)

// An Annotation is a note on some days of some votes.
type Annotation struct {
	ID    string // Small letters, digits and dashes.
	Kind  Kind
	From  registry.Date       // The first day, of Rome's.
	To    registry.Date       // The last day; at least From.
	Scope map[string][]string // Filters of a question; empty for all votes.
	Text  registry.Label      // Italian at least.
}

// ScopeText writes the scope as the query of an address; "" for all votes.
func (a *Annotation) ScopeText() string {
	var texts []string
	for _, name := range slices.Sorted(maps.Keys(a.Scope)) {
		texts = append(texts, name+"="+strings.Join(a.Scope[name], ","))
	}
	return strings.Join(texts, "&")
}

// filters are those that a scope may have.
func filters() []string {
	return []string{"macro_area", "region", "province", "comune", "population_class", "small", "office", "service", "category", "channel", "scale"}
}

// Validate returns what is wrong with a.
func (a *Annotation) Validate() error {
	if a.ID == "" || len(a.ID) > IDMax || strings.Trim(a.ID, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" || strings.Trim(a.ID, "-") != a.ID {
		return fmt.Errorf("id %q: want up to %d small letters, digits and dashes, none of these at its ends", a.ID, IDMax)
	}
	if a.Kind != Break && a.Kind != Event {
		return fmt.Errorf("kind %q: want break or event", a.Kind)
	}
	if a.From == 0 || a.To < a.From {
		return fmt.Errorf("days %v to %v: want a first day, and a last one that is not before it", a.From, a.To)
	}
	if a.Text.IT == "" {
		return errors.New("text: want one in Italian at least")
	}
	for _, text := range []string{a.Text.IT, a.Text.EN, a.Text.DE} {
		if !utf8.ValidString(text) || utf8.RuneCountInString(text) > TextMax {
			return fmt.Errorf("text %.20q…: want at most %d letters of UTF-8", text, TextMax)
		}
	}
	for name, values := range a.Scope {
		if !slices.Contains(filters(), name) {
			return fmt.Errorf("scope %q: want one of %s", name, strings.Join(filters(), ", "))
		}
		if len(values) == 0 || len(values) > ValuesMax {
			return fmt.Errorf("scope %s: %d values: want 1 to %d", name, len(values), ValuesMax)
		}
	}
	return nil
}

// written is an annotation as its record has it.
type written struct {
	ID    string              `json:"id"`
	Kind  Kind                `json:"kind"`
	From  string              `json:"from"`
	To    string              `json:"to,omitempty"`
	Scope map[string][]string `json:"scope,omitempty"`
	Text  registry.Label      `json:"text"`
}

// MarshalJSON writes a as its record has it.
func (a Annotation) MarshalJSON() ([]byte, error) {
	w := written{ID: a.ID, Kind: a.Kind, From: a.From.String(), Scope: a.Scope, Text: a.Text}
	if a.To != a.From {
		w.To = a.To.String()
	}
	return json.Marshal(w)
}

// UnmarshalJSON reads what MarshalJSON wrote. Members that it does not know are a newer
// writer's.
func (a *Annotation) UnmarshalJSON(data []byte) error {
	var w written
	if err := json.Unmarshal(data, &w); err != nil {
		return err //nolint:wrapcheck // The caller is json itself.
	}
	*a = Annotation{ID: w.ID, Kind: w.Kind, Scope: w.Scope, Text: w.Text}
	var err error
	if a.From, err = registry.ParseDate(w.From); err != nil {
		return err
	}
	if a.To = a.From; w.To != "" {
		a.To, err = registry.ParseDate(w.To)
	}
	return err
}

// RegistryRecord returns the key and value under which the registry topic keeps a. The
// key with no value takes it back.
func (a *Annotation) RegistryRecord() (key string, value []byte, err error) {
	if err := a.Validate(); err != nil {
		return "", nil, err
	}
	value, err = json.Marshal(a)
	return Key(a.ID), value, err
}

// Key returns the key of the record of an annotation.
func Key(id string) string { return schema.AnnotationKeyPrefix + id }

// decode reads a record.
func decode(id string, value []byte) (*Annotation, error) {
	a := new(Annotation)
	if err := json.Unmarshal(value, a); err != nil {
		return nil, err
	}
	if a.ID != id {
		return nil, fmt.Errorf("id %q: want that of its key", a.ID)
	}
	return a, a.Validate()
}
