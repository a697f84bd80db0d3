package cluster

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"

	"mlf/deploy/image"
)

// An Image is one static program in an image of one layer, FROM scratch, which
// runs as a user without rights.
type Image struct {
	Name    string // With a tag: localhost/mlf:dev.
	Program string // The file; in the image it is /NAME-OF-THE-FILE and the entrypoint.
}

// Write writes i as a tar of OCI's image layout, as ctr imports it. The same
// program makes the same bytes.
func (i Image) Write(w io.Writer) error {
	program, err := os.ReadFile(i.Program)
	if err != nil {
		return fmt.Errorf("read program of image %s: %w", i.Name, err)
	}
	entry := filepath.Base(i.Program)
	_, err = image.Image{Name: i.Name, Variants: []image.Variant{{
		Architecture: runtime.GOARCH, Entrypoint: entry, Files: []image.File{{Path: entry, Mode: 0o755, Data: program}},
	}}}.Write(w)
	return err
}
