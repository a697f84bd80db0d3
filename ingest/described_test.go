package ingest_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"

	bodies "mlf/ingest/wire"
	"mlf/schema/schematest"
)

// A description is schema/openapi.yaml.
type description struct {
	t   *testing.T
	doc *openapi3.T
}

func described(t *testing.T) *description {
	t.Helper()
	return &description{t, schematest.Document(t)}
}

// check holds an answer against the description.
func (d *description) check(method, path string, got answer) {
	d.t.Helper()
	item := d.doc.Paths.Find(path)
	r, err := http.NewRequestWithContext(d.t.Context(), method, path, nil)
	if err != nil {
		d.t.Fatal(err)
	}
	input := &openapi3filter.ResponseValidationInput{
		RequestValidationInput: &openapi3filter.RequestValidationInput{
			Request: r, Route: &routers.Route{Spec: d.doc, Path: path, PathItem: item, Method: method, Operation: item.GetOperation(method)},
		},
		Status: got.status, Header: got.header, Body: io.NopCloser(strings.NewReader(got.body)),
		Options: &openapi3filter.Options{IncludeResponseStatus: true},
	}
	if err := openapi3filter.ValidateResponse(d.t.Context(), input); err != nil {
		d.t.Errorf("%s %s: answer %d is not as described: %v\n%s", method, path, got.status, err, got.body)
	}
}

// body returns the example of a request's body.
func (d *description) body(method, path, kind string) []byte {
	d.t.Helper()
	example := d.doc.Paths.Find(path).GetOperation(method).RequestBody.Value.Content[kind].Example
	if text, ok := example.(string); ok {
		return []byte(text)
	}
	var body bytes.Buffer
	if err := json.NewEncoder(&body).Encode(example); err != nil || example == nil {
		d.t.Fatal(path, kind, example, err)
	}
	return body.Bytes()
}

// TestServedUsersAreAsDescribed: the examples of the description are taken, and the
// answers to them, and to what is wrong, are as it says.
func TestServedUsersAreAsDescribed(t *testing.T) {
	door, tm, _ := openReportsAt(t, time.Date(2026, 11, 25, 18, 0, 0, 0, time.UTC))
	d := described(t)
	send := func(method, path, kind string, body []byte, want string) {
		t.Helper()
		got := door.send(method, path, tm.token, body, "Content-Type", kind)
		d.check(method, path, got)
		if !strings.HasPrefix(got.body, want) {
			t.Errorf("%s %s as %s: got %d %s, want %s", method, path, kind, got.status, got.body, want)
		}
	}
	const served, queue, ok, again = "/v1/served", "/v1/served/ngsi", `{"accepted":2,"unchanged":0,"rejected":[],`, `{"accepted":2,"unchanged":2,"rejected":[],`
	send("PUT", served, "application/json", d.body("PUT", served, "application/json"), ok)
	send("PUT", served, "text/csv", d.body("PUT", served, "text/csv"), again) // The same rows.
	send("PUT", served, "application/json", []byte(`{"rows":[1]}`), `{"accepted":0,`)
	send("PUT", served, "application/json", []byte(`{`), `{"type":"urn:mlf:problem:malformed-body"`)
	send("PUT", served, "application/xml", nil, `{"type":"urn:mlf:problem:unsupported-media-type"`)
	send("POST", queue, "application/json", []byte(strings.Replace(string(d.body("POST", queue, "application/json")), "anagrafe", "cimiteri", 1)), `{"accepted":1,`)
	send("POST", queue, "application/json", d.body("POST", queue, "application/json"), `{"accepted":0,"unchanged":0,"rejected":[{"index":0,"code":"other_queue"`)

	var codes []string
	for _, code := range d.doc.Components.Schemas["ServedRejection"].Value.Properties["code"].Value.Enum {
		codes = append(codes, code.(string))
	}
	if want := bodies.ServedFaults(); !slices.Equal(codes, want) {
		t.Errorf("the description has codes %q, want %q", codes, want)
	}
}
