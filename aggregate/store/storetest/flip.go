package storetest

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

// Flip flips one bit in the middle of text in every file below dir that holds it: a
// store's disk that does not give back what was written. It returns in how many
// files that was.
func Flip(t *testing.T, dir string, text []byte) (files int) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() || filepath.Ext(path) != ".bin" {
			return nil //nolint:nilerr // The server removes files while we look.
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return nil //nolint:nilerr // As above.
		}
		at := bytes.Index(content, text)
		if at < 0 {
			return nil
		}
		files++
		content[at+len(text)/2] ^= 1
		return os.WriteFile(path, content, 0o600)
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}
