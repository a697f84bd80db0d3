package cdr

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"mlf/ingest/call"
	"mlf/schema"
)

// A Config says how an exchange writes what is looked for. The zero value works where
// dialplans write key=1 and ids begin with a time.
type Config struct {
	// Serial is the exchange's own number, as its webhooks say it ("sn"), so that a
	// call has the same identity in both; "" where they say none.
	Serial string

	// Field is what the key is called, in userfield or in what an event of queue_log
	// says: "key" where it is empty, for key=1. Other fields may stand beside it, parted
	// by any of ;,|& or a blank.
	Field string

	// Zone is the zone of the times in Master.csv, for calls whose id has none; nil:
	// such calls are refused.
	Zone *time.Location
}

// LineMax is the longest line, in bytes. One of eighteen columns has some 300.
const LineMax = 64 << 10

// A Refused is the error of a line that could have been a call with a key and cannot be
// used. What follows it can be read.
type Refused struct {
	Line   uint64 // From 1.
	Reason string // For people; quotes nothing of the line.
}

// Error returns the line and the reason.
func (r *Refused) Error() string { return fmt.Sprintf("line %d: %s", r.Line, r.Reason) }

// errSilent says that a line tells of no key.
var errSilent = errors.New("no key")

// A File is one file that is being read. It is for one goroutine.
type File struct {
	lines  *bufio.Reader
	parse  func(line string) (call.Call, error)
	bytes  int64
	line   uint64
	silent uint64
}

// Next returns the next call in which a key was pressed. The error is a [*Refused], after
// which the next one can be read, io.EOF at the end, or the reader's own.
func (f *File) Next() (call.Call, error) {
	for {
		text, err := f.next()
		if err != nil {
			return call.Call{}, err
		}
		if text == "" {
			continue
		}
		c, err := f.parse(text)
		switch {
		case err == nil:
			return c, nil
		case errors.Is(err, errSilent):
			f.silent++
		default:
			return call.Call{}, f.refused(err.Error())
		}
	}
}

// Bytes returns how many bytes of the file have been read, for a progress that counts
// them against its length.
func (f *File) Bytes() int64 { return f.bytes }

// Lines returns how many lines have been read.
func (f *File) Lines() uint64 { return f.line }

// Silent returns how many lines told of no key: nobody was asked, or nobody answered.
func (f *File) Silent() uint64 { return f.silent }

func (f *File) refused(reason string) error { return &Refused{Line: f.line, Reason: reason} }

// next returns the next line without its end. Of one that is too long nothing is kept.
func (f *File) next() (string, error) {
	var text []byte
	tooLong := false
	for {
		part, err := f.lines.ReadSlice('\n')
		f.bytes += int64(len(part))
		if tooLong = tooLong || len(text)+len(part) > LineMax; !tooLong {
			text = append(text, part...)
		}
		if errors.Is(err, bufio.ErrBufferFull) {
			continue
		}
		if err != nil && (!errors.Is(err, io.EOF) || len(text) == 0 && !tooLong) {
			return "", err
		}
		f.line++
		switch {
		case tooLong:
			return "", f.refused(fmt.Sprintf("want a line of at most %d bytes", LineMax))
		case !utf8.Valid(text):
			return string(latin1(text)), nil
		}
		return strings.TrimRight(string(text), "\r\n"), nil
	}
}

// latin1 returns text of ISO 8859-1 as runes: names in an old exchange are in it, and
// columns beside them are wanted.
func latin1(text []byte) []rune {
	runes := make([]rune, 0, len(text))
	for _, b := range []byte(strings.TrimRight(string(text), "\r\n")) {
		runes = append(runes, rune(b))
	}
	return runes
}

// pressed returns the key in text, "key=1" or "queue=tributi;key=1".
func (c *Config) pressed(text string) (string, error) {
	key, given := c.field(text, c.Field)
	if !given || key == "" {
		return "", errSilent
	}
	key, err := call.KeyOf(key)
	if err != nil {
		return "", fmt.Errorf("%s: %w", c.Field, err)
	}
	return key, nil
}

// field returns what text says of name.
func (c *Config) field(text, name string) (value string, given bool) {
	parts := strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(";,|& \t", r) })
	for _, part := range parts {
		if key, value, ok := strings.Cut(part, "="); ok && key == name {
			return value, true
		}
	}
	return "", false
}

// queue returns the first of names that can be a queue's.
func queue(names ...string) string {
	i := slices.IndexFunc(names, func(name string) bool {
		name, err := call.QueueOf(name)
		return err == nil && name != ""
	})
	if i < 0 {
		return ""
	}
	return strings.TrimSpace(names[i])
}

// newFile returns a file that is read by parse, and the configuration without gaps.
func newFile(r io.Reader, cfg Config) (*File, *Config) {
	if cfg.Field == "" {
		cfg.Field = "key"
	}
	return &File{lines: bufio.NewReaderSize(r, LineMax)}, &cfg
}

// ended returns when a call with an id ended that took seconds, or else at is.
func (c *Config) ended(id string, seconds int64, at string) (schema.Instant, error) {
	if began, ok := call.Began(id); ok {
		return began + schema.Instant(seconds*1000), nil
	}
	if c.Zone == nil {
		return 0, errors.New("want an id with a time in it, 1648876393.439, or the zone of the exchange to be given")
	}
	when, err := time.ParseInLocation(time.DateTime, at, c.Zone)
	if err != nil || when.Unix() <= 0 {
		return 0, errors.New("want the column end to be a time, 2026-11-26 08:00:00")
	}
	return schema.InstantOf(when), nil
}
