package meta

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"mlf/query/format"
)

// Describe gives s a name, and notes that say what m does: a file is read where
// nobody can ask.
func Describe(s *format.Sheet, m *Meta, title string) {
	s.ID, s.Title, s.At, s.Notes = strings.ToUpper(strings.ReplaceAll(title, " ", "_")), title, m.GeneratedAt, m.notes(title)
	for k := range s.Fields {
		if f := &s.Fields[k]; f.Kind == format.KindStatus {
			s.Status = func(row int) string { codes, _ := f.Text(row); return codes }
		}
	}
}

// Licence is that of the figures.
const Licence = "CC BY 4.0, https://creativecommons.org/licenses/by/4.0/"

const statusNote = "A normal; R running: the period is not over; P provisional: late votes are still to be expected; L fewer than 30 votes; B break in the series; Q below the threshold: votes are missing that are not shown here; M no terminal was there"

func (m *Meta) notes(title string) [][2]string {
	notes := [][2]string{{"title", title}}
	add := func(name, text string) {
		if text != "" {
			notes = append(notes, [2]string{name, text})
		}
	}
	if m.About != nil {
		add("from", m.From)
		add("to", m.To+" (exclusive)")
		for _, name := range slices.Sorted(maps.Keys(m.Filters)) {
			add("filter "+name, strings.Join(m.Filters[name], ", "))
		}
		add("left out", m.Excluded.String())
	}
	if m.Marks != nil {
		add("period", m.Period)
		if m.Compare != nil {
			add("compared with", m.Compare.From+" to "+m.Compare.To+" (exclusive)")
		}
	}
	add("by", strings.Join(m.By, ", "))
	add("step", m.Step)
	add("measure", m.Measure)
	add("reference", m.Reference)
	if m.MinN > 0 {
		add("smallest number of votes", fmt.Sprint(m.MinN))
	}
	add("in order of", m.Sort)
	add("mix", m.Mix)
	add("time zone", m.TimeZone)
	add("intervals", m.Interval)
	for _, f := range m.Formulas {
		add("formula "+string(f.Name), f.Text)
	}
	add("status", statusNote)
	add("position", m.Position)
	add("disclosure", m.Disclosure)
	add("generated at", m.GeneratedAt.Format(time.RFC3339))
	add("licence", Licence)
	return notes
}
