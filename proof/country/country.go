package country

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"sort"
	"time"

	"mlf/proof/country/season"
	"mlf/schema"
	"mlf/schema/registry"
)

// A plan is what will be voted: it follows from the seed, the end and the
// configuration alone, so a run that found a difference can be played again.
type plan struct {
	cfg       Config
	season    season.Season
	first     schema.Hour
	end       schema.Instant
	terminals []terminal
}

// A terminal is one simulated terminal, as it is from its enrolment on.
type terminal struct {
	index  int
	enrol  schema.Enrolment // Without id, token, ordinal and slot: enrolment gives those.
	busy   float64          // Mean votes a day.
	shares [schema.ValueMax]float64
	wire   wire
}

// The streams of random numbers that a terminal draws from. They are apart, so
// that the weather of a run changes no vote.
const (
	drawTerminal = iota
	drawSending
	drawPresent
	drawSource
	drawVotes  = 1000 // And, added to it, the day.
	drawOutage = 2000 // The same.
)

func (p *plan) rand(index, draw int) *rand.Rand {
	return rand.New(rand.NewPCG(p.cfg.Seed, uint64(index)<<20|uint64(draw)))
}

// newPlan places the terminals. The floors of the season: an hour of the past
// may be all but silent; a demo has to show something at three in the morning.
func newPlan(cfg Config, reg *registry.Registry, now time.Time) (*plan, error) {
	floor := 0.002
	if cfg.Pace == PaceReal {
		floor = 0.3
	}
	p := &plan{cfg: cfg, season: season.New(floor)}
	p.first, p.end = cfg.span(now)
	places, err := newPlaces(reg, registry.DateOf(now))
	if err != nil {
		return nil, err
	}
	p.terminals = make([]terminal, cfg.Terminals)
	for i := range p.terminals {
		p.terminals[i] = p.newTerminal(i, places)
	}
	return p, nil
}

// comuni returns in how many comuni the terminals stand.
func (p *plan) comuni() int {
	seen := make(map[schema.ComuneID]bool)
	for i := range p.terminals {
		seen[p.terminals[i].enrol.Comune] = true
	}
	return len(seen)
}

// votes returns how many votes will be cast. It costs as much as casting them,
// a fraction of a microsecond each.
func (p *plan) votes() uint64 {
	var n uint64
	for i := range p.terminals {
		for day := range p.cfg.Days {
			for _, u := range p.castDay(&p.terminals[i], day, 1) {
				n += uint64(len(u.votes))
			}
		}
	}
	return n
}

// offlineShare is the share of days on which a terminal has no network.
const offlineShare = 0.05

// offline tells whether t has no network on a day. On the last day all have.
func (p *plan) offline(t *terminal, day int) bool {
	return day < p.cfg.Days-1 && p.rand(t.index, drawOutage+day).Float64() < offlineShare
}

// The mix of terminals. Counters and totems are most, as in the programme,
// though by votes the web and the phone weighed more there; the rules for
// bursts, which counters and totems alone have, want votes.
func channelMix() ([]schema.Channel, []float64) {
	return schema.Channels(), []float64{0.55, 0.20, 0.08, 0.12, 0.05}
}

// enrolledBefore is how long before the first hour played the terminals were
// enrolled, so that no vote is from before its terminal's time.
const enrolledBefore = 24 * time.Hour

func (p *plan) newTerminal(index int, places *places) terminal {
	rng := p.rand(index, drawTerminal)
	comune := places.comune(rng)
	channels, mix := channelMix()
	e := schema.Enrolment{
		Comune:   comune.ID,
		Channel:  channels[pick(rng, mix)],
		Scale:    schema.Scales()[pick(rng, []float64{0.92, 0.04, 0.04})],
		Services: places.services(rng),
		Since:    p.first.Time().Add(-enrolledBefore),
		Test:     rng.Float64() < 0.01,
	}
	if e.Channel == schema.ChannelCounter || e.Channel == schema.ChannelTotem {
		e.Office = office(rng, comune.Population)
	}
	t := terminal{
		index: index,
		enrol: e,
		// Log-normal with mean 1: a few busy halls, many quiet counters.
		busy:   p.cfg.VotesPerDay * min(3, math.Exp(0.5*rng.NormFloat64()-0.125)),
		shares: shares(rng, e.Channel, e.Scale),
		wire:   newWire(rng, p.cfg.Days, p.first),
	}
	if e.Test && t.wire.slow { // In which hour a test vote without a time counts, nobody can foresee.
		t.wire.ahead, t.wire.slow = 0, false
	}
	return t
}

// officeResidents is how many residents share an office: below, the comune has
// one and does not name it. Assumed.
const officeResidents = 15_000

func office(rng *rand.Rand, residents uint32) schema.OfficeCode {
	n := min(30, int(residents)/officeResidents)
	if n < 2 {
		return ""
	}
	return schema.OfficeCode(fmt.Sprintf("S%02d", 1+rng.IntN(n)))
}

// shares returns the share of each value. Green is as published for December
// 2010 (counter 90 %, phone 80 %, web 78 %), give or take what one office
// differs from another; the rest is yellow and red as 13 to 6 (overall, March
// 2010). The two other scales have no published figures: assumed.
func shares(rng *rand.Rand, c schema.Channel, s schema.Scale) [schema.ValueMax]float64 {
	switch s {
	case schema.ScaleSmiley4:
		return [...]float64{0.06, 0.08, 0.26, 0.60, 0}
	case schema.ScaleStars5:
		return [...]float64{0.07, 0.04, 0.10, 0.24, 0.55}
	default:
	}
	green := 0.90
	switch c {
	case schema.ChannelPhone:
		green = 0.80
	case schema.ChannelWeb, schema.ChannelDigital:
		green = 0.78
	default:
	}
	green += 0.12 * (rng.Float64() - 0.5)
	return [...]float64{(1 - green) * 6 / 19, (1 - green) * 13 / 19, green, 0, 0}
}

// places is where terminals can stand and what they can offer.
type places struct {
	comuni   []registry.Comune
	upTo     []float64 // Residents of the comuni up to each.
	offered  []schema.EnrolledService
	offering []float64 // How likely each is.
}

func newPlaces(reg *registry.Registry, on registry.Date) (*places, error) {
	p := &places{comuni: reg.ComuniAt(on)}
	var residents float64
	for i := range p.comuni {
		residents += float64(p.comuni[i].Population)
		p.upTo = append(p.upTo, residents)
	}
	for _, s := range reg.Services() {
		if s.ID != schema.ServiceUnspecified {
			p.offered = append(p.offered, schema.EnrolledService{Code: s.Code, ID: s.ID})
			// The registry numbers the general services of every town hall first.
			p.offering = append(p.offering, 1/float64(s.ID))
		}
	}
	if residents == 0 || len(p.offered) == 0 {
		return nil, fmt.Errorf("registry has %v residents and %d services: want some of each", residents, len(p.offered))
	}
	return p, nil
}

func (p *places) comune(rng *rand.Rand) *registry.Comune {
	at := rng.Float64() * p.upTo[len(p.upTo)-1]
	i := sort.SearchFloat64s(p.upTo, at)
	return &p.comuni[min(i, len(p.comuni)-1)]
}

// services returns one to four services, the first the default.
func (p *places) services(rng *rand.Rand) []schema.EnrolledService {
	var some []schema.EnrolledService
	for range 1 + rng.IntN(4) {
		s := p.offered[pick(rng, p.offering)]
		if !slices.Contains(some, s) {
			some = append(some, s)
		}
	}
	return some
}

// pick returns an index, each as likely as its weight.
func pick(rng *rand.Rand, weights []float64) int {
	var sum float64
	for _, w := range weights {
		sum += w
	}
	at := rng.Float64() * sum
	for i, w := range weights {
		if at -= w; at < 0 {
			return i
		}
	}
	return len(weights) - 1
}
