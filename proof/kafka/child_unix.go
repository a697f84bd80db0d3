//go:build unix && !linux

package kafka

import "syscall"

// childAttributes: in the parent's process group, so that a terminal that closes
// takes both. Only Linux can kill a child with its parent.
func childAttributes() *syscall.SysProcAttr { return nil }

// waitPaused does not wait: there is no way to, but to take the process's end
// from startChild.
func waitPaused(*child) error { return nil }
