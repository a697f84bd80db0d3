package client

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"strconv"
)

// A journal is a file of lines: a checksum (CRC-32C, eight digits of base 16), a blank and
// an entry in JSON. It only grows while it is open; opening it writes it anew, as short as
// it can be.
type journal struct {
	file   *os.File
	lock   *os.File
	size   int64 // Of what is known to be whole.
	broken error // Why nothing can be added any more.
}

const (
	lineMax    = 1 << 20 // Bytes of a line: what a batch of numbers needs is less.
	journalMax = 1 << 30 // Bytes that are read; three million votes are less.
	sumDigits  = 8
)

// openJournal reads the file into s, and writes it anew. Lines that are damaged are passed
// over; s doubts its streams then.
func openJournal(dir, name string, s *state) (*journal, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	lock, err := takeLock(filepath.Join(dir, "lock"))
	if err != nil {
		return nil, err
	}
	j := &journal{lock: lock}
	if err := j.renew(dir, name, s); err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	return j, nil
}

func (j *journal) renew(dir, name string, s *state) error {
	text, err := readFile(name)
	if err != nil {
		return err
	}
	if !replay(text, s) {
		s.doubt()
	}
	var lines []byte
	for _, e := range s.entries() {
		if lines, err = appendLine(lines, e); err != nil {
			return err
		}
	}
	next := name + ".new"
	file, err := os.OpenFile(next, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600) //nolint:gosec // The caller's folder.
	if err != nil {
		return err
	}
	j.file, j.size = file, int64(len(lines))
	_, err = file.Write(lines)
	if err = errors.Join(err, file.Sync()); err == nil {
		err = errors.Join(os.Rename(next, name), syncFolder(dir))
	}
	if err != nil {
		return errors.Join(err, file.Close())
	}
	return nil
}

func readFile(name string) ([]byte, error) {
	file, err := os.Open(name) //nolint:gosec // The caller's folder.
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(io.LimitReader(file, journalMax+1))
	if err = errors.Join(err, file.Close()); err == nil && len(text) > journalMax {
		err = fmt.Errorf("%s is larger than %d bytes", name, journalMax)
	}
	return text, err
}

// replay adds the lines of a journal to s, and tells whether all of them are whole.
func replay(text []byte, s *state) bool {
	whole := true
	for len(text) > 0 {
		line, rest, ended := bytes.Cut(text, []byte{'\n'})
		e, ok := readLine(line)
		if ok && ended {
			s.apply(e)
		} else {
			whole = false
		}
		text = rest
	}
	return whole
}

func readLine(line []byte) (entry, bool) {
	if len(line) < sumDigits+1 || len(line) > lineMax || line[sumDigits] != ' ' {
		return entry{}, false
	}
	sum, err := strconv.ParseUint(string(line[:sumDigits]), 16, 32)
	body := line[sumDigits+1:]
	if err != nil || uint32(sum) != sumOf(body) {
		return entry{}, false
	}
	var e entry
	if err := json.Unmarshal(body, &e); err != nil {
		return entry{}, false
	}
	return e, true
}

func appendLine(lines []byte, e entry) ([]byte, error) {
	body, err := json.Marshal(e)
	if err != nil {
		return nil, err
	}
	lines = fmt.Appendf(lines, "%08x ", sumOf(body))
	return append(append(lines, body...), '\n'), nil
}

func sumOf(body []byte) uint32 { return crc32.Checksum(body, crc32.MakeTable(crc32.Castagnoli)) }

// append adds an entry; it is on the disk when it returns nil. What was written of one
// that failed is taken back; where that fails, too, nothing more is added.
func (j *journal) append(e entry) error {
	if j.broken != nil {
		return j.broken
	}
	line, err := appendLine(nil, e)
	if err != nil {
		return err
	}
	if _, err := j.file.Write(line); err != nil {
		_, seek := j.file.Seek(j.size, io.SeekStart)
		j.broken = errors.Join(j.file.Truncate(j.size), seek)
		return err
	}
	if err := j.file.Sync(); err != nil { // Nobody knows what is on the disk now.
		j.broken = err
		return err
	}
	j.size += int64(len(line))
	return nil
}

func (j *journal) close() error {
	if j.broken == nil {
		j.broken = os.ErrClosed
	}
	return errors.Join(j.file.Close(), j.lock.Close())
}

func syncFolder(dir string) error {
	folder, err := os.Open(dir) //nolint:gosec // The caller's folder.
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}
