//go:build unix

package cube

import (
	"fmt"
	"os"
	"runtime"

	"golang.org/x/sys/unix"
)

// A mapping is a file in memory, page by page as it is read. It goes when nobody
// holds it any more; slices of it do not count as holding it.
type mapping struct{ bytes []byte }

// mapFile maps the file of path, which must not change from now on.
func mapFile(path string) (*mapping, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // It was only read.
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if info.Size() == 0 {
		return &mapping{}, nil
	}
	bytes, err := unix.Mmap(int(f.Fd()), 0, int(info.Size()), unix.PROT_READ, unix.MAP_SHARED)
	if err != nil {
		return nil, fmt.Errorf("map %s: %w", path, err)
	}
	m := &mapping{bytes}
	runtime.AddCleanup(m, func(b []byte) { _ = unix.Munmap(b) }, bytes)
	return m, nil
}
