package format

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	"mlf/query/question"
	"mlf/schema"
)

// Rows write the rows of a table. Safe for concurrent use while nobody changes it.
type Rows struct {
	Table    *question.Table
	Zone     *time.Location                        // Of the local hours that CSV has beside those of UTC.
	Interval func(k, n uint64) (low, high float64) // Of the share k/n.
	Marks    bool                                  // Rows of a span of time say whether it is running.
	Status   func(*question.Count) string          // The codes of what marks a row; nil: rows have none.
}

// The columns of the values, of faces and of any other scale.
const (
	faceColumns  = "green,yellow,red,n,green_share,green_low,green_high"
	valueColumns = "v1,v2,v3,v4,v5,n"
)

// hourly tells whether the rows have an hour. It is UTC's, so it stands once more
// at the end of CSV by Rome's clock; days and longer are Rome's already.
func (e *Rows) hourly() (*question.Column, bool) {
	i := slices.IndexFunc(e.Table.Columns, func(c question.Column) bool { return c.Name == "hour" })
	if i < 0 {
		return nil, false
	}
	return &e.Table.Columns[i], true
}

// hour returns the beginning of the hour that c has in r.
func hour(c *question.Column, r *question.Count) time.Time { return schema.Hour(c.Value(r)).Time() }

// AppendJSON writes row i as an object, with a comma before all but row 0.
func (e *Rows) AppendJSON(dst []byte, i int) []byte {
	if i > 0 {
		dst = append(dst, ',')
	}
	dst = append(dst, '{')
	row := &e.Table.Rows[i]
	for k := range e.Table.Columns {
		c := &e.Table.Columns[k]
		dst = append(append(append(dst, '"'), c.Name...), '"', ':')
		dst = append(appendText(dst, c, row), ',')
		if c.HasNames() {
			dst = append(append(append(dst, '"'), c.Name...), nameEnding+`":`...)
			if name := c.NameOf(row); name == "" {
				dst = append(dst, "null,"...)
			} else {
				dst = append(appendString(dst, name), ',')
			}
		}
	}
	dst = e.appendValuesJSON(dst, row)
	if e.Table.Before != nil {
		dst = e.appendBeforeJSON(dst, row, &e.Table.Before[i])
	}
	if e.Marks && e.Table.Marks() {
		dst = strconv.AppendBool(append(dst, `,"running":`...), e.Table.Running(row))
	}
	if e.Status != nil {
		dst = AppendStatus(dst, `,"status":`, e.Status(row))
	}
	return append(dst, '}')
}

// isHidden tells whether there is no number of votes of a row, and no 0 either: where
// votes are not shown, or nobody could vote.
func (e *Rows) isHidden(row *question.Count) bool {
	return e.Status != nil && row.N() == 0 && strings.ContainsAny(e.Status(row), "MQ")
}

// valueNames returns the names of the columns behind those of the group.
func (e *Rows) valueNames() string {
	if e.Table.Faces {
		return faceColumns
	}
	return valueColumns
}

// appendText writes what column c says of a row, as a value of JSON.
func appendText(dst []byte, c *question.Column, row *question.Count) []byte {
	text := c.Text(row)
	switch {
	case !c.Bare:
		return appendString(dst, text)
	case text == "":
		return append(dst, "null"...)
	}
	return append(dst, text...)
}

// appendString writes a string of JSON. Nearly all texts need no escape: codes have
// letters and digits.
func appendString(dst []byte, text string) []byte {
	for i := range len(text) {
		if c := text[i]; c >= ' ' && c <= '~' && c != '"' && c != '\\' {
			continue
		}
		quoted, err := json.Marshal(text)
		if err != nil {
			panic("BUG: a string is not JSON: " + err.Error())
		}
		return append(dst, quoted...)
	}
	return append(append(append(dst, '"'), text...), '"')
}

// appendValuesJSON writes the members behind those of the group.
func (e *Rows) appendValuesJSON(dst []byte, row *question.Count) []byte {
	if e.isHidden(row) {
		for name := range strings.SplitSeq(e.valueNames(), ",") {
			dst = append(append(append(dst, '"'), name...), `":null,`...)
		}
		return dst[:len(dst)-1]
	}
	n := row.N()
	if !e.Table.Faces {
		for v, count := range row.Values {
			dst = strconv.AppendInt(append(dst, `"v`...), int64(v+1), 10)
			dst = strconv.AppendUint(append(dst, `":`...), count, 10)
			dst = append(dst, ',')
		}
		return strconv.AppendUint(append(dst, `"n":`...), n, 10)
	}
	green := row.Values[schema.Green-1]
	dst = strconv.AppendUint(append(dst, `"green":`...), green, 10)
	dst = strconv.AppendUint(append(dst, `,"yellow":`...), row.Values[schema.Yellow-1], 10)
	dst = strconv.AppendUint(append(dst, `,"red":`...), row.Values[schema.Red-1], 10)
	dst = strconv.AppendUint(append(dst, `,"n":`...), n, 10)
	if n == 0 {
		return append(dst, `,"green_share":null,"green_low":null,"green_high":null`...)
	}
	low, high := e.Interval(green, n)
	dst = appendShare(append(dst, `,"green_share":`...), float64(green)/float64(n))
	dst = appendShare(append(dst, `,"green_low":`...), low)
	return appendShare(append(dst, `,"green_high":`...), high)
}

// appendShare writes the shortest number that reads back as share.
func appendShare(dst []byte, share float64) []byte {
	return strconv.AppendFloat(dst, share, 'f', -1, 64)
}
