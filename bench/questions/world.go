package questions

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sort"
	"time"

	"mlf/bench/italy"
	"mlf/query/calendar"
	"mlf/query/question"
	"mlf/schema"
	"mlf/schema/registry"
)

// A World is what questions about a country are made of.
type World struct {
	Country *italy.Country
	Rome    *time.Location
	Comuni  []schema.ComuneID // That vote, ascending.

	lists    *registry.Registry
	clock    calendar.Clock
	upTo     []uint64          // Residents of those up to each.
	regions  []schema.RegionID // Of whom some vote, ascending.
	regionOf map[schema.ProvinceID]schema.RegionID
}

// NewWorld returns what questions about country are made of.
func NewWorld(country *italy.Country, lists *registry.Registry) (*World, error) {
	rome, err := time.LoadLocation("Europe/Rome")
	if err != nil {
		return nil, fmt.Errorf("load Rome's clock: %w", err)
	}
	clock, err := calendar.Rome()
	if err != nil {
		return nil, err
	}
	w := &World{Country: country, lists: lists, clock: clock, Rome: rome, Comuni: country.Comuni(), regionOf: lists.RegionOf()}
	var residents uint64
	for _, id := range w.Comuni {
		comune, _ := lists.Comune(id)
		residents += uint64(comune.Population)
		w.upTo = append(w.upTo, residents)
		w.regions = append(w.regions, w.Region(id))
	}
	slices.Sort(w.regions)
	w.regions = slices.Compact(w.regions)
	return w, nil
}

// Region returns the one that a comune is in.
func (w *World) Region(c schema.ComuneID) schema.RegionID { return w.regionOf[c.Province()] }

// Comune draws one by residents: more people ask of the larger.
func (w *World) Comune(random *rand.Rand) schema.ComuneID {
	at := random.Uint64N(w.upTo[len(w.upTo)-1])
	return w.Comuni[sort.Search(len(w.upTo), func(i int) bool { return w.upTo[i] > at })]
}

// Hour returns the first hour of a day in Rome.
func (w *World) Hour(year int, month time.Month, day int) schema.Hour {
	return schema.HourOf(time.Date(year, month, day, 0, 0, 0, 0, w.Rome))
}

// View returns a database as one who answers whatever is asked, as mlf query asks it
// while it has no counts in memory.
func (w *World) View(source question.Source) question.View {
	return &question.StoreView{Source: source, Codes: question.NewVocabulary(w.lists, w.clock).Codes(), Clock: w.clock}
}
