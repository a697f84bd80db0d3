package wire

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"
)

// CSV reads and judges body, a table (RFC 4180) whose header names the attributes of
// a row, in any order and case: between fields ',' or, as an Italian Excel writes, ';'
// or a tab. An empty field is absent, a column that is not known is skipped. The
// error is ErrTooMany, or says for people what is wrong with the body as a whole.
func (f *ServedForm) CSV(body []byte) (*ServedReport, error) {
	text, err := utf8Text(body)
	if err != nil {
		return nil, err
	}
	r := csv.NewReader(bytes.NewReader(withoutHint(text)))
	r.Comma, r.FieldsPerRecord, r.ReuseRecord = delimiterOf(withoutHint(text)), -1, true
	header, err := r.Read()
	if errors.Is(err, io.EOF) {
		return nil, errors.New("want a header line, day,office,service,channel,served,revision")
	}
	if err != nil {
		return nil, fmt.Errorf("read header: %w", err)
	}
	columns, err := columnsOf(header)
	if err != nil {
		return nil, err
	}
	var rows []statement
	for {
		fields, err := r.Read()
		switch {
		case errors.Is(err, io.EOF):
			return f.judge(&statement{}, rows), nil
		case err != nil:
			return nil, fmt.Errorf("read row %d: %w", len(rows), err)
		case len(rows) == f.RowsMax:
			return nil, ErrTooMany
		}
		rows = append(rows, rowOf(columns, fields))
	}
}

// withoutHint returns text without the line sep=; that tells Excel the delimiter.
func withoutHint(text []byte) []byte {
	if line, rest, ok := bytes.Cut(text, []byte("\n")); ok && len(bytes.TrimSpace(line)) == len("sep=;") && bytes.HasPrefix(line, []byte("sep=")) {
		return rest
	}
	return text
}

// delimiterOf returns what stands between the fields of the header.
func delimiterOf(text []byte) rune {
	line, _, _ := bytes.Cut(text, []byte("\n"))
	for _, c := range ";\t" {
		if bytes.ContainsRune(line, c) {
			return c
		}
	}
	return ','
}

// columnsOf returns the attributes that the columns hold. One named twice is nobody's
// intention, and rows without a number of users say nothing.
func columnsOf(header []string) ([]string, error) {
	columns := make([]string, len(header))
	seen := make(map[string]bool)
	for i, name := range header {
		columns[i] = strings.ToLower(strings.TrimSpace(name))
		if columns[i] != "" && seen[columns[i]] {
			return nil, fmt.Errorf("column %d of the header is there twice", i+1)
		}
		seen[columns[i]] = true
	}
	if !seen["served"] {
		return nil, errors.New("the header has no column served")
	}
	return columns, nil
}

// rowOf states what the fields of a line say.
func rowOf(columns, fields []string) (row statement) {
	row.broken = len(fields) != len(columns)
	row.blank = strings.TrimSpace(strings.Join(fields, "")) == ""
	for i, field := range fields[:min(len(fields), len(columns))] {
		w := wordOf([]byte(field))
		switch columns[i] {
		case "served":
			row.served = w.quantity()
		case "revision":
			row.revision = w.quantity()
		default:
			if attribute := row.word(columns[i]); attribute != nil {
				*attribute = w
			}
		}
	}
	return row
}

// quantity returns the number that w is, or the withdrawal of one.
func (w word) quantity() quantity {
	if w.state == absent {
		return quantity{}
	}
	return quantity{number: quotedNumber([]byte(w.text)), withdrawn: strings.EqualFold(w.text, "withdrawn"), state: valid}
}
