package image_test

import (
	"archive/tar"
	"bytes"
	"cmp"
	"context"
	"debug/elf"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"

	cyclonedx "github.com/CycloneDX/cyclonedx-go"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/match"
	"github.com/google/go-containerregistry/pkg/v1/partial"
	"github.com/google/go-containerregistry/pkg/v1/validate"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"mlf/deploy/image"
)

const name = "localhost/mlf:test"

// TestTheSameSourceMakesTheSameImage builds what is committed in two folders, and
// lets others judge what comes of it: a reader of layouts, a registry, the schema of
// CycloneDX, and the kernel, which runs it where nothing else is. MLF_TEST_ARCHES
// names architectures ("amd64 arm64"); by default it is this machine's alone, as
// another one is minutes of compiling.
func TestTheSameSourceMakesTheSameImage(t *testing.T) {
	if _, err := exec.LookPath("git"); err != nil || runtime.GOOS != "linux" {
		t.Skip("needs git, and Linux")
	}
	arches := strings.Fields(cmp.Or(os.Getenv("MLF_TEST_ARCHES"), runtime.GOARCH))
	first, dir := build(t, arches)
	second, _ := build(t, arches)
	var written, again bytes.Buffer
	digest, err := first.Write(&written)
	if err != nil {
		t.Fatal(err)
	}
	if other, err := second.Write(&again); err != nil || other != digest || !bytes.Equal(written.Bytes(), again.Bytes()) {
		t.Fatalf("the same source made %s and %s, %v", digest, other, err)
	}
	t.Logf("twice %s, of %v", digest, arches)
	folder := unpack(t, written.Bytes())
	pushAndPull(t, folder, digest)
	revision := strings.TrimSpace(output(t, dir, "git", "rev-parse", "HEAD"))
	for i, arch := range arches {
		saysWhatItIs(t, imageOf(t, folder, digest, arch), revision)
		files := first.Variants[i].Files
		isFor(t, content(t, files, "mlf"), arch)
		holdsToSchema(t, content(t, files, "sbom.cdx.json"))
		runs(t, files, arch)
		if bundle := content(t, files, "ca-certificates.crt"); bytes.Count(bundle, []byte("BEGIN CERTIFICATE")) < 100 {
			t.Error("fewer than a hundred authorities")
		}
		if text := content(t, files, "THIRD-PARTY.txt"); !bytes.Contains(text, []byte("github.com/valyala/fasthttp v")) || !bytes.Contains(text, []byte("The Go Authors")) {
			t.Error("the licences lack fasthttp's, or Go's own")
		}
	}
}

// build returns the image of what is committed, as built in a folder of its own.
func build(t *testing.T, arches []string) (made image.Image, dir string) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "source")
	output(t, ".", "git", "clone", "--quiet", "--shared", output(t, ".", "git", "rev-parse", "--show-toplevel"), dir)
	var programs []*image.Program
	for _, arch := range arches {
		file := "bin/mlf-static-" + arch
		output(t, dir, "env", "GOARCH="+arch, "make", "static", "RELEASE=v1.2.3", "OUT="+file)
		p, err := image.ReadProgram(filepath.Join(dir, file), "v1.2.3")
		if err != nil {
			t.Fatal(err)
		}
		programs = append(programs, p)
	}
	made, err := image.Of(t.Context(), name, dir, programs...)
	if err != nil {
		t.Fatal(err)
	}
	return made, dir
}

// saysWhatItIs holds an image's configuration to what engines and people read there.
func saysWhatItIs(t *testing.T, made v1.Image, revision string) {
	t.Helper()
	config, err := made.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	if got := config.Config.Labels["org.opencontainers.image.revision"]; got != revision {
		t.Errorf("label of the revision %s: want %s", got, revision)
	}
	if config.Created.Year() < 2020 || config.Config.User != "65532:65532" || config.Config.Entrypoint[0] != "/mlf" {
		t.Errorf("configuration %+v", config)
	}
}

// isFor holds a program to the machine that it is said to be for, by its own header.
func isFor(t *testing.T, program []byte, arch string) {
	t.Helper()
	file, err := elf.NewFile(bytes.NewReader(program))
	if err != nil {
		t.Fatal(err)
	}
	if want := map[string]elf.Machine{"amd64": elf.EM_X86_64, "arm64": elf.EM_AARCH64}[arch]; file.Machine != want {
		t.Errorf("the program for %s is for %v", arch, file.Machine)
	}
	if libraries, err := file.ImportedLibraries(); err != nil || len(libraries) > 0 {
		t.Errorf("the program for %s wants %v, %v", arch, libraries, err)
	}
}

func output(t *testing.T, dir, program string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), program, args...)
	cmd.Dir = dir
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	said, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s %v: %v\n%s", program, args, err, &stderr)
	}
	return strings.TrimSpace(string(said))
}

// unpack writes a tar's files into a folder.
func unpack(t *testing.T, all []byte) string {
	t.Helper()
	dir := t.TempDir()
	for r := tar.NewReader(bytes.NewReader(all)); ; {
		header, err := r.Next()
		if errors.Is(err, io.EOF) {
			return dir
		}
		if err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(dir, filepath.FromSlash(header.Name))
		if header.Typeflag == tar.TypeDir {
			continue
		}
		data, err := io.ReadAll(r)
		if err = errors.Join(err, os.MkdirAll(filepath.Dir(file), 0o755)); err == nil {
			err = os.WriteFile(file, data, os.FileMode(header.Mode)) //nolint:gosec // Of a tar that we have made.
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// indexOf reads a layout as others do, and returns the index of digest in it.
func indexOf(t *testing.T, folder, digest string) v1.ImageIndex {
	t.Helper()
	top, err := layout.ImageIndexFromPath(folder)
	if err != nil {
		t.Fatal(err)
	}
	if err := validate.Index(top); err != nil {
		t.Fatal(err)
	}
	hash, err := v1.NewHash(digest)
	if err != nil {
		t.Fatal(err)
	}
	index, err := top.ImageIndex(hash)
	if err != nil {
		t.Fatal(err)
	}
	return index
}

// imageOf returns the one image that an engine on arch would choose.
func imageOf(t *testing.T, folder, digest, arch string) v1.Image {
	t.Helper()
	found, err := partial.FindImages(indexOf(t, folder, digest), match.Platforms(v1.Platform{OS: "linux", Architecture: arch}))
	if err != nil || len(found) != 1 {
		t.Fatalf("%d images for %s, %v", len(found), arch, err)
	}
	return found[0]
}

// pushAndPull brings all blobs of a layout into a registry, which holds each to its
// digest, and gets the same bytes from there by their digests.
func pushAndPull(t *testing.T, folder, digest string) {
	t.Helper()
	server := httptest.NewServer(registry.New(registry.Logger(slog.NewLogLogger(slog.DiscardHandler, slog.LevelInfo))))
	defer server.Close()
	send := func(method, path, contentType string, body []byte, want int) []byte {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), method, server.URL+"/v2/mlf/"+path, bytes.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", contentType)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close() //nolint:errcheck // Read.
		said, err := io.ReadAll(resp.Body)
		if err != nil || resp.StatusCode != want {
			t.Fatalf("%s %s: %s %s %v", method, path, resp.Status, said, err)
		}
		return said
	}
	blobs := layout.Path(folder)
	both := func(d v1.Descriptor, kind, upload string) {
		t.Helper()
		data, err := blobs.Bytes(d.Digest)
		if err != nil {
			t.Fatal(err)
		}
		method := http.MethodPut
		if kind == "blobs/" {
			method = http.MethodPost
		}
		send(method, upload, string(d.MediaType), data, http.StatusCreated)
		if got := send(http.MethodGet, kind+d.Digest.String(), "", nil, http.StatusOK); !bytes.Equal(got, data) {
			t.Errorf("the registry gave back another %s", d.MediaType)
		}
	}
	index := indexOf(t, folder, digest)
	manifest, err := index.IndexManifest()
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range manifest.Manifests {
		one, err := index.Image(d.Digest)
		if err != nil {
			t.Fatal(err)
		}
		of, err := one.Manifest()
		if err != nil {
			t.Fatal(err)
		}
		for _, blob := range append(of.Layers, of.Config) {
			both(blob, "blobs/", "blobs/uploads/?digest="+blob.Digest.String())
		}
		both(d, "manifests/", "manifests/"+d.Digest.String())
	}
	top, err := partial.Descriptor(index)
	if err != nil {
		t.Fatal(err)
	}
	both(*top, "manifests/", "manifests/v1.2.3")
}

func content(t *testing.T, files []image.File, base string) []byte {
	t.Helper()
	for _, f := range files {
		if filepath.Base(f.Path) == base {
			return f.Data
		}
	}
	t.Fatalf("the image has no %s", base)
	return nil
}

// holdsToSchema holds a bill to CycloneDX's own schema, and reads it as its users do.
func holdsToSchema(t *testing.T, bill []byte) {
	t.Helper()
	dir := filepath.Join(output(t, ".", "go", "list", "-m", "-f", "{{.Dir}}", "github.com/CycloneDX/cyclonedx-go"), "schema")
	compiler := jsonschema.NewCompiler()
	for _, file := range []string{"bom-1.6.schema.json", "spdx.schema.json", "jsf-0.82.schemax.json"} {
		text, err := os.ReadFile(filepath.Join(dir, file))
		if err != nil {
			t.Fatal(err)
		}
		schema, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
		if err == nil {
			err = compiler.AddResource("http://cyclonedx.org/schema/"+strings.Replace(file, "schemax", "schema", 1), schema)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	schema, err := compiler.Compile("http://cyclonedx.org/schema/bom-1.6.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(bill))
	if err == nil {
		err = schema.Validate(value)
	}
	if err != nil {
		t.Errorf("the bill of materials is none: %v", err)
	}
	var read cyclonedx.BOM
	if err := cyclonedx.NewBOMDecoder(bytes.NewReader(bill), cyclonedx.BOMFileFormatJSON).Decode(&read); err != nil {
		t.Fatal(err)
	}
	found := make(map[string]string)
	for _, c := range *read.Components {
		found[c.Name] = fmt.Sprint((*c.Licenses)[0].License.ID, " ", c.PackageURL)
	}
	for part, want := range map[string]string{
		"github.com/valyala/fasthttp": "MIT pkg:golang/github.com/valyala/fasthttp@v",
		"std":                         "BSD-3-Clause pkg:golang/std@1.",
		"swagger-ui-dist":             "Apache-2.0 pkg:npm/swagger-ui-dist@5.",
	} {
		if !strings.HasPrefix(found[part], want) {
			t.Errorf("%s is %q in the bill: want %s…", part, found[part], want)
		}
	}
}

// runs starts the image's program among the image's files alone, as its user; one for
// another machine with the emulator beside it, where there is one (Debian's package
// qemu-user-static).
func runs(t *testing.T, files []image.File, arch string) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Log("THE PROGRAM WAS NOT RUN IN ITS IMAGE: that needs root")
		return
	}
	command := []string{"/mlf", "version", "--json"}
	if arch != runtime.GOARCH {
		emulator, err := exec.LookPath("qemu-" + map[string]string{"amd64": "x86_64", "arm64": "aarch64"}[arch] + "-static")
		if err != nil {
			t.Logf("THE PROGRAM FOR %s WAS NOT RUN: %v", arch, err)
			return
		}
		text, err := os.ReadFile(emulator)
		if err != nil {
			t.Fatal(err)
		}
		files = append(slices.Clone(files), image.File{Path: "emulator", Mode: 0o755, Data: text})
		command = append([]string{"/emulator"}, command...)
	}
	root := t.TempDir()
	for _, f := range files {
		file := filepath.Join(root, f.Path)
		if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o755), os.WriteFile(file, f.Data, os.FileMode(f.Mode))); err != nil { //nolint:gosec // Modes of our own.
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	cmd.Dir, cmd.Env = "/", []string{}
	cmd.SysProcAttr = &syscall.SysProcAttr{Chroot: root, Credential: &syscall.Credential{Uid: 65532, Gid: 65532}}
	said, err := cmd.Output()
	var version struct{ Release, Revision, Build string }
	if err := errors.Join(err, json.Unmarshal(said, &version)); err != nil {
		t.Fatal(err, string(said))
	}
	if version.Release != "v1.2.3" || len(version.Revision) != 40 || version.Build != "static" {
		t.Errorf("in its image it says %s", said)
	}
	t.Logf("%s: %s", arch, said)
}

// TestAnIndexHasEachArchitecture: engines choose by platform. What is written twice is
// the same, whenever, and what is in it has the modes and folders that it had.
func TestAnIndexHasEachArchitecture(t *testing.T) {
	made := image.Image{Name: name, Variants: []image.Variant{
		{Architecture: "amd64", Entrypoint: "p", Files: []image.File{{Path: "p", Mode: 0o755, Data: []byte("one")}, {Path: "etc/ssl/x", Mode: 0o644}}},
		{Architecture: "arm64", Entrypoint: "p", Files: []image.File{{Path: "p", Mode: 0o755, Data: []byte("another")}}},
	}}
	var b, again bytes.Buffer
	digest, err := made.Write(&b)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := made.Write(&again); err != nil || !bytes.Equal(b.Bytes(), again.Bytes()) {
		t.Errorf("written twice, it differs: %v", err)
	}
	folder := unpack(t, b.Bytes())
	pushAndPull(t, folder, digest)
	if top, err := os.ReadFile(filepath.Join(folder, "index.json")); err != nil || !bytes.Contains(top, []byte(`"`+name+`"`)) {
		t.Errorf("the layout does not name the image: %s, %v", top, err)
	}
	for arch, want := range map[string]string{"amd64": "-rwxr-xr-x p, drwxr-xr-x etc/, drwxr-xr-x etc/ssl/, -rw-r--r-- etc/ssl/x", "arm64": "-rwxr-xr-x p"} {
		one := imageOf(t, folder, digest, arch)
		layers, err := one.Layers()
		if err != nil || len(layers) != 1 {
			t.Fatal(layers, err)
		}
		layer, err := layers[0].Uncompressed()
		if err != nil {
			t.Fatal(err)
		}
		var has []string
		for r := tar.NewReader(layer); ; {
			header, err := r.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			has = append(has, header.FileInfo().Mode().String()+" "+header.Name)
		}
		if got := strings.Join(has, ", "); got != want {
			t.Errorf("%s has %s: want %s", arch, got, want)
		}
	}
}
