package format

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"
)

// jsonStatCellsMax is the most cells of a JSON-stat dataset, which has a place for
// each combination of its categories, rows or not.
const jsonStatCellsMax = 1_000_000

// ErrTooManyCells is the error of a dataset that would be mostly empty places.
var ErrTooManyCells = errors.New("more combinations of categories than a JSON-stat dataset may have")

// A jsonStat is a dataset of JSON-stat 2.0 (json-stat.org/full).
type jsonStat struct {
	Version   string                       `json:"version"`
	Class     string                       `json:"class"`
	Label     string                       `json:"label"`
	Source    string                       `json:"source,omitempty"`
	Updated   string                       `json:"updated,omitempty"`
	Note      []string                     `json:"note,omitempty"`
	ID        []string                     `json:"id"`
	Size      []int                        `json:"size"`
	Role      map[string][]string          `json:"role"`
	Dimension map[string]jsonStatDimension `json:"dimension"`
	Value     map[int]json.Number          `json:"value"` // By place in row-major order.
	Status    map[int]string               `json:"status,omitempty"`
}

type jsonStatDimension struct {
	Label    string           `json:"label"`
	Category jsonStatCategory `json:"category"`
}

type jsonStatCategory struct {
	Index []string          `json:"index"`
	Label map[string]string `json:"label,omitempty"`
}

// The dimension of the measures.
const jsonStatMetric = "measure"

// WriteJSONStat writes s as a dataset of JSON-stat 2.0. ErrTooManyCells: nothing was
// written.
func WriteJSONStat(w io.Writer, s *Sheet) error {
	d := jsonStat{
		Version: "2.0", Class: "dataset", Label: s.Title, Source: s.Source,
		Role:      map[string][]string{"metric": {jsonStatMetric}},
		Dimension: make(map[string]jsonStatDimension), Value: make(map[int]json.Number), Status: make(map[int]string),
	}
	if !s.At.IsZero() {
		d.Updated = s.At.UTC().Format(time.RFC3339)
	}
	for _, note := range s.Notes {
		d.Note = append(d.Note, note[0]+": "+note[1])
	}
	if err := d.describe(s); err != nil {
		return fmt.Errorf("make JSON-stat: %w", err)
	}
	d.fill(s)
	if err := json.NewEncoder(w).Encode(d); err != nil {
		return fmt.Errorf("write JSON-stat: %w", err)
	}
	return nil
}

// describe names the dimensions of s and their categories, the last the measures.
func (d *jsonStat) describe(s *Sheet) error {
	cells := 1
	for _, f := range s.dimensions() {
		var index []string
		labels := make(map[string]string)
		for i := range s.Len {
			index = append(index, f.text(i))
		}
		slices.Sort(index)
		index = slices.Compact(index)
		for _, text := range index {
			if f.Words != nil {
				labels[text] = f.Words(text)
			}
		}
		d.add(f.Name, f.label(), index, labels)
		if sdmxName(f.Name) == "TIME_PERIOD" {
			d.Role["time"] = append(d.Role["time"], f.Name)
		}
		if cells *= max(1, len(index)); cells > jsonStatCellsMax {
			return ErrTooManyCells
		}
	}
	measures, labels := []string{}, make(map[string]string)
	for _, f := range s.measures() {
		measures = append(measures, f.Name)
		labels[f.Name] = f.label()
	}
	if cells*len(measures) > jsonStatCellsMax {
		return ErrTooManyCells
	}
	d.add(jsonStatMetric, jsonStatMetric, measures, labels)
	return nil
}

func (d *jsonStat) add(id, label string, index []string, labels map[string]string) {
	d.ID = append(d.ID, id)
	d.Size = append(d.Size, len(index))
	d.Dimension[id] = jsonStatDimension{Label: label, Category: jsonStatCategory{Index: index, Label: labels}}
}

// fill puts the numbers of s at their places.
func (d *jsonStat) fill(s *Sheet) {
	dims, measures := s.dimensions(), s.measures()
	for i := range s.Len {
		place := 0
		for k, f := range dims {
			at, _ := slices.BinarySearch(d.Dimension[d.ID[k]].Category.Index, f.text(i)) // It is one of them.
			place = place*d.Size[k] + at
		}
		for k, f := range measures {
			at := place*len(measures) + k
			if number := f.appendNumber(nil, i); len(number) > 0 {
				d.Value[at] = json.Number(number)
			}
			if s.Status != nil && s.Status(i) != "" {
				d.Status[at] = s.Status(i)
			}
		}
	}
}
