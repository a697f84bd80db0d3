package foreign

import (
	"fmt"
	"slices"

	"mlf/schema"
)

// A counted is the body of POST /v1/counters.
type counted struct {
	Epoch    string `json:"epoch"`
	Seq      uint64 `json:"seq"`
	Counters struct {
		Green  uint64 `json:"green"`
		Yellow uint64 `json:"yellow"`
		Red    uint64 `json:"red"`
	} `json:"counters"`
}

// playDevice plays a device with three faces that tells its totals over HTTP every few
// minutes, and begins a new epoch each time that it is started.
func playDevice(s *source) {
	s.Name = fmt.Sprintf("device-%d", s.index)
	s.Scale, s.FromZero = schema.ScaleMLF3, true
	m := meter{
		values: int(s.Scale.Max()), busy: 10 + 30*s.votes.Float64(),
		interval: schema.Instant(2+s.votes.IntN(8)) * hour / 60,
	}
	reports := slices.DeleteFunc(s.reports(&m), func(r report) bool { return r.kind != totalsReport })
	for _, a := range s.deliver(reports) {
		r := &reports[a.index]
		body := counted{Epoch: fmt.Sprintf("boot-%d", r.session), Seq: r.number}
		body.Counters.Red, body.Counters.Yellow, body.Counters.Green = r.totals[schema.Red-1], r.totals[schema.Yellow-1], r.totals[schema.Green-1]
		s.post(a.at, "/v1/counters", marshal(body))
	}
}
