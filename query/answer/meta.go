package answer

import (
	"mlf/query/answer/meta"
	"mlf/query/figures"
	"mlf/query/format"
	"mlf/query/question"
)

// A Meta says how an answer was made.
type Meta = meta.Meta

// metaOf returns the meta of an answer made of r by formulas.
func metaOf(r Reading, clustered bool, formulas ...figures.Formula) *Meta {
	return meta.Of(r.Moment, clustered, formulas...)
}

// metaOf returns the meta of an answer to q alone.
func (q *inquiry) metaOf(r Reading, counts *question.Counts, formulas ...figures.Formula) *Meta {
	m := metaOf(r, q.clustered, formulas...)
	m.Ask(q.Question, r.Ledger, &counts.Excluded)
	m.By = q.by
	return m
}

// SheetOf returns a sheet of fields, described.
func SheetOf(m *Meta, title string, rows int, fields []format.Field) *format.Sheet {
	return sheetOf(m, title, rows, fields)
}

// sheetOf returns a sheet of fields, described.
func sheetOf(m *Meta, title string, rows int, fields []format.Field) *format.Sheet {
	s := &format.Sheet{Len: rows, Fields: fields}
	meta.Describe(s, m, title)
	return s
}
