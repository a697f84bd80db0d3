package embedded

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// The engine is libchdb.so of this npm package: the only package found that
// holds a current ClickHouse with a C interface. Older ones than 26.7 cannot
// listen, and npm's tag "latest" names one, so the version is pinned.
const (
	LibraryPackage = "@chdb/lib-linux-x64-gnu"
	LibraryVersion = "26.7.3-stable.1"

	// TarballSHA256 is the SHA-256 of the package as npm serves it.
	TarballSHA256 = "c0d32b129e988f2b9a9a31c9141aecf5e1e2453f9a079efc4d36ab8e3f92b2ad"

	// LibraryBytes is the size of libchdb.so inside it.
	LibraryBytes = 566330096
)

// ErrNoLibrary is the error of Library and Start when libchdb.so is not there.
var ErrNoLibrary = errors.New(`embedded engine is not installed: run "make engine"`)

// Library returns the path of libchdb.so: $MLF_LIBCHDB where that is set, else
// the file in the cache that `make engine` fills.
func Library() (string, error) {
	path := os.Getenv("MLF_LIBCHDB")
	if path == "" {
		var err error
		if path, err = LibraryCache(); err != nil {
			return "", err
		}
	}
	info, err := os.Stat(path)
	if errors.Is(err, os.ErrNotExist) {
		return "", fmt.Errorf("%w (no file %s)", ErrNoLibrary, path)
	}
	if err != nil {
		return "", fmt.Errorf("find embedded engine: %w", err)
	}
	// An empty path or a directory would make the loader panic later.
	if !info.Mode().IsRegular() || info.Size() == 0 {
		return "", fmt.Errorf("%w (%s is not a library)", ErrNoLibrary, path)
	}
	return path, nil
}

// LibraryCache returns where `make engine` puts libchdb.so: below $MLF_CACHE,
// else below folder mlf of the user's cache.
func LibraryCache() (string, error) {
	cache := os.Getenv("MLF_CACHE")
	if cache == "" {
		user, err := os.UserCacheDir()
		if err != nil {
			return "", fmt.Errorf("find cache folder: %w", err)
		}
		cache = filepath.Join(user, "mlf")
	}
	return filepath.Join(cache, "libchdb-"+LibraryVersion, "libchdb.so"), nil
}
