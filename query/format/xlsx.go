package format

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/xuri/excelize/v2"
)

// XLSXRowsMax is the most rows of a sheet: Excel has 1,048,576 and one is the header.
const XLSXRowsMax = 1<<20 - 1

// ErrTooManyRows is the error of a sheet that Excel cannot open.
var ErrTooManyRows = errors.New("more rows than a sheet of Excel has")

const (
	dataSheet  = "data"
	notesSheet = "notes"
)

// WriteXLSX writes s as a workbook: the rows, with codes as texts, times as times
// and a header that stays in sight, and the notes on a sheet of their own. Beyond
// some megabytes it works in a temporary file. ErrTooManyRows: nothing was written.
func WriteXLSX(w io.Writer, s *Sheet) error { return writeBook(w, []*Sheet{s}, dataSheet) }

// WriteWorkbook writes sheets as WriteXLSX does one, each under its title, with the
// notes of the first, in memory. Titles are what Excel takes: at most 31 characters.
// The same sheets are the same bytes.
func WriteWorkbook(w io.Writer, sheets []*Sheet) error {
	titles := make([]string, len(sheets))
	for i, s := range sheets {
		titles[i] = s.Title
	}
	var book bytes.Buffer
	if err := writeBook(&book, sheets, titles...); err != nil {
		return err
	}
	if err := sortParts(w, book.Bytes()); err != nil {
		return fmt.Errorf("sort parts of XLSX: %w", err)
	}
	return nil
}

// sortParts writes a package with its parts by their names: excelize puts those that
// are streamed in any order.
func sortParts(w io.Writer, book []byte) error {
	parts, err := zip.NewReader(bytes.NewReader(book), int64(len(book)))
	if err != nil {
		return err
	}
	slices.SortFunc(parts.File, func(a, b *zip.File) int { return strings.Compare(a.Name, b.Name) })
	out := zip.NewWriter(w)
	for _, part := range parts.File {
		if err := out.Copy(part); err != nil {
			return err
		}
	}
	return out.Close()
}

func writeBook(w io.Writer, sheets []*Sheet, titles ...string) (err error) {
	for _, s := range sheets {
		if s.Len > XLSXRowsMax {
			return fmt.Errorf("write XLSX of %d rows: %w", s.Len, ErrTooManyRows)
		}
	}
	book := excelize.NewFile()
	defer func() { err = errors.Join(err, book.Close()) }()
	if err := writeSheets(book, sheets, titles); err != nil {
		return fmt.Errorf("make XLSX: %w", err)
	}
	if _, err := book.WriteTo(w); err != nil {
		return fmt.Errorf("write XLSX: %w", err)
	}
	return nil
}

func writeSheets(book *excelize.File, sheets []*Sheet, titles []string) error {
	if err := book.SetSheetName("Sheet1", titles[0]); err != nil {
		return err
	}
	styles, err := newStyles(book)
	if err != nil {
		return err
	}
	for i, s := range sheets {
		if _, err := book.NewSheet(titles[i]); err != nil { // The first is there.
			return err
		}
		if err := writeRows(book, titles[i], s, styles); err != nil {
			return err
		}
	}
	if _, err := book.NewSheet(notesSheet); err != nil {
		return err
	}
	return writeNotes(book, sheets[0], styles)
}

// styles are those of a workbook's cells, by the kind of what is in them.
type styles struct {
	head int
	of   [kinds + 1]int
}

func newStyles(book *excelize.File) (st styles, err error) {
	if st.head, err = book.NewStyle(&excelize.Style{Font: &excelize.Font{Bold: true}}); err != nil {
		return st, err
	}
	layouts := [kinds + 1]string{KindText: "@", KindCount: "#,##0", KindShare: "0.0000", KindDay: "yyyy-mm-dd", KindHour: "yyyy-mm-dd hh:mm", KindNumber: "0", KindTruth: "General", KindStatus: "@"}
	for kind := range layouts[1:] {
		kind++
		if st.of[kind], err = book.NewStyle(&excelize.Style{CustomNumFmt: &layouts[kind]}); err != nil {
			return st, err
		}
	}
	return st, nil
}

func writeRows(book *excelize.File, title string, s *Sheet, st styles) error {
	out, err := book.NewStreamWriter(title)
	if err != nil {
		return err
	}
	if err := out.SetPanes(&excelize.Panes{Freeze: true, YSplit: 1, TopLeftCell: "A2", ActivePane: "bottomLeft"}); err != nil {
		return err
	}
	if err := out.SetColWidth(1, max(1, len(s.Fields)), 14); err != nil {
		return err
	}
	cells := make([]any, len(s.Fields))
	for k := range s.Fields {
		cells[k] = excelize.Cell{StyleID: st.head, Value: s.Fields[k].Name}
	}
	if err := out.SetRow("A1", cells); err != nil {
		return err
	}
	for i := range s.Len {
		for k := range s.Fields {
			f := &s.Fields[k]
			cells[k] = excelize.Cell{StyleID: st.of[f.Kind], Value: f.value(i)}
		}
		if err := out.SetRow(fmt.Sprint("A", i+2), cells); err != nil {
			return err
		}
	}
	return out.Flush()
}

// value returns what f has in a row, nil for null.
func (f *Field) value(row int) any {
	var v any
	var ok bool
	switch f.Kind {
	case KindText, KindStatus:
		v, ok = f.Text(row)
	case KindCount, KindNumber:
		v, ok = f.Count(row)
	case KindTruth:
		v, ok = f.Truth(row)
	case KindShare:
		v, ok = f.Share(row)
	case KindDay, KindHour:
		v, ok = f.Time(row)
	default:
		panic(fmt.Sprintf("BUG: kind %d", f.Kind))
	}
	if !ok {
		return nil
	}
	return v
}

func writeNotes(book *excelize.File, s *Sheet, st styles) error {
	out, err := book.NewStreamWriter(notesSheet)
	if err != nil {
		return err
	}
	if err := out.SetColWidth(1, 2, 40); err != nil {
		return err
	}
	for i, note := range s.Notes {
		cells := []any{excelize.Cell{StyleID: st.head, Value: note[0]}, excelize.Cell{StyleID: st.of[KindText], Value: note[1]}}
		if err := out.SetRow(fmt.Sprint("A", i+1), cells); err != nil {
			return err
		}
	}
	return out.Flush()
}
