package schema

import _ "embed"

//go:embed openapi.yaml
var openAPI string

// OpenAPI returns the description of every public endpoint, of ingest and of
// query, as OpenAPI 3.1 in YAML. It is what GET /openapi.yaml answers, and what
// the tests hold every answer against. The caller owns the copy.
func OpenAPI() []byte { return []byte(openAPI) }
