package fleet

import (
	"cmp"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"mlf/query/calendar"
	"mlf/schema"
)

// Limits of a timetable: ten lines for each of four offices of all comuni.
const (
	linesMax    = 320_000
	openingsMax = 6 // Of a day.
)

// columns is the first line of a timetable.
const columns = "comune,office,day,opens,closes"

// ReadHours reads a timetable, CSV with a header (columns). A line is one opening:
//
//	058091,anagrafe-1,tue-thu,08:30,12:30
//	058091,anagrafe-1,thu,14:30,17:00
//	058091,,2026-12-24,,
//
// office may be empty: the comune's other offices; and comune, too: all others. day is mon
// to sun, a run of them, holiday for national ones, or a date. opens and closes are by Rome's
// clock, closes up to 24:00; both empty: closed. Whoever has a line of a week has a week of
// its own, closed on what its lines do not name; a date is apart. Errors name the line.
func ReadHours(r io.Reader) (*Hours, error) {
	lines := csv.NewReader(r)
	lines.ReuseRecord = true
	header, err := lines.Read()
	if err != nil {
		return nil, fmt.Errorf("line 1: want %s: %w", columns, err)
	}
	if got := strings.TrimPrefix(strings.Join(header, ","), "\ufeff"); got != columns {
		return nil, fmt.Errorf("line 1: %.80q: want %s", got, columns)
	}
	h := &Hours{weeks: make(map[whose]*Week), days: make(map[whose]map[calendar.Day][]Opening)}
	for n := 2; ; n++ {
		fields, err := lines.Read()
		switch {
		case errors.Is(err, io.EOF):
			return h, nil
		case err != nil:
			return nil, err // It names the line.
		case n > linesMax:
			return nil, fmt.Errorf("line %d: want at most %d lines", n, linesMax)
		}
		line, _ := lines.FieldPos(0)
		if err := h.take(fields); err != nil {
			return nil, fmt.Errorf("line %d: %w", line, err)
		}
	}
}

// take takes one line.
func (h *Hours) take(fields []string) error {
	of, err := readWhose(fields[0], fields[1])
	if err != nil {
		return err
	}
	openings, err := readOpening(fields[3], fields[4])
	if err != nil {
		return err
	}
	if d, err := time.Parse(time.DateOnly, fields[2]); err == nil {
		if h.days[of] == nil {
			h.days[of] = make(map[calendar.Day][]Opening)
		}
		day := calendar.DayOf(calendar.MonthOf(d.Year(), d.Month()), d.Day())
		h.days[of][day], err = with(h.days[of][day], openings)
		return err
	}
	first, last, err := readDays(fields[2])
	if err != nil {
		return err
	}
	if h.weeks[of] == nil {
		h.weeks[of] = new(Week)
	}
	for i := first; i <= last && err == nil; i++ {
		h.weeks[of][i], err = with(h.weeks[of][i], openings)
	}
	return err
}

func readWhose(comune, office string) (of whose, err error) {
	if comune == "" {
		if office != "" {
			return of, fmt.Errorf("office %.40q: want the comune, too", office)
		}
		return of, nil
	}
	if of.comune, err = schema.ParseComune(comune); err != nil {
		return of, fmt.Errorf("comune %.40q: %w", comune, err)
	}
	if office != "" {
		if of.office, err = schema.ParseOffice(office); err != nil {
			return of, fmt.Errorf("office %.40q: %w", office, err)
		}
	}
	return of, nil
}

// weekdays are the names of a Week's days.
func weekdays() []string {
	return []string{"mon", "tue", "wed", "thu", "fri", "sat", "sun", "holiday"}
}

// readDays reads a day or a run of weekdays.
func readDays(text string) (first, last int, err error) {
	from, to, run := strings.Cut(text, "-")
	if !run {
		to = from
	}
	first, last = slices.Index(weekdays(), from), slices.Index(weekdays(), to)
	if first < 0 || last < first || run && last == holiday {
		return 0, 0, fmt.Errorf("day %.40q: want mon, tue, wed, thu, fri, sat, sun, mon-fri, holiday, or a date like 2026-12-24", text)
	}
	return first, last, nil
}

// readOpening reads one, or none where the office is closed.
func readOpening(opens, closes string) ([]Opening, error) {
	if opens == "" && closes == "" {
		return []Opening{}, nil
	}
	from, errFrom := minutes(opens)
	next, errNext := minutes(closes)
	if errFrom != nil || errNext != nil || from >= next {
		return nil, fmt.Errorf("opens %.20q, closes %.20q: want times like 08:30, the first first, the last up to 24:00, or none", opens, closes)
	}
	return []Opening{{from, next}}, nil
}

func minutes(text string) (int, error) {
	hour, minute, ok := strings.Cut(text, ":")
	h, errH := strconv.ParseUint(hour, 10, 8)
	m, errM := strconv.ParseUint(minute, 10, 8)
	if !ok || len(hour) != 2 || len(minute) != 2 || errH != nil || errM != nil || h > 24 || m > 59 || h == 24 && m > 0 {
		return 0, strconv.ErrSyntax
	}
	return int(h*60 + m), nil
}

// with returns openings and more in order. held is nil before a line named the day; where it
// is closed no other line may open it.
func with(held, more []Opening) ([]Opening, error) {
	if held != nil && (len(held) == 0 || len(more) == 0) {
		return nil, errors.New("the day is closed and open: want one of both")
	}
	all := append(slices.Clone(held), more...)
	if all == nil {
		all = []Opening{}
	}
	slices.SortFunc(all, func(a, b Opening) int { return cmp.Compare(a.From, b.From) })
	for i := 1; i < len(all); i++ {
		if all[i].From < all[i-1].Next {
			return nil, errors.New("two openings of one day meet: want them apart")
		}
	}
	if len(all) > openingsMax {
		return nil, fmt.Errorf("want at most %d openings a day", openingsMax)
	}
	return all, nil
}
