package format

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/parquet-go/parquet-go"
)

// parquetRows is how many rows are made at a time, and rowGroupRows how many a row
// group has: what a reader may skip, and what is held until it is written.
const (
	parquetRows  = 1024
	rowGroupRows = 128 << 10
)

// WriteParquet writes s as a Parquet file, packed by Zstandard, with the notes as
// the file's metadata: pandas, DuckDB, polars and R read it as it is. Texts have
// dictionaries, days are DATE, hours TIMESTAMP in UTC, counts INT64, so that no
// reader has to be told what 058091 is.
func WriteParquet(w io.Writer, s *Sheet) error {
	out := NewParquet(w, s)
	return errors.Join(out.Write(s), out.Close())
}

// A Parquet writes a file whose rows come sheet by sheet: what is in memory is a row
// group.
type Parquet struct {
	out  *parquet.GenericWriter[any]
	rows []parquet.Row
}

// NewParquet begins a file with the fields and notes of s.
func NewParquet(w io.Writer, s *Sheet) *Parquet {
	options := []parquet.WriterOption{parquetSchema(s), parquet.Compression(&parquet.Zstd), parquet.CreatedBy("mlf", "", ""), parquet.MaxRowsPerRowGroup(rowGroupRows)}
	for _, note := range s.Notes {
		options = append(options, parquet.KeyValueMetadata(note[0], note[1]))
	}
	return &Parquet{out: parquet.NewGenericWriter[any](w, options...), rows: make([]parquet.Row, 0, parquetRows)}
}

// Write appends the rows of s, whose fields are those of the first.
func (p *Parquet) Write(s *Sheet) error {
	for i := range s.Len {
		row := make(parquet.Row, len(s.Fields))
		for k := range s.Fields {
			row[k] = s.Fields[k].parquet(i, k)
		}
		if p.rows = append(p.rows, row); len(p.rows) == parquetRows || i == s.Len-1 {
			if _, err := p.out.WriteRows(p.rows); err != nil {
				return fmt.Errorf("write Parquet: %w", err)
			}
			p.rows = p.rows[:0]
		}
	}
	return nil
}

// Close ends the file.
func (p *Parquet) Close() error {
	if err := p.out.Close(); err != nil {
		return fmt.Errorf("write Parquet: %w", err)
	}
	return nil
}

// parquetSchema returns the schema of s: its fields in their order, each of which
// may be null.
func parquetSchema(s *Sheet) *parquet.Schema {
	group := make(parquet.Group, len(s.Fields))
	for k := range s.Fields {
		group[s.Fields[k].Name] = parquet.Optional(s.Fields[k].node())
	}
	return parquet.NewSchema("mlf", ordered{group, s.Fields})
}

// ordered is a group whose fields are in an order of ours; the library's own are
// sorted by name.
type ordered struct {
	parquet.Group
	order []Field
}

// Fields returns the fields of g in their order.
func (g ordered) Fields() []parquet.Field {
	fields := g.Group.Fields()
	at := func(f parquet.Field) int {
		return slices.IndexFunc(g.order, func(of Field) bool { return of.Name == f.Name() })
	}
	slices.SortFunc(fields, func(a, b parquet.Field) int { return cmp.Compare(at(a), at(b)) })
	return fields
}

func (f *Field) node() parquet.Node {
	switch f.Kind {
	case KindText, KindStatus:
		return parquet.Encoded(parquet.String(), &parquet.RLEDictionary)
	case KindCount, KindNumber:
		return parquet.Int(64)
	case KindTruth:
		return parquet.Leaf(parquet.BooleanType)
	case KindShare:
		return parquet.Leaf(parquet.DoubleType)
	case KindDay:
		return parquet.Date()
	case KindHour:
		return parquet.Timestamp(parquet.Millisecond)
	}
	panic(fmt.Sprintf("BUG: kind %d", f.Kind))
}

const secondsOfDay = 24 * 60 * 60

// parquet returns what f has in a row, as the value of a column.
func (f *Field) parquet(row, column int) parquet.Value {
	var v parquet.Value
	var ok bool
	switch f.Kind {
	case KindText, KindStatus:
		var text string
		text, ok = f.Text(row)
		v = parquet.ByteArrayValue([]byte(text))
	case KindTruth:
		var truth bool
		truth, ok = f.Truth(row)
		v = parquet.BooleanValue(truth)
	case KindCount, KindNumber:
		var n uint64
		n, ok = f.Count(row)
		v = parquet.Int64Value(int64(n))
	case KindShare:
		var share float64
		share, ok = f.Share(row)
		v = parquet.DoubleValue(share)
	case KindDay, KindHour:
		t, there := f.Time(row)
		ok = there
		if f.Kind == KindDay {
			v = parquet.Int32Value(int32(t.Unix() / secondsOfDay))
		} else {
			v = parquet.Int64Value(t.UnixMilli())
		}
	}
	if !ok {
		return parquet.NullValue().Level(0, 0, column)
	}
	return v.Level(0, 1, column)
}
