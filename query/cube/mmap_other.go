//go:build !unix

package cube

import "os"

// A mapping is a file in memory, read whole where files cannot be mapped.
type mapping struct{ bytes []byte }

// mapFile reads the file of path.
func mapFile(path string) (*mapping, error) {
	bytes, err := os.ReadFile(path)
	return &mapping{bytes}, err
}
