package kiosk_test

import (
	"testing"

	"mlf/proof/harness"
)

func TestMain(m *testing.M) { harness.Main(m) }
