// Package datadir is the folder in which mlf up keeps everything: it is one
// process's at a time, of a format that this program knows, and on a disk with
// room.
//
// It knows files, locks and free space. It must not know what is kept.
package datadir

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// formatNow is the number of the layout of mlf up's data folder. A folder of a
// higher number was written by a newer mlf and is left alone.
const formatNow = 1

// A Dir is mlf up's data folder while this process holds it.
type Dir struct{ lock *os.File }

// Open makes the folder if need be, checks its format and takes it for
// this process alone.
func Open(ctx context.Context, dir string) (*Dir, error) {
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return nil, fmt.Errorf("make data folder: %w", err)
	}
	lock, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o640)
	if err != nil {
		return nil, fmt.Errorf("open data folder: %w", err)
	}
	d := &Dir{lock}
	if err := d.take(ctx); err != nil {
		d.Close()
		return nil, fmt.Errorf("take data folder %s: another mlf up is using it: %w", dir, err)
	}
	if err := checkFormat(filepath.Join(dir, "format")); err != nil {
		d.Close()
		return nil, err
	}
	return d, nil
}

// takeMax is how long a new process waits for the folder: one that was killed
// holds it until the system has cleaned up after it.
const takeMax = 5 * time.Second

// take waits for the folder's lock.
func (d *Dir) take(ctx context.Context) error {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	ctx, cancel := context.WithTimeout(ctx, takeMax)
	defer cancel()
	for {
		err := unix.Flock(int(d.lock.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		if !errors.Is(err, unix.EWOULDBLOCK) {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-tick.C:
		}
	}
}

// Close gives the folder back.
func (d *Dir) Close() { _ = d.lock.Close() }

// checkFormat refuses a folder of a newer mlf, and marks a fresh one.
func checkFormat(file string) error {
	text, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return WriteSynced(file, []byte(strconv.Itoa(formatNow)+"\n"))
	}
	if err != nil {
		return fmt.Errorf("read data format: %w", err)
	}
	format, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil || format < 1 {
		return fmt.Errorf("read data format: %s holds %q: want a number; is this a data folder of mlf up?", file, text)
	}
	if format > formatNow {
		return fmt.Errorf("data folder has format %d, this mlf knows up to %d: run the newer mlf that wrote it", format, formatNow)
	}
	return nil
}

// WriteSynced writes a small file so that it is there whole or not at all,
// also after a power cut.
func WriteSynced(file string, text []byte) error {
	temp, err := os.CreateTemp(filepath.Dir(file), filepath.Base(file)+".*")
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(temp.Name()) }() // Not there any more, when all went well.
	_, err = temp.Write(text)
	err = errors.Join(err, temp.Sync(), temp.Close())
	if err != nil {
		return fmt.Errorf("write %s: %w", file, err)
	}
	return os.Rename(temp.Name(), file)
}
