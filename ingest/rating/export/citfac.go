package export

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"
	"time"

	"mlf/ingest/rating"
	"mlf/schema"
)

// Citfac reads feedback of Città Facile: an array of JSON, or an object that has one. An
// element has the fields of the form beside id, createdAt or created_at, the names in
// any case. Its key is of its id, or, as answers for administrators leave it out, of its
// parts and its place among equal ones.
func Citfac(from io.Reader, o Options) iter.Seq2[Row, error] {
	r := newReading(from, o)
	r.meter.lines = true
	d := json.NewDecoder(r.meter)
	inArray := false
	return rowsOf(r, "Città Facile's JSON", func() (Row, error) {
		r.meter.allow(d.InputOffset(), rowBytesMax)
		if !inArray {
			if err := toArray(d); err != nil {
				return Row{}, err
			}
			inArray = true
		}
		if !d.More() {
			if _, err := d.Token(); err != nil {
				return Row{}, unended(err)
			}
			return Row{}, io.EOF // What comes behind the array is nothing of the rows.
		}
		var raw json.RawMessage
		if err := d.Decode(&raw); err != nil {
			return Row{}, unended(err)
		}
		line := r.meter.lineAt(d.InputOffset()) - bytes.Count(raw, []byte("\n"))
		if len(raw) > rowBytesMax {
			return Row{Line: line, Code: "too_long", Detail: fmt.Sprintf("want at most %d bytes", rowBytesMax)}, nil
		}
		return r.citfac(raw, line), nil
	})
}

// unended makes an error of an end that comes too soon: a file that was cut.
func unended(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// errNoArray is the error of a file without rows.
var errNoArray = errors.New("want an array of feedback, or an object with one")

// toArray reads up to the first element of the array.
func toArray(d *json.Decoder) error {
	token, err := d.Token()
	if err != nil {
		return errNoArray
	}
	if token == json.Delim('[') {
		return nil
	}
	if token != json.Delim('{') {
		return errNoArray
	}
	for depth := 1; depth > 0; {
		token, err := d.Token()
		if err != nil {
			return errNoArray
		}
		switch token {
		case json.Delim('['):
			return nil
		case json.Delim('{'):
			depth++
		case json.Delim('}'):
			depth--
		}
	}
	return errNoArray
}

// A feedback is an element; encoding/json takes its names in any case.
type feedback struct {
	ID        json.RawMessage `json:"id"`
	Comune    string          `json:"codiceComune"`
	PagePath  string          `json:"pagePath"`
	PageTitle string          `json:"pageTitle"`
	Rating    json.RawMessage `json:"rating"`
	Option    string          `json:"option"`
	Details   string          `json:"details"`
	Created   json.RawMessage `json:"created_at"`
	CreatedAt json.RawMessage `json:"createdAt"`
}

// citfac reads one element.
func (r *reading) citfac(raw []byte, line int) (row Row) {
	row.Line = line
	var f feedback
	if json.Unmarshal(raw, &f) != nil {
		row.refuse("bad_row", "want an object with the fields of feedback")
		return row
	}
	at := f.Created
	if len(at) == 0 || string(at) == "null" {
		at = f.CreatedAt
	}
	value := strings.Trim(string(f.Rating), `"`)
	if id := strings.Trim(string(f.ID), `" `); id != "" && id != "null" {
		row.Key = digest("citfac", f.Comune, id)
	} else {
		row.Key = r.keyOf("citfac", f.Comune, f.PagePath, f.PageTitle, value, f.Option, f.Details, string(at))
	}
	r.stamped(&row, at)
	row.judge(&rating.Stored{Shape: rating.Citfac, Value: value, Answer: f.Option, Text: f.Details, Page: f.PagePath, Title: f.PageTitle})
	return row
}

// stamped takes a time, as a text or, as Java writes them, in milliseconds.
func (r *reading) stamped(row *Row, said json.RawMessage) {
	var ms int64
	if json.Unmarshal(said, &ms) == nil && ms > 0 && ms < time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC).UnixMilli() {
		row.At = schema.Instant(ms)
		return
	}
	r.timed(row, strings.Trim(string(said), `"`))
}
