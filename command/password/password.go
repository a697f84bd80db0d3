// Package password reads passwords from files, which may be replaced at any time.
//
// It knows that a file has one password, and which of several files is whose. It must
// not know whom the password is shown to.
package password

import (
	"errors"
	"fmt"
	"os"
	"strings"
)

// A File is the name of a file that has a password and nothing else, but
// for a line's end that editors put there; "" for none.
type File string

// Validate refuses one that cannot be read. kong calls it.
func (f File) Validate() error {
	if f == "" {
		return nil
	}
	_, err := f.Read()
	return err
}

// Read returns the password as it is now.
func (f File) Read() (string, error) {
	text, err := os.ReadFile(string(f))
	if err != nil {
		return "", fmt.Errorf("read password: %w", err)
	}
	password := strings.TrimSuffix(strings.TrimSuffix(string(text), "\n"), "\r")
	if password == "" {
		return "", fmt.Errorf("read password: %s is empty", string(f))
	}
	return password, nil
}

// OrElse returns what is to be asked for the password: the file, or else what was
// given.
func (f File) OrElse(given string) func() (string, error) {
	if f != "" {
		return f.Read
	}
	return func() (string, error) { return given, nil }
}

// Files are those of databases: one of all, or one of each, in the order of their
// addresses.
type Files []File

// Validate refuses those that cannot be read. kong calls it.
func (f Files) Validate() error {
	var errs []error
	for _, file := range f {
		errs = append(errs, file.Validate())
	}
	return errors.Join(errs...)
}

// Of returns the one of a database, by its place among the addresses.
func (f Files) Of(place int) File {
	if len(f) == 0 {
		return ""
	}
	return f[min(place, len(f)-1)]
}
