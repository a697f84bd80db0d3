package image

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// An Image is the same program for one or several architectures, each in an image
// of one layer, FROM scratch, which runs as a user without rights.
type Image struct {
	Name     string            // With a tag: localhost/mlf:dev.
	Labels   map[string]string // Of each architecture, by OCI's names.
	Created  time.Time         // As engines show it; zero: 1970.
	Variants []Variant         // At least one.
}

// A Variant is what an image has in it for one architecture, by Go's name of it.
type Variant struct {
	Architecture string
	Entrypoint   string // A file's path, from /.
	Files        []File
}

// A File of a variant. Its path has no / before it.
type File struct {
	Path string
	Mode int64
	Data []byte
}

// user is nobody's number by the custom of small images. It is a number, because
// Kubernetes' runAsNonRoot believes no name.
const user = "65532:65532"

// Write writes i as a tar of OCI's image layout, which podman, skopeo and
// containerd read, and returns its digest, by which registries will know it.
func (i Image) Write(w io.Writer) (digest string, err error) {
	dir, err := os.MkdirTemp("", "mlf-image-")
	if err != nil {
		return "", fmt.Errorf("make folder for image %s: %w", i.Name, err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	hash, err := i.layOut(dir)
	if err != nil {
		return "", fmt.Errorf("lay out image %s: %w", i.Name, err)
	}
	files, err := read(os.DirFS(dir))
	if err != nil {
		return "", fmt.Errorf("read layout of image %s: %w", i.Name, err)
	}
	all, err := tarOf(time.Unix(0, 0), files)
	if err != nil {
		return "", err
	}
	if _, err := w.Write(all); err != nil {
		return "", fmt.Errorf("write image %s: %w", i.Name, err)
	}
	return hash.String(), nil
}

// layOut writes i as OCI's layout into dir: an index, from which engines choose what
// they can run.
func (i Image) layOut(dir string) (v1.Hash, error) {
	var variants []mutate.IndexAddendum
	for _, v := range i.Variants {
		one, err := i.variant(v)
		if err != nil {
			return v1.Hash{}, err
		}
		variants = append(variants, mutate.IndexAddendum{Add: one, Descriptor: v1.Descriptor{Platform: &v1.Platform{OS: linux, Architecture: v.Architecture}}})
	}
	all := mutate.AppendManifests(empty.Index, variants...)
	top, err := layout.Write(dir, empty.Index)
	if err != nil {
		return v1.Hash{}, err
	}
	err = top.AppendIndex(all, layout.WithAnnotations(map[string]string{ // The one name is containerd's and podman's, the other skopeo's.
		"io.containerd.image.name": i.Name, "org.opencontainers.image.ref.name": i.Name[strings.LastIndex(i.Name, ":")+1:],
	}))
	if err != nil {
		return v1.Hash{}, err
	}
	return all.Digest()
}

const linux = "linux"

// variant returns the image of one architecture.
func (i Image) variant(v Variant) (v1.Image, error) {
	created := i.Created.UTC()
	if created.IsZero() {
		created = time.Unix(0, 0).UTC()
	}
	files, err := tarOf(created, withFolders(v.Files))
	if err != nil {
		return nil, err
	}
	layer, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(files)), nil },
		tarball.WithMediaType(types.OCILayer), tarball.WithCompressionLevel(gzip.DefaultCompression), tarball.WithCompressedCaching)
	if err != nil {
		return nil, fmt.Errorf("pack layer: %w", err)
	}
	base := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON)
	base, err = mutate.ConfigFile(base, &v1.ConfigFile{
		OS: linux, Architecture: v.Architecture, Created: v1.Time{Time: created}, RootFS: v1.RootFS{Type: "layers"},
		Config: v1.Config{Entrypoint: []string{"/" + v.Entrypoint}, User: user, WorkingDir: "/", Labels: i.Labels},
	})
	if err != nil {
		return nil, fmt.Errorf("configure image of %s: %w", v.Architecture, err)
	}
	one, err := mutate.Append(base, mutate.Addendum{Layer: layer, History: v1.History{Created: v1.Time{Time: created}, CreatedBy: "make image"}})
	if err != nil {
		return nil, fmt.Errorf("add layer to image of %s: %w", v.Architecture, err)
	}
	return mutate.Annotations(one, i.Labels).(v1.Image), nil
}

// read returns all files below dir, in the order of their paths.
func read(dir fs.FS) (files []File, err error) {
	err = fs.WalkDir(dir, ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := fs.ReadFile(dir, path)
		files = append(files, File{path, 0o644, data})
		return err
	})
	return files, err
}

// withFolders returns files, each folder that they are in before the first of it.
func withFolders(files []File) (all []File) {
	made := make(map[string]bool)
	for _, f := range files {
		for at, c := range f.Path {
			if folder := f.Path[:at+1]; c == '/' && !made[folder] {
				made[folder] = true
				all = append(all, File{Path: folder, Mode: 0o755})
			}
		}
		all = append(all, f)
	}
	return all
}

// tarOf returns files as a tar, all of them from one moment and root's. What ends
// with / is a folder.
func tarOf(moment time.Time, files []File) ([]byte, error) {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, f := range files {
		header := &tar.Header{Name: f.Path, Mode: f.Mode, Size: int64(len(f.Data)), Typeflag: tar.TypeReg, ModTime: moment}
		if strings.HasSuffix(f.Path, "/") {
			header.Typeflag = tar.TypeDir
		}
		if err := w.WriteHeader(header); err != nil {
			return nil, fmt.Errorf("write %s into tar: %w", f.Path, err)
		}
		if _, err := w.Write(f.Data); err != nil {
			return nil, fmt.Errorf("write %s into tar: %w", f.Path, err)
		}
	}
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("close tar: %w", err)
	}
	return b.Bytes(), nil
}
