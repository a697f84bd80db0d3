package foreign

import (
	"cmp"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"mlf/schema"
)

// A Config says what is played. Sources of each kind are numbered from 0; eight boxes,
// two devices, two exchanges and four sites show all that their kind does.
type Config struct {
	Seed  uint64
	First schema.Hour // The first hour that is played.
	Hours int         // 1 to HoursMax.

	Boxes     int // By turns by The Things Stack v3, ChirpStack v4, Skiply's own server, and Sigfox.
	Devices   int // That tell totals themselves.
	Exchanges int // Even ones by Yeastar, odd ones in the generic form.
	Sites     int // Of municipalities: even ones by the script, odd ones by the form of their own theme for WordPress.

	Weather Weather
}

// Limits of a play, which is made in memory.
const (
	HoursMax       = 24 * 400
	SourceHoursMax = 250_000 // Sources times hours: at most 2.5 GB, a third of it without exchanges.
)

// Validate tells what is out of range.
func (c *Config) Validate() error {
	if c.Hours < 1 || c.Hours > HoursMax {
		return fmt.Errorf("play: want 1 to %d hours", HoursMax)
	}
	hours := 0
	for _, n := range []int{c.Boxes, c.Devices, c.Exchanges, c.Sites} {
		if n < 0 || n > SourceHoursMax {
			return fmt.Errorf("play: want 0 to %d sources of each kind", SourceHoursMax)
		}
		hours += n * c.Hours
	}
	if hours > SourceHoursMax {
		return fmt.Errorf("play: want at most %d hours of all sources together", SourceHoursMax)
	}
	return c.Weather.validate()
}

// Weather is what becomes of what is sent. The zero value is a fine day: all arrives,
// once and in order. Shares are 0 to 1.
type Weather struct {
	Lost    float64       // Share of what never arrives.
	Twice   float64       // Share of what arrives twice or three times.
	Late    float64       // Share of deliveries that are up to LateMax late, and so out of order.
	LateMax time.Duration // At most LateLimit.
	Cuts    float64       // Power cuts of a box or device in a day, on average: 0 to 24.
	Boots   float64       // Share of the frames with which a box says that it was started that never arrive.
}

// LateLimit is the longest delay that can be played.
const LateLimit = 30 * 24 * time.Hour

func (w *Weather) validate() error {
	for _, share := range []float64{w.Lost, w.Twice, w.Late, w.Boots} {
		if !(share >= 0 && share <= 1) {
			return errors.New("weather: want shares from 0 to 1")
		}
	}
	if w.LateMax < 0 || w.LateMax > LateLimit {
		return fmt.Errorf("weather: want delays of at most %v", LateLimit)
	}
	if !(w.Cuts >= 0 && w.Cuts <= 24) {
		return errors.New("weather: want 0 to 24 power cuts a day")
	}
	return nil
}

// arrivals returns when what is sent at an instant arrives: not at all, or one to three
// times, in no order.
func (w *Weather) arrivals(rng *rand.Rand, sent schema.Instant, lost float64) []schema.Instant {
	if rng.Float64() < lost {
		return nil
	}
	n := 1
	if rng.Float64() < w.Twice {
		n += 1 + rng.IntN(2)
	}
	all := make([]schema.Instant, n)
	for i := range all {
		all[i] = sent + 50 + schema.Instant(rng.IntN(900))
		if rng.Float64() < w.Late {
			all[i] += schema.Instant(rng.Int64N(w.LateMax.Milliseconds() + 1))
		}
	}
	return all
}

// A Request is one that arrives at the service.
type Request struct {
	At     schema.Instant // When it arrives.
	Source string         // Whose it is, for what was given to it at its enrolment.

	// Path has its query, and {site} where the key of the site Source belongs. All are
	// POST.
	Path   string
	Header map[string]string // Without authorisation.
	Body   []byte

	// Event: it tells what is to be counted, once or again. Others are of joins and
	// batteries, of bots, of keys that stand for nothing, of hands at a console.
	Event bool

	// Value is that of a rating without an identity, of which nobody can tell a second try
	// from a second one; else 0.
	Value schema.Value
}

// A File is what a source keeps, for who imports it in the end.
type File struct {
	Source string
	Name   string // "Master.csv".
	Body   []byte
}

// A Source is one of those that are played, as whoever enrols it has to know it.
type Source struct {
	Name  string // Of a box its DevEUI, 16 lower-case hexadecimal digits.
	Kind  Kind
	Scale schema.Scale // Of what it tells. A box's button n is n stars.

	Channel schema.Channel

	FromZero bool   // Of boxes and devices: the first report is news. Else it only says where counters stand.
	Serial   string // Of an exchange: what it calls itself in its webhooks; "": nothing.
	Origin   string // Of a site: where its pages are.
	way      string // In which the network of a box or an exchange speaks.
	Plain    bool   // Of a site: its own form tells no identity. Else the service's script does.
}

// A Kind of sources.
type Kind uint8

// The kinds.
const (
	Box      Kind = 1
	Device   Kind = 2
	Exchange Kind = 3
	Site     Kind = 4
)

// channel returns on which channel source i of a kind is counted.
func (k Kind) channel(i int) schema.Channel {
	switch k {
	case Box:
		return schema.ChannelTotem
	case Device:
		return schema.ChannelCounter
	case Exchange:
		return schema.ChannelPhone
	case Site:
	}
	if i%4 > 1 {
		return schema.ChannelDigital
	}
	return schema.ChannelWeb
}

// A Play is all that arrives, and what is true of it.
type Play struct {
	Sources  []Source
	Requests []Request // In the order in which they arrive.
	Files    []File
	Truth    Truth
}

// The draws of a source: what is voted is apart from what becomes of it.
const (
	drawVotes   = 1
	drawWeather = 2
)

// New makes the play of cfg: the same one each time.
func New(cfg Config) (*Play, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	p := &Play{Truth: Truth{Pressed: make(map[Cell]uint64)}}
	kinds := []struct {
		kind Kind
		n    int
		play func(*source)
	}{
		{Box, cfg.Boxes, playBox},
		{Device, cfg.Devices, playDevice},
		{Exchange, cfg.Exchanges, playExchange},
		{Site, cfg.Sites, playSite},
	}
	for _, k := range kinds {
		for i := range k.n {
			id := uint64(k.kind)<<40 | uint64(i)<<8
			s := &source{
				Source: Source{Kind: k.kind, Channel: k.kind.channel(i)}, cfg: &cfg, play: p, index: i,
				votes:   rand.New(rand.NewPCG(cfg.Seed, id|drawVotes)),
				weather: rand.New(rand.NewPCG(cfg.Seed, id|drawWeather)),
			}
			k.play(s)
			p.Sources = append(p.Sources, s.Source)
		}
	}
	slices.SortStableFunc(p.Requests, func(a, b Request) int { return cmp.Compare(a.At, b.At) })
	return p, nil
}

// A source is a Source that is being played.
type source struct {
	Source
	cfg     *Config
	play    *Play
	index   int // Among those of its kind.
	votes   *rand.Rand
	weather *rand.Rand
}

// first and end are the span that is played.
func (s *source) first() schema.Instant { return schema.InstantOf(s.cfg.First.Time()) }
func (s *source) end() schema.Instant   { return s.first() + schema.Instant(s.cfg.Hours)*hour }

// hour is one in milliseconds.
const hour = 3600 * 1000

// post adds a request that arrives at an instant, with a body of JSON.
func (s *source) post(at schema.Instant, path string, body []byte) {
	s.play.Requests = append(s.play.Requests, Request{
		At: at, Source: s.Name, Path: path, Body: body, Event: true,
		Header: map[string]string{"Content-Type": "application/json"},
	})
}

// newest is the request that was added last.
func (s *source) newest() *Request { return &s.play.Requests[len(s.play.Requests)-1] }

// aside adds a request that tells nothing to be counted.
func (s *source) aside(at schema.Instant, path string, body []byte) {
	s.post(at, path, body)
	s.newest().Event = false
}

// send adds body as often as it arrives, and tells whether it does.
func (s *source) send(sent schema.Instant, path string, body []byte) bool {
	arrivals := s.cfg.Weather.arrivals(s.weather, sent, s.cfg.Weather.Lost)
	for _, at := range arrivals {
		s.post(at, path, body)
	}
	return len(arrivals) > 0
}

// moments returns when somebody votes in an hour, in order, where busy do on average
// while it is day.
func (s *source) moments(h schema.Hour, busy float64) []schema.Instant {
	mean := busy
	if clock := h % 24; clock < 7 || clock > 17 { // UTC; counters of town halls are shut.
		mean = busy / 50
	}
	begin := schema.InstantOf(h.Time())
	all := make([]schema.Instant, 0, int(2*mean)+1)
	for at := s.votes.ExpFloat64() * hour / mean; at < hour; at += s.votes.ExpFloat64() * hour / mean {
		all = append(all, begin+schema.Instant(at))
	}
	return all
}

// pick returns an index, each as likely as its weight.
func pick(rng *rand.Rand, weights ...float64) int {
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
