package registry

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"mlf/schema"
)

// Limits of the files. They are many times what the shipped ones need and keep
// a mistaken --registry from eating the memory.
const (
	fileBytesMax = 8 << 20 // comuni.csv has 0.6 MB.
	textBytesMax = 200     // The longest name of a comune has 60 bytes.
	codeBytesMax = 48      // A service's code travels with every vote that names it.
)

// A row is one line of a file. Its methods take the fields one after another,
// in the order of the header; the first that is wrong sets err, and from then
// on they return zero values.
type row struct {
	file   string
	header []string
	cells  []string
	csv    *csv.Reader
	at     int // The next field.
	err    error
}

// readTable calls each for every line of a file after the header. Strings that
// the row returns may be kept.
func readTable(src source, name string, header []string, each func(*row)) error {
	data, err := readFile(src, name)
	if err != nil {
		return err
	}
	reader := csv.NewReader(bytes.NewReader(data))
	reader.ReuseRecord = true
	first, err := reader.Read()
	if err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("read registry file %s: %w", name, err)
	}
	if !slices.Equal(first, header) {
		return fmt.Errorf("read registry file %s: line 1: header is %q: want %q", name, strings.Join(first, ","), strings.Join(header, ","))
	}
	r := row{file: name, header: header, csv: reader}
	for {
		r.cells, err = reader.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil { // It carries line and column.
			return fmt.Errorf("read registry file %s: %w", name, err)
		}
		if r.at = 0; r.err == nil {
			each(&r)
		}
		if r.err != nil {
			return r.err
		}
		if r.at != len(header) {
			panic(fmt.Sprintf("BUG: %d of %d columns of %s were read", r.at, len(header), name))
		}
	}
}

func readFile(src source, name string) ([]byte, error) {
	f, err := src.open(name)
	if err != nil {
		return nil, fmt.Errorf("open registry file: %w", err)
	}
	defer func() { _ = f.Close() }() // Only read from.
	data, err := io.ReadAll(io.LimitReader(f, fileBytesMax+1))
	if err != nil {
		return nil, fmt.Errorf("read registry file %s: %w", name, err)
	}
	if len(data) > fileBytesMax {
		return nil, fmt.Errorf("read registry file %s: more than %d bytes", name, fileBytesMax)
	}
	if !utf8.Valid(data) {
		return nil, fmt.Errorf("read registry file %s: not UTF-8", name)
	}
	_, _ = fmt.Fprintf(src.sum, "%s %d %s", name, len(data), data) // To memory: never fails.
	return bytes.TrimPrefix(data, []byte("\ufeff")), nil           // Spreadsheets write one.
}

// fail sets r.err to a complaint about the field taken last.
func (r *row) fail(format string, args ...any) {
	if r.err == nil {
		line, _ := r.csv.FieldPos(r.at - 1)
		r.err = fmt.Errorf("read registry file %s: line %d, column %s: %w", r.file, line, r.header[r.at-1], fmt.Errorf(format, args...))
	}
}

// field returns the next field as it stands.
func (r *row) field() string {
	r.at++
	return r.cells[r.at-1]
}

// optional returns the next field, which may be empty.
func (r *row) optional() string {
	s := r.field()
	if len(s) > textBytesMax {
		r.fail("%d bytes: want at most %d", len(s), textBytesMax)
	}
	if strings.ContainsFunc(s, unicode.IsControl) {
		r.fail("%q has a control character", s)
	}
	return s
}

// text returns the next field, which must say something.
func (r *row) text() string {
	s := r.optional()
	if strings.TrimSpace(s) == "" {
		r.fail("is empty")
	}
	return s
}

// code returns the next field, a word that people can type.
func (r *row) code() string {
	s := r.field()
	ok := len(s) > 0 && len(s) <= codeBytesMax
	for i := range len(s) {
		c := s[i]
		ok = ok && (c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || i > 0 && (c == '_' || c == '-'))
	}
	if !ok {
		r.fail("%q: want a code of letters a to z, digits, '_' and '-', at most %d", s, codeBytesMax)
	}
	return s
}

// label returns the next three fields: Italian, English, German.
func (r *row) label() Label { return Label{IT: r.text(), EN: r.text(), DE: r.text()} }

// number returns the next field, a whole number from 0 to most.
func (r *row) number(most uint32) uint32 {
	s := r.field()
	n, err := strconv.ParseUint(s, 10, 32)
	if err != nil || n > uint64(most) {
		r.fail("%q: want a whole number from 0 to %d", s, most)
		return 0
	}
	return uint32(n)
}

// degrees returns the next field, an angle from -most to most.
func (r *row) degrees(most float64) float64 {
	s := r.field()
	x, err := strconv.ParseFloat(s, 64)
	if err != nil || math.IsNaN(x) || math.Abs(x) > most {
		r.fail("%q: want degrees from -%g to %g", s, most, most)
	}
	return x
}

// date returns the next field, a day; empty is the zero Date.
func (r *row) date() Date {
	if s := r.field(); s != "" {
		d, err := ParseDate(s)
		if err != nil {
			r.fail("%w", err)
		}
		return d
	}
	return 0
}

// The codes of ISTAT.
func (r *row) comune() schema.ComuneID     { return parsed(r, schema.ParseComune) }
func (r *row) province() schema.ProvinceID { return parsed(r, schema.ParseProvince) }
func (r *row) region() schema.RegionID     { return parsed(r, schema.ParseRegion) }

// parsed returns the next field as parse reads it.
func parsed[T any](r *row, parse func(string) (T, error)) T {
	v, err := parse(r.field())
	if err != nil {
		r.fail("%w", err)
	}
	return v
}
