// Package schematest has what many tests hold answers against, read once for all of a
// process: the description of the HTTP interfaces, and the lists that mlf carries.
//
// It knows schema's files. It must not know who answers.
package schematest

import (
	"sync"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/legacy"

	"mlf/schema"
	"mlf/schema/registry"
)

// A T is a test, also one of properties.
type T interface {
	Helper()
	Fatal(args ...any)
}

var document = sync.OnceValues(func() (*openapi3.T, error) { //nolint:gochecknoglobals // Read once, and the same for all.
	doc, err := openapi3.NewLoader().LoadFromData(schema.OpenAPI())
	if err != nil {
		return nil, err
	}
	doc.Servers = nil // A test's server is none of the examples'.
	for _, item := range doc.Paths.Map() {
		item.Servers = nil
	}
	return doc, nil
})

// Document returns /openapi.yaml without its servers. It is shared, and not
// to be changed.
func Document(t T) *openapi3.T { t.Helper(); return read(t, document) }

var router = sync.OnceValues(func() (routers.Router, error) { //nolint:gochecknoglobals // Read once, and the same for all.
	doc, err := document()
	if err != nil {
		return nil, err
	}
	return legacy.NewRouter(doc)
})

// Router returns what finds the operation of a request in Document.
func Router(t T) routers.Router { t.Helper(); return read(t, router) }

var lists = sync.OnceValues(registry.Load) //nolint:gochecknoglobals // Read once, and the same for all.

// Lists returns registry.Load's.
func Lists(t T) *registry.Registry { t.Helper(); return read(t, lists) }

// read returns what of returns.
func read[V any](t T, of func() (V, error)) V {
	t.Helper()
	v, err := of()
	if err != nil {
		t.Fatal(err)
	}
	return v
}
