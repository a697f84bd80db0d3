package rdf

import (
	"fmt"
	"slices"
	"strings"
)

// A Graph is things in the order in which they are written.
type Graph struct {
	Prefixes []Prefix // Of the names of properties, types and datatypes.
	Things   []*Thing
}

// A Prefix stands for the beginning of an IRI.
type Prefix struct{ Name, IRI string }

// A Thing is what statements are about.
type Thing struct {
	IRI        string   // "" where it has no name; it is then the value of one other thing.
	Types      []string // As "dcat:Dataset".
	Properties []Property
}

// Add states that t has values for a property, besides those that it has; without any
// it states nothing.
func (t *Thing) Add(property string, values ...Value) {
	if len(values) == 0 {
		return
	}
	i := slices.IndexFunc(t.Properties, func(p Property) bool { return p.Name == property })
	if i < 0 {
		t.Properties = append(t.Properties, Property{property, values})
		return
	}
	t.Properties[i].Values = append(t.Properties[i].Values, values...)
}

// A Property is what a thing has one value or more of.
type Property struct {
	Name   string // As "dct:title".
	Values []Value
}

// A Value is a thing, by its name or without one, or a literal.
type Value struct {
	iri      string
	text     string
	language string // "" for none.
	datatype string // As "xsd:date"; "" for a plain text.
	thing    *Thing
}

// IRI is the thing of a name.
func IRI(iri string) Value { return Value{iri: safe(iri)} }

// Text is a text in a language, or "" for one in none.
func Text(text, language string) Value {
	return Value{text: strings.ToValidUTF8(text, "\uFFFD"), language: language}
}

// Typed is a literal of a datatype, as "xsd:date".
func Typed(text, datatype string) Value { return Value{text: text, datatype: datatype} }

// Nested is a thing without a name.
func Nested(t *Thing) Value { return Value{thing: t} }

// safe escapes what an IRI cannot have: whoever configures one may not end it.
func safe(iri string) string {
	var b strings.Builder
	for i := range len(iri) {
		if c := iri[i]; c <= ' ' || c == 0x7f || strings.IndexByte("<>\"{}|\\^`", c) >= 0 {
			fmt.Fprintf(&b, "%%%02X", c)
		} else {
			b.WriteByte(c)
		}
	}
	return strings.ToValidUTF8(b.String(), "%EF%BF%BD")
}
