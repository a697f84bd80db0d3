package cluster_test

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mlf/proof/cluster"
)

// TestAnImageIsWhatItsHashesSay: names of blobs are their hashes, and the same
// program makes the same bytes.
func TestAnImageIsWhatItsHashesSay(t *testing.T) {
	program := filepath.Join(t.TempDir(), "server")
	if err := os.WriteFile(program, []byte("not really a program"), 0o600); err != nil {
		t.Fatal(err)
	}
	var first, second bytes.Buffer
	image := cluster.Image{Name: "localhost/server:1", Program: program}
	if err := errors.Join(image.Write(&first), image.Write(&second)); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(first.Bytes(), second.Bytes()) {
		t.Error("the same program made two images")
	}
	blobs := 0
	for name, data := range untar(t, &first) {
		hash, isBlob := strings.CutPrefix(name, "blobs/sha256/")
		if sum := sha256.Sum256(data); isBlob && hash != hex.EncodeToString(sum[:]) {
			t.Errorf("blob %s has another hash", name)
		}
		if isBlob {
			blobs++
		}
		if name == "index.json" && !bytes.Contains(data, []byte(`"localhost/server:1"`)) {
			t.Errorf("the index does not name the image: %s", data)
		}
	}
	if blobs != 4 {
		t.Errorf("%d blobs: want a layer, its configuration, a manifest and an index", blobs)
	}
}

func untar(t *testing.T, r io.Reader) map[string][]byte {
	t.Helper()
	files := make(map[string][]byte)
	for all := tar.NewReader(r); ; {
		header, err := all.Next()
		if errors.Is(err, io.EOF) {
			return files
		}
		if err != nil {
			t.Fatal(err)
		}
		if files[header.Name], err = io.ReadAll(all); err != nil {
			t.Fatal(err)
		}
	}
}
