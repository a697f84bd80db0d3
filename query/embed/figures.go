package embed

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"mlf/query/figures"
)

// Figures are what is shown of a comune: its headline, as the public answer has it.
type Figures struct {
	Code, Name         string
	From, Next         time.Time
	Green, Yellow, Red uint64
	N                  uint64
	Low, High          float64 // Of the share of green.
	Hidden             bool    // There is no figure, not even zero.
	Lots               bool    // Votes are counted that are published: there may be others.
	Status             string  // Codes of statuses.
}

// Read reads the public answer on a comune. An error: it is not one.
func Read(answer []byte) (*Figures, error) {
	var a struct {
		Meta struct {
			From, To   time.Time
			Disclosure string
		}
		Place    struct{ Code, Name string }
		Headline *struct {
			Green, Yellow, Red, N *uint64
			Low                   *float64 `json:"green_low"`
			High                  *float64 `json:"green_high"`
			Status                []string
		}
	}
	if err := json.Unmarshal(answer, &a); err != nil {
		return nil, fmt.Errorf("read answer on a comune: %w", err)
	}
	h := a.Headline
	if h == nil || a.Place.Code == "" || !a.Meta.From.Before(a.Meta.To) {
		return nil, fmt.Errorf("read answer on a comune: it lacks the comune, its time or its headline: %.200s", answer)
	}
	f := &Figures{Code: a.Place.Code, Name: a.Place.Name, From: a.Meta.From, Next: a.Meta.To, Status: strings.Join(h.Status, ""), Lots: a.Meta.Disclosure == "lots"}
	if h.N == nil || h.Green == nil || h.Yellow == nil || h.Red == nil {
		f.Hidden = true
		return f, nil
	}
	f.Green, f.Yellow, f.Red, f.N = *h.Green, *h.Yellow, *h.Red, *h.N
	if h.Low != nil && h.High != nil {
		f.Low, f.High = *h.Low, *h.High
	}
	return f, nil
}

// has tells whether the status of f has a code.
func (f *Figures) has(code string) bool { return strings.Contains(f.Status, code) }

// shares are the parts of green, yellow and red, in thousandths that add up.
func (f *Figures) shares() []uint64 {
	return figures.Apportion([]uint64{f.Green, f.Yellow, f.Red}, thousand)
}

const thousand = 1000

// month returns the year and month of f. A month of Rome begins an hour or two before that
// of UTC, so its middle is within both.
func (f *Figures) month() (int, time.Month) {
	middle := f.From.Add(f.Next.Sub(f.From) / 2).UTC()
	return middle.Year(), middle.Month()
}
