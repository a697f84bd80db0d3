package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"testing"
)

func TestUnpack(t *testing.T) {
	tarball := pack1(t, "package/libchdb.so", "engine")
	sum := sha256.Sum256(tarball)
	good := expected{sha256: hex.EncodeToString(sum[:]), name: "package/libchdb.so", size: 6}

	f := func(in []byte, want expected, problem string) {
		t.Helper()
		var out bytes.Buffer
		err := unpack(&out, bytes.NewReader(in), want)
		if problem == "" {
			if err != nil || out.String() != "engine" {
				t.Errorf("got %q, %v", out.String(), err)
			}
			return
		}
		if err == nil || !strings.Contains(err.Error(), problem) {
			t.Errorf("got %v, want %q", err, problem)
		}
	}
	f(tarball, good, "")
	f(append(bytes.Clone(tarball), 'x'), good, "read package") // Something after the end.
	f(tarball[:len(tarball)/2], good, "read package")
	f([]byte("no gzip"), good, "read package")
	f(tarball, expected{strings.Repeat("0", 64), good.name, 6}, "package has SHA-256")
	f(tarball, expected{good.sha256, "package/other.so", 6}, "no package/other.so")
	f(tarball, expected{good.sha256, good.name, 7}, "has 6 bytes: want 7")
}

// pack1 returns a package with one file.
func pack1(t *testing.T, name, content string) []byte {
	t.Helper()
	var out bytes.Buffer
	zipped := gzip.NewWriter(&out)
	files := tar.NewWriter(zipped)
	if err := files.WriteHeader(&tar.Header{Name: name, Size: int64(len(content)), Mode: 0o755}); err != nil {
		t.Fatal(err)
	}
	if _, err := files.Write([]byte(content)); err != nil {
		t.Fatal(err)
	}
	if err := files.Close(); err != nil {
		t.Fatal(err)
	}
	if err := zipped.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}
