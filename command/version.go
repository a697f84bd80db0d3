package command

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"
)

// release is set by the Makefile from the tag or commit being built.
var release = "" //nolint:gochecknoglobals // The linker can set nothing else (-X mlf/command.release).

// version returns the release, else what the module system knows.
func version() string {
	if release != "" {
		return release
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "(devel)"
}

// knownRelease returns the release; "" where two programs may have the same.
func knownRelease() string {
	if v := version(); v != "(devel)" && !strings.Contains(v, "dirty") {
		return v
	}
	return ""
}

type versionCmd struct{}

// Run prints the version, the Go it was built with and the platform.
func (versionCmd) Run(p *console) error {
	_, err := fmt.Fprintf(p.Stdout, "mlf %s %s %s/%s\n", version(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return err
}
