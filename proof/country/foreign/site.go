package foreign

import (
	"fmt"
	"net/url"
	"strconv"

	"mlf/schema"
)

// A rated is a rating in the form of the service's own script.
type rated struct {
	ID      string `json:"id"`
	Value   uint8  `json:"value"`
	Reason  string `json:"reason,omitempty"`
	Asked   string `json:"question,omitempty"`
	Service string `json:"service,omitempty"`
	Page    string `json:"page,omitempty"`
	HasText bool   `json:"has_text,omitempty"`
	AgeMS   int64  `json:"age_ms,omitempty"`
	Test    bool   `json:"test,omitempty"`
}

// playSite plays the form of a municipal site: people who rate pages, whose browser sends
// a rating again from its queue or fires its event twice, always with the same id; bots
// that fill in the field that nobody sees; and the checker that rates every page, which
// the script says is a test. Of every four sites the second's form is the theme's as it was,
// the fourth's as it has been since version 1.11.2: a rating without words ends in an error
// in its script, and nothing is sent. The third and the fourth ask how easy a digital
// service was.
func playSite(s *source) {
	s.Name, s.Scale = fmt.Sprintf("site-%d", s.index), schema.ScaleStars5
	s.Origin = fmt.Sprintf("https://comune-%d.example", s.index)
	s.Plain = s.index%2 == 1
	for h := range s.cfg.Hours {
		for _, at := range s.moments(s.cfg.First+schema.Hour(h), 15) {
			kind := pick(s.votes, 90, 7, 3)
			switch {
			case kind == 1:
				s.bot(at)
			case s.Plain:
				s.fill(at)
			case kind == 2:
				s.rate(at, true)
			default:
				s.rate(at, false)
			}
		}
	}
}

// Service stands in an Origin for that of the service, whose page is behind posters.
const Service = "{service}"

// rate plays one rating by somebody, or by the checker.
func (s *source) rate(at schema.Instant, test bool) {
	r := rated{
		ID:    fmt.Sprintf("%08x-%04x-4%03x-8%03x-%012x", s.votes.Uint32(), s.votes.Uint32N(1<<16), s.votes.Uint32N(1<<12), s.votes.Uint32N(1<<12), s.votes.Uint64N(1<<48)),
		Value: uint8(1 + pick(s.votes, 10, 5, 10, 25, 50)), Test: test,
	}
	from := s.Origin
	if s.votes.IntN(4) == 0 && !test {
		from, r.Service = Service, "anagrafe" // The code on a poster, or the button under a message in the app IO.
	} else {
		r.Page, r.HasText = s.Origin+"/servizi/"+[]string{"anagrafe", "tari", "mensa"}[s.votes.IntN(3)], s.votes.IntN(3) == 0
		r.Asked = map[bool]string{true: "ease", false: "clarity"}[s.Channel == schema.ChannelDigital]
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
		s.newest().Header["Origin"] = from
	}
	s.vote(Vote{ID: r.ID, At: at, Value: schema.Value(r.Value), Test: test, Arrived: len(arrivals) > 0})
}

// fill plays one rating in the form of the theme for WordPress. Its browser sends it once,
// or the same twice on end where the event fired twice: that can be told of what somebody
// wrote, and only such are doubled here.
func (s *source) fill(at schema.Instant) {
	value := schema.Value(1 + pick(s.votes, 10, 5, 10, 25, 50))
	answer := "Le indicazioni erano chiare"
	if value <= 3 {
		answer = "Ho avuto problemi tecnici"
	}
	form := url.Values{
		"action": {"save_rating"}, "title": {"Servizi"}, "star": {strconv.Itoa(int(value))}, "radioResponse": {answer},
		"page": {s.Origin + "/servizi/"}, "freeText": {"null"},
	}
	times := 1
	if s.votes.IntN(3) == 0 {
		form.Set("freeText", s.words())
		if s.weather.Float64() < s.cfg.Weather.Twice {
			times = 2
		}
	}
	arrived := s.weather.Float64() >= s.cfg.Weather.Lost
	if s.index%4 == 3 && form.Get("freeText") == "null" {
		arrived = false
	}
	for range times {
		if !arrived {
			break
		}
		s.fromPage(at, []byte(form.Encode()))
		s.newest().Header["Content-Type"], s.newest().Value = "application/x-www-form-urlencoded", value
	}
	s.vote(Vote{At: at, Value: value, Arrived: arrived})
}

// words returns what somebody writes, and nobody else.
func (s *source) words() string {
	letters := make([]byte, 16)
	for i := range letters {
		letters[i] = byte('a' + s.votes.IntN(26))
	}
	return "Non trovo il modulo " + string(letters)
}

// bot plays a rating of a bot, in the form of Città Facile, whose honeypot is called bind.
func (s *source) bot(at schema.Instant) {
	s.fromPage(at, marshal(map[string]any{
		"pagePath": "/servizi/anagrafe", "pageTitle": "Anagrafe", "serviceID": "anagrafe",
		"rating": 1 + s.votes.IntN(5), "option": "altro", "details": "buy now", "bind": "http://example.com/",
	}))
	s.newest().Event = false
	s.play.Truth.Bots++
}

// fromPage adds a request of a page of the site.
func (s *source) fromPage(at schema.Instant, body []byte) {
	s.post(at, "/v1/ratings/{site}", body)
	s.newest().Header["Origin"] = s.Origin
}
