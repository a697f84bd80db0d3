package deployed

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"
)

// volumeBytes is how large a volume is: a run fills a tenth of it.
const volumeBytes = 512 << 20

// volume returns a folder that is a disk of its own, which can be full while the
// machine's is not. It lies in memory, and ends with the site.
func (s *site) volume(ctx context.Context, name string) (string, error) {
	dir := filepath.Join(s.dir, name)
	if err := os.Mkdir(dir, 0o755); err != nil {
		return "", fmt.Errorf("make folder of a volume: %w", err)
	}
	mount := exec.CommandContext(ctx, "mount", "-t", "tmpfs", "-o", fmt.Sprintf("size=%d,mode=0755", volumeBytes), "mlf", dir)
	if said, err := mount.CombinedOutput(); err != nil {
		return "", fmt.Errorf("mount volume: %w: %s", err, said)
	}
	s.ends = append(s.ends, func() error { return unmount(context.WithoutCancel(ctx), dir) })
	return dir, nil
}

// unmount takes a volume away, also from who still has a file of it open.
func unmount(ctx context.Context, dir string) error {
	if said, err := exec.CommandContext(ctx, "umount", "--lazy", dir).CombinedOutput(); err != nil {
		return fmt.Errorf("unmount volume: %w: %s", err, said)
	}
	return nil
}

// dirPrefix begins the name of a site's folder, before the number of its process.
const dirPrefix = "mlf-deployed-"

// sweepVolumes takes away what runs have left that were killed.
func sweepVolumes(ctx context.Context) error {
	mounted, err := os.ReadFile("/proc/self/mounts")
	if err != nil {
		return fmt.Errorf("read mounts: %w", err)
	}
	left := abandoned(string(mounted), os.TempDir(), func(pid int) bool { return syscall.Kill(pid, 0) == nil })
	for _, dir := range left {
		err = errors.Join(err, unmount(ctx, dir))
	}
	for _, dir := range left { // Of one site there are several.
		err = errors.Join(err, os.RemoveAll(filepath.Dir(dir)))
	}
	return err
}

// abandoned returns the volumes in mounts whose process does not run.
func abandoned(mounts, temp string, runs func(pid int) bool) (dirs []string) {
	for line := range strings.Lines(mounts) {
		fields := strings.Fields(line)
		if len(fields) < 2 {
			continue
		}
		of, ok := strings.CutPrefix(fields[1], filepath.Join(temp, dirPrefix))
		if !ok {
			continue
		}
		var pid int
		if n, _ := fmt.Sscanf(of, "%d-", &pid); n == 1 && !runs(pid) {
			dirs = append(dirs, fields[1])
		}
	}
	return dirs
}

// fillEvery is how often what somebody has deleted is taken, too.
const fillEvery = 50 * time.Millisecond

// fill leaves no byte of a volume free, also of what is deleted later, and returns what
// gives them back.
func fill(dir string) (empty func() error, err error) {
	f, err := os.Create(filepath.Join(dir, "ballast"))
	if err != nil {
		return nil, fmt.Errorf("make ballast: %w", err)
	}
	if err := grow(f); err != nil {
		return nil, errors.Join(err, f.Close(), os.Remove(f.Name()))
	}
	ended := make(chan struct{})
	var growing sync.WaitGroup
	growing.Go(func() {
		tick := time.NewTicker(fillEvery)
		defer tick.Stop()
		for {
			select {
			case <-ended:
				return
			case <-tick.C:
				_ = grow(f) // It is full but for what another error has left.
			}
		}
	})
	return func() error {
		close(ended)
		growing.Wait()
		return errors.Join(f.Close(), os.Remove(f.Name()))
	}, nil
}

// grow writes until there is no room.
func grow(f *os.File) (err error) {
	zeros := make([]byte, 1<<16)
	for err == nil {
		_, err = f.Write(zeros)
	}
	if !errors.Is(err, syscall.ENOSPC) {
		return fmt.Errorf("fill volume: %w", err)
	}
	return nil
}
