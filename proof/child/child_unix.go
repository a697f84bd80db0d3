//go:build unix && !linux

package child

import "syscall"

// attributes of a child: in a process group of its own, so that Ctrl-C in a
// terminal reaches the parent alone. Only Linux can kill a child with its parent.
func attributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }

// awaitPaused does not wait: there is no way to, but to take the process's end
// from Start.
func (p *Process) awaitPaused() error { return nil }
