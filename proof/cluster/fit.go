package cluster

import (
	"errors"
	"os"
	"runtime"
	"strconv"
	"strings"
)

// ErrUnfit is the error of a machine that cannot be a node.
var ErrUnfit = errors.New("a Kubernetes node needs Linux, and root who may make namespaces")

// Fit returns ErrUnfit where no cluster can run: elsewhere than on Linux, and
// without the right to make namespaces, which root lacks in most containers.
func Fit() error {
	if runtime.GOOS != "linux" || os.Geteuid() != 0 || capabilities()&sysAdmin == 0 {
		return ErrUnfit
	}
	return nil
}

// sysAdmin is CAP_SYS_ADMIN (capabilities(7)).
const sysAdmin = 1 << 21

// capabilities returns what this process may do, none where that is not known.
func capabilities() uint64 {
	status, _ := os.ReadFile("/proc/self/status") // Empty says none, too.
	for line := range strings.Lines(string(status)) {
		if value, ok := strings.CutPrefix(line, "CapEff:"); ok {
			all, _ := strconv.ParseUint(strings.TrimSpace(value), 16, 64) // 0 says none, too.
			return all
		}
	}
	return 0
}
