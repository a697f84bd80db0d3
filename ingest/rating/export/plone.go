package export

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"

	"mlf/ingest/rating"
)

// Plone reads what collective.feedback gives at @feedback-csv: a table with the columns
// title, url, vote, comment, date and answer, in any order, between ',' or, as a
// spreadsheet has saved it again, ';'. Times are the server's, and mostly name no zone.
//
// A row has no id, so its key is of its parts and its place among equal rows. The
// address is no part: Plone tells where a page is now, and none once it is gone. A row
// whose line does not end is refused: one that was cut would have another key than the
// whole one, and count beside it. The sequence ends with an error where the file is no such table.
func Plone(from io.Reader, o Options) iter.Seq2[Row, error] {
	r := newReading(from, o)
	var text *bufio.Reader
	var table *csv.Reader
	var columns map[string]int
	skipped := int64(0) // Bytes before what the table counts.
	return rowsOf(r, "Plone's CSV", func() (Row, error) {
		if table == nil {
			r.meter.allow(0, rowBytesMax)
			text = bufio.NewReader(r.meter)
			if first, err := text.Peek(3); err == nil && string(first) == "\ufeff" {
				n, _ := text.Discard(3) // They are there.
				skipped = int64(n)
			}
			var err error
			if table, columns, err = ploneTable(text); err != nil {
				return Row{}, err
			}
		}
		r.meter.allow(skipped+table.InputOffset(), rowBytesMax)
		cells, err := table.Read()
		if err != nil {
			return Row{}, err
		}
		if int64(size(cells)) > rowBytesMax {
			line, _ := table.FieldPos(0)
			return Row{Line: line, Code: "too_long", Detail: fmt.Sprintf("want at most %d bytes", rowBytesMax)}, nil
		}
		if _, err := text.Peek(1); errors.Is(err, io.EOF) && r.meter.last != '\n' {
			line, _ := table.FieldPos(0)
			return Row{Line: line, Code: "cut_row", Detail: "the file ends within this row: want it whole, with the end of its line"}, nil
		}
		return r.plone(table, columns, cells), nil
	})
}

// ploneColumns are the columns that a table must have.
func ploneColumns() []string { return []string{"title", "url", "vote", "comment", "date", "answer"} }

// ploneTable reads the header.
func ploneTable(text *bufio.Reader) (*csv.Reader, map[string]int, error) {
	head, _ := text.Peek(256) // Less where the file is shorter.
	table := csv.NewReader(text)
	table.FieldsPerRecord, table.ReuseRecord = -1, true
	if line, _, _ := strings.Cut(string(head), "\n"); strings.Contains(line, ";") {
		table.Comma = ';'
	}
	header, err := table.Read()
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, nil, err
	}
	columns := make(map[string]int)
	for i, name := range header {
		columns[strings.ToLower(strings.TrimSpace(name))] = i
	}
	for _, name := range ploneColumns() {
		if _, ok := columns[name]; !ok {
			return nil, nil, fmt.Errorf("the header has no column %s: want title,url,vote,comment,date,answer", name)
		}
	}
	return table, columns, nil
}

// plone reads one row.
func (r *reading) plone(table *csv.Reader, columns map[string]int, cells []string) (row Row) {
	row.Line, _ = table.FieldPos(0)
	if len(cells) <= slices.Max([]int{columns["title"], columns["url"], columns["vote"], columns["comment"], columns["date"], columns["answer"]}) {
		row.refuse("bad_row", fmt.Sprintf("%d fields: want those of the header", len(cells)))
		return row
	}
	of := func(name string) string { return cells[columns[name]] }
	row.Key = r.keyOf("plone", of("title"), of("vote"), of("comment"), of("date"), of("answer"))
	r.timed(&row, strings.TrimSpace(of("date")))
	row.judge(&rating.Stored{
		Shape: rating.Volto, Value: of("vote"), Answer: of("answer"), Text: of("comment"), Page: of("url"), Title: of("title"),
	})
	return row
}

// size returns how many bytes the cells have.
func size(cells []string) (n int) {
	for _, cell := range cells {
		n += len(cell)
	}
	return n
}
