//go:build unix && !linux

package chaos

import "syscall"

// attributes of a started process: in a group of its own, so that Ctrl-C in a
// terminal reaches us alone. Only Linux can kill it with us.
func attributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
