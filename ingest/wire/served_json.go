package wire

import "errors"

// JSON reads and judges body, an object with an array `rows`; what it says beside,
// holds for every row that does not say otherwise. Keys that are not known are
// skipped, of one given twice the last holds, null is the same as absent. The error
// is ErrTooMany, or says for people what is wrong with the body as a whole.
func (f *ServedForm) JSON(body []byte) (*ServedReport, error) {
	text, err := utf8Text(body)
	if err != nil {
		return nil, err
	}
	var s scanner
	s.reset(text)
	var common statement
	var rows []statement
	given := false
	if !s.open('{') {
		s.fail("an object")
	}
	for first := true; ; {
		key, more := s.member(&first)
		if !more {
			break
		}
		if string(key) != "rows" {
			s.attribute(string(key), &common)
			continue
		}
		given = true
		if rows = s.rows(f.RowsMax); len(rows) > f.RowsMax {
			return nil, ErrTooMany
		}
	}
	s.end()
	if s.fault != "" {
		return nil, &malformed{s.at, s.fault}
	}
	if !given {
		return nil, errors.New("the member rows (an array) is needed")
	}
	return f.judge(&common, rows), nil
}

// rows reads an array of rows, up to most and one more.
func (s *scanner) rows(most int) (rows []statement) {
	if !s.open('[') {
		s.fail("an array")
		return nil
	}
	for first := true; s.element(&first) && len(rows) <= most; {
		var row statement
		if !s.open('{') {
			s.skip()
			row.broken = true
		} else {
			s.row(&row)
		}
		rows = append(rows, row)
	}
	return rows
}

// row reads the members of one row.
func (s *scanner) row(row *statement) {
	for first := true; ; {
		key, more := s.member(&first)
		if !more {
			return
		}
		s.attribute(string(key), row)
	}
}

// attribute reads the value of key into row, if it is one of a row's.
func (s *scanner) attribute(key string, row *statement) {
	switch key {
	case "served":
		row.served = s.quantity()
		return
	case "revision":
		row.revision = s.quantity()
		return
	}
	if w := row.word(key); w != nil {
		*w = s.textOrSkip()
		return
	}
	s.skip()
}

// word returns the attribute of row that is called key; nil for none.
func (row *statement) word(key string) *word {
	switch key {
	case "comune":
		return &row.comune
	case "office":
		return &row.office
	case "service":
		return &row.service
	case "channel":
		return &row.channel
	case "day":
		return &row.day
	}
	return nil
}

// textOrSkip takes a value of any kind and returns the text that it is.
func (s *scanner) textOrSkip() word {
	switch {
	case s.null():
		return word{}
	case s.peek() == '"':
		return wordOf(s.string())
	}
	s.skip()
	return word{state: invalid}
}

// quantity takes a value of any kind and returns the number that it is.
func (s *scanner) quantity() quantity {
	switch {
	case s.null():
		return quantity{}
	case s.peek() == '"':
		return wordOf(s.string()).quantity()
	}
	return quantity{number: s.numberOrSkip(), state: valid}
}

// wordMax is the longest text that is a code or a day, in bytes; of longer ones
// nothing is kept.
const wordMax = 64

// wordOf returns text as an attribute, without blanks around it.
func wordOf(text []byte) word {
	text = trimmed(text)
	switch {
	case len(text) == 0:
		return word{}
	case len(text) > wordMax:
		return word{state: invalid}
	}
	return word{string(text), valid}
}
