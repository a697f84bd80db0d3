package archive

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// A Folder is where an archive lies. Names are of files in it.
type Folder interface {
	// Create begins a file, in place of one that is there. What is written need not
	// be durable before Sync.
	Create(name string) (File, error)
	// Open opens a file to be read. fs.ErrNotExist: there is none.
	Open(name string) (io.ReadCloser, error)
	// Rename gives a file another name, in place of a file that has it, and is durable.
	Rename(from, to string) error
	// Remove removes a file. It need not be durable.
	Remove(name string) error
	// Names returns all names.
	Names() ([]string, error)
}

// A File is one that is written.
type File interface {
	io.Writer
	Sync() error
	Close() error
}

// A Dir is a folder of the system.
type Dir struct {
	path string
	lock *os.File // nil: to be read.
}

// ErrInUse says that another process writes to the folder.
var ErrInUse = errors.New("folder is in use by another process")

// lockName is locked while somebody writes. The system takes the lock off when the
// process ends, however it ends.
const lockName = "mlf.lock"

// WriteDir opens the folder at path to be written, and makes it where there is none:
// nobody else of the machine may look into it. Close gives it free.
func WriteDir(path string) (*Dir, error) {
	if err := os.MkdirAll(path, 0o700); err != nil {
		return nil, fmt.Errorf("make folder of the archive: %w", err)
	}
	lock, err := os.OpenFile(filepath.Join(path, lockName), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock %s: %w", path, err)
	}
	if err := unix.Flock(int(lock.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		return nil, errors.Join(fmt.Errorf("lock %s: %w", path, ErrInUse), lock.Close())
	}
	return &Dir{path: path, lock: lock}, nil
}

// ReadDir opens the folder at path to be read.
func ReadDir(path string) (*Dir, error) {
	if _, err := os.Stat(path); err != nil {
		return nil, fmt.Errorf("open folder of the archive: %w", err)
	}
	return &Dir{path: path}, nil
}

// Close gives the folder free.
func (d *Dir) Close() error {
	if d.lock == nil {
		return nil
	}
	return d.lock.Close()
}

// Create is Folder's.
func (d *Dir) Create(name string) (File, error) {
	return os.OpenFile(filepath.Join(d.path, name), os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
}

// Open is Folder's.
func (d *Dir) Open(name string) (io.ReadCloser, error) { return os.Open(filepath.Join(d.path, name)) }

// Rename is Folder's.
func (d *Dir) Rename(from, to string) error {
	if err := os.Rename(filepath.Join(d.path, from), filepath.Join(d.path, to)); err != nil {
		return err
	}
	folder, err := os.Open(d.path)
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}

// Remove is Folder's.
func (d *Dir) Remove(name string) error { return os.Remove(filepath.Join(d.path, name)) }

// Names is Folder's.
func (d *Dir) Names() ([]string, error) {
	entries, err := os.ReadDir(d.path)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, e := range entries {
		if e.Type()&fs.ModeType == 0 {
			names = append(names, e.Name())
		}
	}
	return names, nil
}

var _ Folder = (*Dir)(nil)
