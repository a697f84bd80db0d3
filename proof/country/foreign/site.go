package foreign

import (
	"fmt"

	"mlf/schema"
)

// A rated is a rating in the form of the service's own script.
type rated struct {
	ID      string `json:"id"`
	Value   uint8  `json:"value"`
	Reason  string `json:"reason,omitempty"`
	Service string `json:"service,omitempty"`
	Page    string `json:"page"`
	HasText bool   `json:"has_text"`
	AgeMS   int64  `json:"age_ms,omitempty"`
	Test    bool   `json:"test,omitempty"`
}

// playSite plays the form of a municipal site: people who rate pages, whose browser sends
// a rating again from its queue or fires its event twice, always with the same id; bots
// that fill in the field that nobody sees; and the checker that rates every page, which
// the script says is a test.
func playSite(s *source) {
	s.Name, s.Scale = fmt.Sprintf("site-%d", s.index), schema.ScaleStars5
	s.Origin = fmt.Sprintf("https://comune-%d.example", s.index)
	for h := range s.cfg.Hours {
		for _, at := range s.moments(s.cfg.First+schema.Hour(h), 15) {
			switch pick(s.votes, 90, 7, 3) {
			case 1:
				s.bot(at)
			case 2:
				s.rate(at, true)
			default:
				s.rate(at, false)
			}
		}
	}
}

// rate plays one rating by somebody, or by the checker.
func (s *source) rate(at schema.Instant, test bool) {
	r := rated{
		ID:    fmt.Sprintf("%08x-%04x-4%03x-8%03x-%012x", s.votes.Uint32(), s.votes.Uint32N(1<<16), s.votes.Uint32N(1<<12), s.votes.Uint32N(1<<12), s.votes.Uint64N(1<<48)),
		Value: uint8(1 + pick(s.votes, 10, 5, 10, 25, 50)), Page: s.Origin + "/servizi/" + []string{"anagrafe", "tari", "mensa"}[s.votes.IntN(3)],
		HasText: s.votes.IntN(3) == 0, Test: test,
	}
	reasons := []string{"unclear", "incomplete", "unsure", "technical", "other", ""}
	if r.Value > 3 {
		reasons = []string{"clear", "complete", "sure", "no_trouble", "other", ""}
	}
	r.Reason = reasons[s.votes.IntN(len(reasons))]
	arrivals := s.cfg.Weather.arrivals(s.weather, at, s.cfg.Weather.Lost)
	for _, arrival := range arrivals {
		r.AgeMS = 0
		if age := int64(arrival - at); age > 1000 {
			r.AgeMS = age // From the queue of the browser.
		}
		s.fromPage(arrival, marshal(r))
	}
	s.vote(Vote{ID: r.ID, At: at, Value: schema.Value(r.Value), Test: test, Arrived: len(arrivals) > 0})
}

// bot plays a rating of a bot, in the form of Città Facile, whose honeypot is called bind.
func (s *source) bot(at schema.Instant) {
	s.fromPage(at, marshal(map[string]any{
		"pagePath": "/servizi/anagrafe", "pageTitle": "Anagrafe", "serviceID": "anagrafe",
		"rating": 1 + s.votes.IntN(5), "option": "altro", "details": "buy now", "bind": "http://example.com/",
	}))
	s.play.Truth.Bots++
}

// fromPage adds a request of a page of the site.
func (s *source) fromPage(at schema.Instant, body []byte) {
	s.post(at, "/v1/ratings/{site}", body)
	s.play.Requests[len(s.play.Requests)-1].Header["Origin"] = s.Origin
}
