package embedded

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// openTerminal returns the two ends of a terminal that nobody sits at. The
// engine reads its end for statements that never come, and ends in good order
// when ours is closed, by us or by our death.
//
// It must be a terminal. An engine that reads statements from anything else takes
// itself for a script, and ends the process at the first error of any connection:
// one byte from anybody who can reach the port (DECISIONS.md).
func openTerminal() (ours, engines *os.File, err error) {
	ours, err = os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		return nil, nil, fmt.Errorf("open a terminal for the engine: %w", err)
	}
	engines, err = peer(int(ours.Fd()))
	if err != nil {
		return nil, nil, errors.Join(fmt.Errorf("open a terminal for the engine: %w", err), ours.Close())
	}
	return ours, engines, nil
}

// peer opens the other end of the terminal whose first end is fd.
func peer(fd int) (*os.File, error) {
	if err := unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil { // It is made locked.
		return nil, err
	}
	n, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err != nil {
		return nil, err
	}
	return os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
}
