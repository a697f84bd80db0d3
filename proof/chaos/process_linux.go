package chaos

import "syscall"

// attributes of a started process: killed with us, whatever ends us, and in a
// group of its own, so that Ctrl-C in a terminal reaches us alone.
func attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
