package rdf

import (
	"encoding/json"
	"fmt"
)

// JSONLD writes g in JSON-LD 1.1, with a context of its own.
func (g *Graph) JSONLD() ([]byte, error) {
	context := make(map[string]any, len(g.Prefixes))
	for _, p := range g.Prefixes {
		context[p.Name] = p.IRI
	}
	things := make([]any, len(g.Things))
	for i, t := range g.Things {
		things[i] = t.object()
	}
	body, err := json.MarshalIndent(map[string]any{"@context": context, "@graph": things}, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("write JSON-LD: %w", err)
	}
	return append(body, '\n'), nil
}

func (t *Thing) object() map[string]any {
	object := make(map[string]any, len(t.Properties)+2)
	if t.IRI != "" {
		object["@id"] = safe(t.IRI)
	}
	if len(t.Types) > 0 {
		object["@type"] = t.Types
	}
	for _, p := range t.Properties {
		values := make([]any, len(p.Values))
		for i := range p.Values {
			values[i] = p.Values[i].object()
		}
		object[p.Name] = values
	}
	return object
}

func (v *Value) object() any {
	switch {
	case v.thing != nil:
		return v.thing.object()
	case v.iri != "":
		return map[string]string{"@id": v.iri}
	case v.datatype != "":
		return map[string]string{"@value": v.text, "@type": v.datatype}
	case v.language != "":
		return map[string]string{"@value": v.text, "@language": v.language}
	}
	return v.text
}
