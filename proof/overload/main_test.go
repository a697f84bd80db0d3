package overload_test

import (
	"testing"

	"mlf/proof/harness"
)

func TestMain(m *testing.M) {
	harness.Main(m, harness.Mode{Name: modeGenerator, Run: runGenerator})
}
