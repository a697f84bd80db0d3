package rdf

import (
	"fmt"
	"strings"
)

// Turtle writes g in Turtle (RDF 1.1).
func (g *Graph) Turtle() []byte {
	var b strings.Builder
	for _, p := range g.Prefixes {
		fmt.Fprintf(&b, "@prefix %s: <%s> .\n", p.Name, safe(p.IRI))
	}
	for _, t := range g.Things {
		fmt.Fprintf(&b, "\n<%s>", safe(t.IRI))
		t.turtle(&b, "\n    ")
		b.WriteString(" .\n")
	}
	return []byte(b.String())
}

// turtle writes what is stated about t, each statement behind a line's beginning.
func (t *Thing) turtle(b *strings.Builder, line string) {
	if len(t.Types) > 0 {
		b.WriteString(line + "a " + strings.Join(t.Types, ", "))
	}
	for i, p := range t.Properties {
		if i > 0 || len(t.Types) > 0 {
			b.WriteString(" ;")
		}
		b.WriteString(line + p.Name)
		for k := range p.Values {
			if k > 0 {
				b.WriteByte(',')
			}
			b.WriteByte(' ')
			p.Values[k].turtle(b, line)
		}
	}
}

func (v *Value) turtle(b *strings.Builder, line string) {
	switch {
	case v.thing != nil:
		b.WriteByte('[')
		v.thing.turtle(b, line+"    ")
		b.WriteString(line + "]")
	case v.iri != "":
		b.WriteString("<" + v.iri + ">")
	case v.datatype != "":
		b.WriteString(quote(v.text) + "^^" + v.datatype)
	case v.language != "":
		b.WriteString(quote(v.text) + "@" + v.language)
	default:
		b.WriteString(quote(v.text))
	}
}

// quote writes a literal between quotation marks.
func quote(text string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range text {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r < ' ' || r == 0x7f:
			fmt.Fprintf(&b, `\u%04X`, r)
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}
