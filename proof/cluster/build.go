package cluster

import (
	"context"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"time"
)

// Build builds the programs of modules that are not in the cache yet, and returns
// the folders where all of them are. The first time takes a quarter of an hour of
// processor time for Node, five minutes for Monitoring, and as long as a machine needs for that; what an
// interrupted build has finished is not built again. Progress is told in lines.
//
// The cache is $MLF_CACHE/cluster, else mlf/cluster in the user's cache folder.
// Two processes may build at once: the second waits.
func Build(ctx context.Context, progress io.Writer, modules ...Module) (folders []string, err error) {
	cache, err := cacheDir()
	if err != nil {
		return nil, err
	}
	count := counter{to: progress}
	for _, m := range modules {
		count.of += len(m.programs)
	}
	for _, m := range modules {
		bin := filepath.Join(cache, m.folder(), "bin")
		if err := m.build(ctx, bin, &count); err != nil {
			return nil, err
		}
		folders = append(folders, bin)
	}
	return folders, nil
}

func cacheDir() (string, error) {
	if dir := os.Getenv("MLF_CACHE"); dir != "" {
		return filepath.Join(dir, "cluster"), nil
	}
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("find the user's cache folder (or set MLF_CACHE): %w", err)
	}
	return filepath.Join(dir, "mlf", "cluster"), nil
}

// build builds what bin lacks of m's programs.
func (m Module) build(ctx context.Context, bin string, count *counter) error {
	if m.built(bin) {
		count.done += len(m.programs)
		return nil
	}
	if err := os.MkdirAll(bin, 0o755); err != nil {
		return fmt.Errorf("make cache folder: %w", err)
	}
	dir := filepath.Dir(bin)
	unlock, err := lock(filepath.Join(dir, "lock"))
	if err != nil {
		return err
	}
	defer unlock()
	if err := m.writeGoMod(ctx, dir); err != nil {
		return err
	}
	for _, program := range m.programs {
		target := filepath.Join(bin, path.Base(program))
		count.done++
		if isFile(target) {
			continue
		}
		if err := count.watch(path.Base(program), func() error { return m.buildOne(ctx, program, target) }); err != nil {
			return err
		}
	}
	return nil
}

// built tells whether all of m's programs are in bin.
func (m Module) built(bin string) bool {
	for _, program := range m.programs {
		if !isFile(filepath.Join(bin, path.Base(program))) {
			return false
		}
	}
	return true
}

func isFile(name string) bool {
	info, err := os.Stat(name)
	return err == nil && info.Mode().IsRegular()
}

// buildOne builds program to target, whole or not at all.
func (m Module) buildOne(ctx context.Context, program, target string) error {
	part := target + ".part"
	source := m.path + "/" + program
	if m.main != "" {
		source = "."
	}
	cmd := goCommand(ctx, filepath.Dir(filepath.Dir(target)), "build", "-trimpath", "-buildvcs=false",
		"-tags", m.tags, "-ldflags", "-s -w"+m.ldflags, "-o", part, source)
	if said, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("build %s: %w\n%s", source, err, tail(said))
	}
	if err := os.Rename(part, target); err != nil {
		return fmt.Errorf("move %s into the cache: %w", path.Base(program), err)
	}
	return nil
}

// A counter tells how far a build is.
type counter struct {
	to       io.Writer
	done, of int
}

// tellEvery is how often a long build says that it goes on.
const tellEvery = 30 * time.Second

// watch tells of f, which builds name, when it starts, while it runs, and how long
// it took.
func (c *counter) watch(name string, f func() error) error {
	start := time.Now()
	say := func(what string) {
		fmt.Fprintf(c.to, "%s %s (%d of %d): %.0f s\n", what, name, c.done, c.of, time.Since(start).Seconds())
	}
	say("building")
	ended := make(chan error, 1)
	go func() { ended <- f() }()
	tick := time.NewTicker(tellEvery)
	defer tick.Stop()
	for {
		select {
		case err := <-ended:
			if err == nil {
				say("built")
			}
			return err
		case <-tick.C:
			say("building")
		}
	}
}
