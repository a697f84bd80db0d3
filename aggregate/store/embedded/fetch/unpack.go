package main

import (
	"archive/tar"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
)

// expected is what a package must be.
type expected struct {
	sha256 string // Of the package, in hexadecimal.
	name   string // Of the file in it that is wanted.
	size   int64  // Of that file, in bytes.
}

// unpack copies one file of a gzipped tar to w. What was written is good only
// when it returns nil: the package's checksum is known at its end.
func unpack(w io.Writer, r io.Reader, want expected) error {
	sum := sha256.New()
	r = io.TeeReader(r, sum)
	unzipped, err := gzip.NewReader(r)
	if err != nil {
		return fmt.Errorf("read package: %w", err)
	}
	if err := copyFile(w, tar.NewReader(unzipped), want); err != nil {
		return err
	}
	if _, err := io.Copy(io.Discard, unzipped); err != nil { // Past the tar: gzip's own checksum.
		return fmt.Errorf("read package: %w", err)
	}
	if _, err := io.Copy(io.Discard, r); err != nil {
		return fmt.Errorf("read package: %w", err)
	}
	if got := hex.EncodeToString(sum.Sum(nil)); got != want.sha256 {
		return fmt.Errorf("package has SHA-256 %s: want %s", got, want.sha256)
	}
	return nil
}

// copyFile copies the wanted file and reads the tar to its end.
func copyFile(w io.Writer, files *tar.Reader, want expected) error {
	found := false
	for {
		header, err := files.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return fmt.Errorf("read package: %w", err)
		}
		if header.Name != want.name {
			continue
		}
		if header.Size != want.size {
			return fmt.Errorf("%s has %d bytes: want %d", want.name, header.Size, want.size)
		}
		if _, err := io.CopyN(w, files, want.size); err != nil {
			return fmt.Errorf("copy %s: %w", want.name, err)
		}
		found = true
	}
	if !found {
		return fmt.Errorf("package has no %s", want.name)
	}
	return nil
}
