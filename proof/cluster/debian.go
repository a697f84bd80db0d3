package cluster

import (
	"errors"
	"maps"
	"os/exec"
	"slices"
	"strings"
)

// NodePackages are the packages of Debian's that a node needs beside what is
// built, each with a file of it that tells whether it is there.
func NodePackages() map[string]string {
	return map[string]string{
		"etcd-server":                 "etcd",
		"runc":                        "runc",
		"nftables":                    "nft",
		"iproute2":                    "ip",
		"util-linux":                  "nsenter",
		"containernetworking-plugins": pluginDir + "/bridge",
	}
}

// MonitoringPackages are those that carry alerts, and check rules.
func MonitoringPackages() map[string]string {
	return map[string]string{
		"prometheus":              "promtool",
		"prometheus-alertmanager": "prometheus-alertmanager",
	}
}

// pluginDir is where Debian keeps the plugins that give pods their network.
const pluginDir = "/usr/lib/cni"

// Installed returns an error with the line that installs what is missing of
// packages.
func Installed(packages map[string]string) error {
	var missing []string
	for _, pkg := range slices.Sorted(maps.Keys(packages)) {
		if file := packages[pkg]; !isFile(file) && !inPath(file) {
			missing = append(missing, pkg)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	return errors.New("missing here: apt-get install -y --no-install-recommends " + strings.Join(missing, " "))
}

func inPath(name string) bool {
	_, err := exec.LookPath(name)
	return err == nil
}
