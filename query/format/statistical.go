package format

import (
	"fmt"
	"strconv"
	"time"
)

// A statistical table has dimensions, whose values are texts, and measures, whose
// values are numbers. Of a sheet these are the fields of texts and times, and those
// of counts and shares. JSON-stat and SDMX know nothing else.

// dimensions returns the fields of what a row is of, measures those of its numbers.
func (s *Sheet) dimensions() []*Field {
	return s.fields(KindText, KindDay, KindHour, KindNumber, KindTruth)
}
func (s *Sheet) measures() []*Field { return s.fields(KindCount, KindShare) }

func (s *Sheet) fields(kinds ...Kind) []*Field {
	var found []*Field
	for k := range s.Fields {
		for _, kind := range kinds {
			if s.Fields[k].Kind == kind {
				found = append(found, &s.Fields[k])
			}
		}
	}
	return found
}

// text returns what a dimension has in a row, "" for null.
func (f *Field) text(row int) string {
	switch f.Kind {
	case KindText:
		text, _ := f.Text(row)
		return text
	case KindNumber:
		if n, ok := f.Count(row); ok {
			return strconv.FormatUint(n, 10)
		}
		return ""
	case KindTruth:
		if truth, ok := f.Truth(row); ok {
			return strconv.FormatBool(truth)
		}
		return ""
	case KindDay, KindHour:
		t, ok := f.Time(row)
		switch {
		case !ok:
			return ""
		case f.Kind == KindDay:
			return t.Format(time.DateOnly)
		}
		return t.UTC().Format(time.RFC3339)
	case KindCount, KindShare, KindStatus:
	}
	panic(fmt.Sprintf("BUG: field %s of kind %d is no dimension", f.Name, f.Kind))
}

// appendNumber writes what a measure has in a row, nothing for null.
func (f *Field) appendNumber(dst []byte, row int) []byte {
	switch f.Kind {
	case KindCount:
		if n, ok := f.Count(row); ok {
			return strconv.AppendUint(dst, n, 10)
		}
	case KindShare:
		if share, ok := f.Share(row); ok {
			return appendShare(dst, share)
		}
	default:
		panic(fmt.Sprintf("BUG: field %s of kind %d is no measure", f.Name, f.Kind))
	}
	return dst
}

func (f *Field) label() string {
	if f.Label == "" {
		return f.Name
	}
	return f.Label
}
