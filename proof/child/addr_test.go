package child_test

import (
	"net"
	"testing"

	"mlf/proof/child"
)

// TestNoAddressTwice: each is for a child that does not listen yet.
func TestNoAddressTwice(t *testing.T) {
	given := make(map[string]bool)
	for range 500 {
		addr, err := child.FreeAddr()
		if err != nil {
			t.Fatal(err)
		}
		if given[addr] {
			t.Errorf("%s twice", addr)
		}
		given[addr] = true
	}
	for addr := range given {
		ln, err := new(net.ListenConfig).Listen(t.Context(), "tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		if err := ln.Close(); err != nil {
			t.Error(err)
		}
	}
}
