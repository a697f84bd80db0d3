package schema_test

import (
	"testing"

	"mlf/schema/schematest"
)

// TestOpenAPI: the description keeps to its own specification, its examples too.
func TestOpenAPI(t *testing.T) {
	if err := schematest.Document(t).Validate(t.Context()); err != nil {
		t.Error(err)
	}
}
