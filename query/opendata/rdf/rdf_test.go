package rdf_test

import (
	"encoding/json"
	"reflect"
	"testing"

	"mlf/query/opendata/rdf"
)

func nasty() *rdf.Graph {
	inner := &rdf.Thing{Types: []string{"x:Inner"}}
	inner.Add("x:day", rdf.Typed("2026-10-01", "xsd:date"))
	t := &rdf.Thing{IRI: "http://a/ b>", Types: []string{"x:A", "x:B"}}
	t.Add("x:text", rdf.Text("a \"q\" \\ \n\x00\u00e8 \xff", "it"))
	t.Add("x:nothing")
	t.Add("x:inner", rdf.Nested(inner))
	t.Add("x:text", rdf.Text("plain", ""), rdf.IRI("http://a/<>"))
	return &rdf.Graph{Prefixes: []rdf.Prefix{{Name: "x", IRI: "http://x/"}, {Name: "xsd", IRI: "http://www.w3.org/2001/XMLSchema#"}}, Things: []*rdf.Thing{t}}
}

// TestTurtle: nothing that is in a name or a text ends it.
func TestTurtle(t *testing.T) {
	const want = `@prefix x: <http://x/> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .

<http://a/%20b%3E>
    a x:A, x:B ;
    x:text "a \"q\" \\ \u000A\u0000è �"@it, "plain", <http://a/%3C%3E> ;
    x:inner [
        a x:Inner ;
        x:day "2026-10-01"^^xsd:date
    ] .
`
	if got := string(nasty().Turtle()); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestJSONLD(t *testing.T) {
	body, err := nasty().JSONLD()
	if err != nil {
		t.Fatal(err)
	}
	var got, want any
	const text = `{"@context": {"x": "http://x/", "xsd": "http://www.w3.org/2001/XMLSchema#"}, "@graph": [{
		"@id": "http://a/%20b%3E", "@type": ["x:A", "x:B"],
		"x:text": [{"@value": "a \"q\" \\ \n\u0000è \ufffd", "@language": "it"}, "plain", {"@id": "http://a/%3C%3E"}],
		"x:inner": [{"@type": ["x:Inner"], "x:day": [{"@value": "2026-10-01", "@type": "xsd:date"}]}]}]}`
	if err := json.Unmarshal(body, &got); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(text), &want); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %s", body)
	}
}
