package calendar

import "time"

// A DayKind tells what kind of day it is for who works by the national calendar.
type DayKind uint8

// The kinds. A holiday that falls on a Saturday or Sunday is a holiday.
const (
	Working  DayKind = 1
	Saturday DayKind = 2
	Sunday   DayKind = 3
	Holiday  DayKind = 4
)

// DayKinds lists the kinds.
func DayKinds() []DayKind { return []DayKind{Working, Saturday, Sunday, Holiday} }

// String returns the word for k.
func (k DayKind) String() string {
	switch k {
	case Working:
		return "working"
	case Saturday:
		return "saturday"
	case Sunday:
		return "sunday"
	case Holiday:
		return "holiday"
	}
	return ""
}

// Kind returns the kind of d. It knows the whole country's holidays: a patron
// saint's day is a holiday in one comune alone, so it is none of a day's kinds.
func (d Day) Kind() DayKind {
	switch weekday := d.Weekday(); {
	case d.holiday():
		return Holiday
	case weekday == 6:
		return Saturday
	case weekday == 7:
		return Sunday
	}
	return Working
}

// holiday tells whether d is a national holiday (law 260 of 27 May 1949 as law 54
// of 5 March 1977 left it), from 2001 on, when 2 June came back for good.
func (d Day) holiday() bool {
	year, month, day := d.Time().Date()
	switch int(month)*100 + day {
	case 101, 106, 425, 501, 602, 815, 1101, 1208, 1225, 1226:
		return true
	case 1004:
		return year >= 2026 // San Francesco d'Assisi: law 151 of 8 October 2025.
	case 317:
		return year == 2011 // 150 years of unity, that once: decree-law 5 of 22 February 2011.
	}
	easter := Easter(year)
	return d == easter || d == easter+1
}

// Easter returns Easter Sunday of a year of the Gregorian calendar, from 1583 on.
// It is the "anonymous Gregorian algorithm" (Nature, 20 April 1876; J. Meeus,
// Astronomical Algorithms, chapter 8) in the shorter form of New Scientist, 30
// March 1961. Unlike Gauss's rule it has no exceptions.
func Easter(year int) Day {
	a, b, c := year%19, year/100, year%100
	d, e := b/4, b%4
	g := (8*b + 13) / 25
	h := (19*a + b - d - g + 15) % 30
	i, k := c/4, c%4
	l := (32 + 2*e + 2*i - h - k) % 7
	m := (a + 11*h + 19*l) / 433
	n := h + l - 7*m
	month := (n + 90) / 25
	return DayOf(MonthOf(year, time.Month(month)), (n+33*month+19)%32)
}
