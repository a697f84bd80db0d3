// Command fetch puts libchdb.so, the engine of package embedded, into the cache
// folder. It asks npm for the pinned package and checks it; it does nothing when
// the library is already there. It knows npm and the package, nothing else.
//
//	go run ./aggregate/store/embedded/fetch [TARBALL]
//
// With TARBALL, the package as a file (npm pack …), npm is not asked.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"time"

	"github.com/schollz/progressbar/v3"

	"mlf/aggregate/store/embedded"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt) //nolint:forbidigo // This is main.
	err := run(ctx, os.Args[1:])
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "fetch:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	target, err := embedded.LibraryCache()
	if err != nil {
		return err
	}
	if info, err := os.Stat(target); err == nil && info.Size() == embedded.LibraryBytes {
		fmt.Println(target)
		return nil
	}
	if len(args) > 1 {
		return fmt.Errorf("%d arguments: want at most one, the package as a file", len(args))
	}
	var tarball string
	if len(args) == 1 {
		tarball = args[0]
	} else {
		dir, err := os.MkdirTemp("", "mlf-engine-")
		if err != nil {
			return fmt.Errorf("make temporary folder: %w", err)
		}
		defer os.RemoveAll(dir) //nolint:errcheck // Temporary.
		if tarball, err = pack(ctx, dir); err != nil {
			return err
		}
	}
	if err := install(ctx, tarball, target); err != nil {
		return err
	}
	fmt.Println(target)
	return nil
}

// pack lets npm download the package into dir and returns the file's path.
func pack(ctx context.Context, dir string) (string, error) {
	what := embedded.LibraryPackage + "@" + embedded.LibraryVersion
	bar := progressbar.NewOptions(-1, progressbar.OptionSetWriter(os.Stderr), progressbar.OptionSetElapsedTime(true),
		progressbar.OptionSetDescription("npm pack "+what+" (178 MB)"), progressbar.OptionSpinnerType(14))
	cmd := exec.CommandContext(ctx, "npm", "pack", "--silent", what)
	cmd.Dir = dir
	cmd.Stderr = os.Stderr
	done := make(chan error, 1)
	go func() { done <- cmd.Run() }()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case err := <-done:
			_ = bar.Exit()
			fmt.Fprintln(os.Stderr)
			if err != nil {
				return "", fmt.Errorf("npm pack %s: %w", what, err)
			}
			return find(dir)
		case <-tick.C:
			_ = bar.Add(1)
		}
	}
}

// find returns the one package in dir.
func find(dir string) (string, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.tgz"))
	if err != nil || len(files) != 1 {
		return "", fmt.Errorf("npm pack left %d packages in %s: want one", len(files), dir)
	}
	return files[0], nil
}

// install unpacks the library from tarball to target, whole or not at all.
func install(ctx context.Context, tarball, target string) error {
	in, err := os.Open(tarball)
	if err != nil {
		return fmt.Errorf("open package: %w", err)
	}
	defer in.Close() //nolint:errcheck // Read only.
	if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
		return fmt.Errorf("make cache folder: %w", err)
	}
	temp, err := os.CreateTemp(filepath.Dir(target), "libchdb-*.part")
	if err != nil {
		return fmt.Errorf("make temporary file: %w", err)
	}
	defer os.Remove(temp.Name()) //nolint:errcheck // Gone after the rename.
	defer temp.Close()           //nolint:errcheck // Closed and checked below.

	bar := progressbar.DefaultBytes(embedded.LibraryBytes, "unpack "+filepath.Base(target))
	p := expected{sha256: embedded.TarballSHA256, name: "package/libchdb.so", size: embedded.LibraryBytes}
	if err := unpack(io.MultiWriter(temp, bar), untilDone{ctx, in}, p); err != nil {
		return fmt.Errorf("unpack %s: %w", tarball, err)
	}
	if err := temp.Chmod(0o755); err != nil {
		return fmt.Errorf("make library executable: %w", err)
	}
	if err := temp.Close(); err != nil {
		return fmt.Errorf("write library: %w", err)
	}
	if err := os.Rename(temp.Name(), target); err != nil {
		return fmt.Errorf("move library into place: %w", err)
	}
	return nil
}

// untilDone reads until ctx ends.
type untilDone struct {
	ctx context.Context
	r   io.Reader
}

func (u untilDone) Read(p []byte) (int, error) {
	if err := u.ctx.Err(); err != nil {
		return 0, err
	}
	return u.r.Read(p)
}
