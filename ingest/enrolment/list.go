package enrolment

import (
	"bufio"
	"cmp"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"mlf/schema"
	"mlf/schema/registry"
)

const (
	// CountMax is the most terminals that are enrolled at once. A fleet larger than the
	// programme's ambition of 100,000 is more likely a slip of the finger.
	CountMax = 200_000

	// listBytesMax is the most that is read of a list: a line for each terminal.
	listBytesMax = 64 << 20

	// listErrorsMax is how many lines are complained of: who sees twenty mistakes mends
	// them before he asks for more.
	listErrorsMax = 20
)

// listColumns are the columns of a list of terminals. The first three must be there.
func listColumns() []string {
	return []string{"comune", "channel", "services", "office", "scale", "since", "count"}
}

// ReadList reads a list of terminals and returns what it describes, in its order, less
// what differs per terminal. CSV, UTF-8, with a header:
//
//	comune,office,channel,services,scale,since,count
//	001263,sportello-unico,totem,anagrafe tributi,mlf3,2026-12-01,2
//
// Columns come in any order, separated by ',' or, as spreadsheets write them in Italy, by
// ';'. Services are codes with blanks between them, the default first. Without a scale it
// is mlf3, without a day now, without a count 1. Every line is checked: the error tells
// the first twenty that are wrong, each by its number.
func ReadList(r io.Reader, lists *registry.Registry, now time.Time) ([]schema.Enrolment, error) {
	rome, err := time.LoadLocation("Europe/Rome")
	if err != nil {
		return nil, err
	}
	limited := &io.LimitedReader{R: r, N: listBytesMax + 1}
	l := list{lists: lists, now: now, today: registry.DateOf(now.In(rome))}
	if err := l.open(limited); err != nil {
		return nil, err
	}
	for l.next() {
	}
	if limited.N <= 0 {
		l.errs = append(l.errs, fmt.Errorf("more than %d MiB: want fewer lines at once", listBytesMax>>20))
	}
	if l.left > 0 {
		l.errs = append(l.errs, fmt.Errorf("and %d more lines", l.left))
	}
	if len(l.errs) == 0 && len(l.templates) == 0 {
		l.errs = append(l.errs, errors.New("it has a header and no terminals"))
	}
	if err := errors.Join(l.errs...); err != nil {
		return nil, err
	}
	return l.templates, nil
}

// A list is one that is being read.
type list struct {
	lists *registry.Registry
	now   time.Time
	today registry.Date

	csv       *csv.Reader
	at        map[string]int // The column's place in a line.
	templates []schema.Enrolment
	errs      []error
	left      int // Wrong lines that are not among errs.
}

// open reads the header.
func (l *list) open(r io.Reader) error {
	buffered := bufio.NewReader(r)
	if mark, _ := buffered.Peek(3); string(mark) == "\ufeff" {
		_, _ = buffered.Discard(3)
	}
	comma := ','
	if head, _ := buffered.Peek(256); strings.Contains(strings.SplitN(string(head), "\n", 2)[0], ";") {
		comma = ';'
	}
	l.csv = csv.NewReader(buffered)
	l.csv.Comma, l.csv.ReuseRecord = comma, true
	header, err := l.csv.Read()
	if err != nil {
		return fmt.Errorf("line 1: want a header with %s: %w", strings.Join(listColumns(), ","), err)
	}
	l.at = make(map[string]int)
	for i, name := range header {
		name = strings.ToLower(strings.TrimSpace(name))
		if _, twice := l.at[name]; twice || !slices.Contains(listColumns(), name) {
			return fmt.Errorf("line 1: column %.40q: want each of %s at most once", name, strings.Join(listColumns(), ","))
		}
		l.at[name] = i
	}
	for _, name := range listColumns()[:3] {
		if _, ok := l.at[name]; !ok {
			return fmt.Errorf("line 1: no column %s: want %s", name, strings.Join(listColumns(), ","))
		}
	}
	return nil
}

// next reads a line; false when there is none.
func (l *list) next() bool {
	fields, err := l.csv.Read()
	if errors.Is(err, io.EOF) {
		return false
	}
	var bad *csv.ParseError
	if err != nil && !errors.As(err, &bad) {
		l.errs = append(l.errs, err)
		return false
	}
	number := 0
	if err == nil {
		number, _ = l.csv.FieldPos(0)
		var e schema.Enrolment
		var count int
		if e, count, err = l.read(fields); err == nil && len(l.templates)+count > CountMax {
			l.errs = append(l.errs, fmt.Errorf("line %d: more than %d terminals in all", number, CountMax))
			return false
		}
		if err == nil {
			l.templates = append(l.templates, slices.Repeat([]schema.Enrolment{e}, count)...)
			return true
		}
	} else {
		number, err = bad.Line, bad.Err
	}
	if len(l.errs) < listErrorsMax {
		l.errs = append(l.errs, fmt.Errorf("line %d: %w", number, err))
	} else {
		l.left++
	}
	return true
}

// read reads the fields of a line.
func (l *list) read(fields []string) (e schema.Enrolment, count int, err error) {
	field := func(name, otherwise string) string {
		if i, ok := l.at[name]; ok {
			return cmp.Or(strings.TrimSpace(fields[i]), otherwise)
		}
		return otherwise
	}
	if e.Comune, err = ComuneNow(l.lists, field("comune", ""), l.today); err != nil {
		return e, 0, err
	}
	if e.Office, err = schema.ParseOffice(field("office", "")); err != nil {
		return e, 0, err
	}
	if e.Channel, err = schema.ParseChannel(field("channel", "")); err != nil {
		return e, 0, err
	}
	if e.Scale, err = schema.ParseScale(field("scale", "mlf3")); err != nil {
		return e, 0, err
	}
	codes := strings.FieldsFunc(field("services", ""), func(r rune) bool { return strings.ContainsRune(" ,;+|", r) })
	if len(codes) == 0 || len(codes) > schema.EnrolledServicesMax {
		return e, 0, fmt.Errorf("services: %d: want 1 to %d codes, with blanks between them", len(codes), schema.EnrolledServicesMax)
	}
	if e.Services, err = Services(l.lists, codes, ""); err != nil {
		return e, 0, ofColumn(err)
	}
	if e.Since, err = Since(field("since", ""), l.now); err != nil {
		return e, 0, ofColumn(err)
	}
	if count, err = strconv.Atoi(field("count", "1")); err != nil || count < 1 || count > CountMax {
		return e, 0, fmt.Errorf("count %.20q: want 1 to %d", field("count", ""), CountMax)
	}
	return e, count, nil
}

// ofColumn is an error that names a flag, of a column of the same name.
func ofColumn(err error) error { return errors.New(strings.TrimPrefix(err.Error(), "--")) }
