package measure

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// CPU returns the processor time that process pid has used so far.
func CPU(pid int) (time.Duration, error) {
	// clock_getcpuclockid(3): the process's number inverted, and the kind
	// CPUCLOCK_SCHED. /proc/PID/stat has the same figure in ticks of 10 ms.
	const schedClock = 2
	var t unix.Timespec
	if err := unix.ClockGettime(int32(^pid<<3|schedClock), &t); err != nil {
		return 0, fmt.Errorf("read processor time of process %d: %w", pid, err)
	}
	return time.Duration(t.Nano()), nil
}

// A Memory is what a process holds resident, in bytes.
type Memory struct {
	Now  int64 // VmRSS.
	Peak int64 // VmHWM: the most since it began.
}

// MemoryOf returns what process pid holds.
func MemoryOf(pid int) (Memory, error) {
	file := fmt.Sprintf("/proc/%d/status", pid)
	text, err := os.ReadFile(file)
	if err != nil {
		return Memory{}, fmt.Errorf("read memory of process %d: %w", pid, err)
	}
	var m Memory
	for line := range bytes.Lines(text) {
		fields := bytes.Fields(line)
		if len(fields) < 2 {
			continue
		}
		kib, _ := strconv.ParseInt(string(fields[1]), 10, 64) // Other lines are no numbers.
		switch string(fields[0]) {
		case "VmRSS:":
			m.Now = kib << 10
		case "VmHWM:":
			m.Peak = kib << 10
		}
	}
	if m.Peak == 0 {
		return m, fmt.Errorf("read memory of process %d: no VmHWM in %s", pid, file)
	}
	return m, nil
}
