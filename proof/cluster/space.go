package cluster

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"mlf/proof/child"
)

// A space is the namespaces of a node, of processes, mounts and network, and its
// control groups. The first process of the namespaces holds them, and does nothing
// else. When it ends, the kernel ends every other one in them, however deep in a
// container and whoever its parent is, takes the mounts away, and the network with
// them. It ends with this process, whatever ends that.
//
// Only control groups and the folder outlive this process when it is killed. The
// folder says whose it is, and the next run removes both.
type space struct {
	dir    string
	path   string         // Where programs are looked for.
	holder *child.Process // unshare, whose child is the first process inside.

	network string // The kernel's name for it.
}

// newSpace makes namespaces that pause holds, and what owns dir.
func newSpace(ctx context.Context, dir, path, pause string) (*space, error) {
	s := &space{dir: dir, path: path}
	cmd := exec.CommandContext(context.WithoutCancel(ctx), "unshare", "--net", "--mount", "--propagation", "private", "--pid",
		"--fork", "--kill-child", "--mount-proc", pause)
	var err error
	if s.holder, err = child.Start(cmd); err != nil {
		return nil, err
	}
	err = own(dir, os.Getpid(), s.holder.Pid())
	if err == nil {
		err = s.holder.Await(ctx, func() error { return s.held(ctx, filepath.Base(pause)) })
	}
	if err == nil {
		s.network, err = os.Readlink(s.namespace("net"))
	}
	if err != nil {
		s.holder.Kill()
		return nil, fmt.Errorf("make namespaces: %w", err)
	}
	return s, nil
}

// held tells whether pause is the first process that one sees inside.
func (s *space) held(ctx context.Context, pause string) error {
	if _, err := os.Stat(s.namespace("pid_for_children")); err != nil {
		return err
	}
	first, err := s.inside(ctx, "cat", "/proc/1/comm").Output()
	if err == nil && strings.TrimSpace(string(first)) != pause {
		err = fmt.Errorf("first process is %q: want %s", first, pause)
	}
	return err
}

// namespace returns the file of a namespace.
func (s *space) namespace(kind string) string {
	return "/proc/" + strconv.Itoa(s.holder.Pid()) + "/ns/" + kind
}

// inside returns a run of name in all namespaces: of the node's own programs. Its
// process is nsenter's child, so a signal does not reach it; the end of the space does.
func (s *space) inside(ctx context.Context, name string, args ...string) *exec.Cmd {
	return s.enter(ctx, []string{
		"--net=" + s.namespace("net"), "--mount=" + s.namespace("mnt"), "--pid=" + s.namespace("pid_for_children"),
	}, name, args)
}

// beside returns a run of name in the network alone: of what pods talk to. Its
// process is name's own.
func (s *space) beside(ctx context.Context, name string, args ...string) *exec.Cmd {
	return s.enter(ctx, []string{"--net=" + s.namespace("net")}, name, args)
}

func (s *space) enter(ctx context.Context, where []string, name string, args []string) *exec.Cmd {
	all := append(where, "--", "env", "PATH="+s.path, name)
	return exec.CommandContext(ctx, "nsenter", append(all, args...)...)
}

// end ends all that is in the space, and returns when the kernel has done so.
func (s *space) end(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), endMax)
	defer cancel()
	// Asked to end, the first process is waited for, until all others have ended.
	// Killed together with who waits for it, it would leave them dying unseen.
	_ = s.inside(ctx, "kill", "-TERM", "1").Run() // Killed all the same below.
	select {
	case <-s.holder.Ended():
	case <-ctx.Done():
	}
	s.holder.Kill()
}

// inhabitants returns the processes that are in the network that had this name
// (net:[4026532179]).
func inhabitants(network string) (pids []string, err error) {
	all, err := filepath.Glob("/proc/[0-9]*/ns/net")
	if err != nil {
		return nil, fmt.Errorf("look for processes: %w", err)
	}
	for _, name := range all {
		if of, err := os.Readlink(name); err == nil && of == network {
			pids = append(pids, strings.Split(name, "/")[2])
		}
	}
	return pids, nil
}

// groupRoots returns the folders that control groups are made in: one, or with
// cgroup v1 one for each controller.
func groupRoots() ([]string, error) {
	const mounted = "/sys/fs/cgroup"
	if isFile(filepath.Join(mounted, "cgroup.controllers")) {
		return []string{mounted}, nil
	}
	entries, err := os.ReadDir(mounted)
	if err != nil {
		return nil, fmt.Errorf("find control groups: %w", err)
	}
	var roots []string
	for _, e := range entries {
		if e.IsDir() {
			roots = append(roots, filepath.Join(mounted, e.Name()))
		}
	}
	return roots, nil
}

// group returns the name of the control group of the node in dir.
func group(dir string) string { return "/" + filepath.Base(dir) }

// makeGroups makes the control groups of the node in dir.
func makeGroups(dir string) error {
	roots, err := groupRoots()
	if err != nil {
		return err
	}
	for _, root := range roots {
		if err := os.Mkdir(filepath.Join(root, group(dir)), 0o755); err != nil {
			return fmt.Errorf("make control group: %w", err)
		}
	}
	return nil
}

// endMax bounds how long the kernel takes to end what was in a space.
const endMax = 20 * time.Second

// removeGroups removes the control groups of the node in dir, as soon as the last
// process has left them.
func removeGroups(ctx context.Context, dir string) error {
	roots, err := groupRoots()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), endMax)
	defer cancel()
	for _, root := range roots {
		name := filepath.Join(root, group(dir))
		if err := until(ctx, func() error { return removeFolders(name) }); err != nil {
			return fmt.Errorf("remove control group: %w", err)
		}
	}
	return nil
}

// removeFolders removes folder and those below, whose files are the kernel's.
func removeFolders(folder string) error {
	entries, err := os.ReadDir(folder)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	for _, e := range entries {
		if e.IsDir() {
			err = errors.Join(err, removeFolders(filepath.Join(folder, e.Name())))
		}
	}
	return errors.Join(err, os.Remove(folder))
}

// untilEvery is how often until looks: what it waits for takes seconds.
const untilEvery = 200 * time.Millisecond

// Await tries f until it returns nil, for at most d. The error says why it did not.
func Await(ctx context.Context, d time.Duration, f func() error) error {
	ctx, cancel := context.WithTimeoutCause(ctx, d, fmt.Errorf("after %v", d))
	defer cancel()
	return until(ctx, f)
}

// until tries f until it returns nil, or ctx ends.
func until(ctx context.Context, f func() error) error {
	tick := time.NewTicker(untilEvery)
	defer tick.Stop()
	for {
		err := f()
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return errors.Join(context.Cause(ctx), err)
		case <-tick.C:
		}
	}
}
