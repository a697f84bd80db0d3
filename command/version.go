package command

import (
	"encoding/json"
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"

	"mlf/aggregate"
	"mlf/aggregate/store/embedded"
	"mlf/command/process"
	"mlf/schema"
	"mlf/schema/event"
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

// build returns what this program was made from.
func build() process.Build {
	return process.Build{Version: version(), Revision: revision(), Go: runtime.Version()}
}

// revision returns the commit, as the compiler found it.
func revision() string {
	var commit, suffix string
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			switch {
			case s.Key == "vcs.revision":
				commit = s.Value
			case s.Key == "vcs.modified" && s.Value == "true":
				suffix = "-dirty"
			}
		}
	}
	if commit == "" {
		return "unknown"
	}
	return commit + suffix
}

type versionCmd struct {
	JSON bool `name:"json" help:"Print it as JSON, with the formats that this program writes and reads."`
}

// Run prints the version, the Go it was built with, the platform, the revision,
// which of the two builds this is, and which formats it writes and reads.
func (c versionCmd) Run(p *console) error {
	b, name, which := build(), "full", "full: with the embedded ClickHouse"
	if !embedded.Built {
		name, which = "static", "static: without the embedded ClickHouse"
	}
	if c.JSON {
		return json.NewEncoder(p.Stdout).Encode(map[string]any{
			"release": b.Version, "revision": strings.TrimSuffix(b.Revision, "-dirty"), "dirty": strings.HasSuffix(b.Revision, "-dirty"),
			"go": b.Go, "platform": runtime.GOOS + "/" + runtime.GOARCH, "build": name, "formats": formats(),
		})
	}
	_, err := fmt.Fprintf(p.Stdout, "mlf %s %s %s/%s\nrevision %s\nbuild %s\n", b.Version, b.Go, runtime.GOOS, runtime.GOARCH, b.Revision, which)
	for _, f := range formats() {
		if err == nil {
			_, err = fmt.Fprintf(p.Stdout, "%s %d, reads up to %d\n", f.Name, f.Writes, f.Reads)
		}
	}
	return err
}

// A format is one that other versions of mlf may meet: who goes back to an older one
// wants to know whether it reads what the newer has written.
type format struct {
	Name   string `json:"name"`
	Writes int    `json:"writes"` // The newest that is written.
	Reads  int    `json:"reads"`  // The newest that is read; older ones are, too.
}

func formats() []format {
	same := func(name string, newest int) format { return format{name, newest, newest} }
	return []format{
		same("record", event.FormatMax), same("rules", int(aggregate.RulesMax)), same("claim", schema.ClaimVersion),
		same("checkpoint", aggregate.CheckpointVersion),
	}
}
