package country

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"time"

	"mlf/schema"
)

// ErrDiffers is the error of a simulation whose service counted anything but
// what was cast. The report names what differs.
var ErrDiffers = errors.New("the service's count differs from the votes cast")

// A Report is what a simulation did and found.
type Report struct {
	Seed      uint64            `json:"seed"`
	Terminals int               `json:"terminals"`
	Comuni    int               `json:"comuni"`
	From      time.Time         `json:"from"` // The plan's first hour.
	To        time.Time         `json:"to"`   // The last vote's minute at the latest.
	Votes     uint64            `json:"votes"`
	Channels  map[string]Shares `json:"channels"` // Counted votes on scale mlf3 by channel.

	Requests  uint64 `json:"requests"`   // Sent, whatever became of them.
	Answered  uint64 `json:"answered"`   // Votes answered 202, repeated ones included.
	SentAgain uint64 `json:"sent_again"` // Votes sent more than once.
	Conflicts uint64 `json:"conflicts"`  // Votes sent with other content under a decided seq.

	Sources        int    `json:"sources"`         // That keep no state.
	EventsSent     uint64 `json:"events_sent"`     // What they told, every try.
	EventsAnswered uint64 `json:"events_answered"` // Of that what was taken.
	SourceVotes    uint64 `json:"source_votes"`    // What the service has counted of them.

	Weather        map[string]int `json:"weather"` // Requests without a useful answer, by cause.
	Elapsed        time.Duration  `json:"elapsed_ns"`
	VotesPerSecond float64        `json:"votes_per_second"` // Answered, while sending.

	Compared         bool         `json:"compared"` // False when the run ended before the comparison.
	Cells            int          `json:"cells"`    // Cells compared.
	Watermarks       int          `json:"watermarks"`
	Ledger           schema.Tally `json:"ledger"` // What the service's ledger grew by.
	Differences      []string     `json:"differences"`
	DifferencesTotal int          `json:"differences_total"`

	// Votes missing in cells, and too many in cells. One in a wrong cell is both.
	Lost    uint64 `json:"lost"`
	Doubled uint64 `json:"doubled"`
}

// Shares are the counts of the three faces.
type Shares struct {
	Red    uint64 `json:"red"`
	Yellow uint64 `json:"yellow"`
	Green  uint64 `json:"green"`
}

// N returns the votes.
func (s Shares) N() uint64 { return s.Red + s.Yellow + s.Green }

// channels sums the expected cells by channel.
func (x *expectation) channels() map[string]Shares {
	x.mu.Lock()
	defer x.mu.Unlock()
	sums := make(map[string]Shares)
	for cell, count := range x.cells {
		if cell.Scale != schema.ScaleMLF3 {
			continue
		}
		s := sums[cell.Channel.String()]
		s.Red += uint64(count.want[schema.Red-1])
		s.Yellow += uint64(count.want[schema.Yellow-1])
		s.Green += uint64(count.want[schema.Green-1])
		if s.N() > 0 {
			sums[cell.Channel.String()] = s
		}
	}
	return sums
}

// Print writes the report for people.
func (r *Report) Print(w io.Writer) error {
	p := printer{w: w}
	p.line("%d terminals in %d comuni cast %d votes (seed %d)", r.Terminals, r.Comuni, r.Votes, r.Seed)
	for _, name := range slices.Sorted(maps.Keys(r.Channels)) {
		s := r.Channels[name]
		p.line("  %-8s %9d votes, green %.1f %%", name, s.N(), 100*float64(s.Green)/float64(s.N()))
	}
	p.line("%d votes answered in %d requests, %.0f votes/s; %d votes (%.1f %%) sent more than once, %d contradicted",
		r.Answered, r.Requests, r.VotesPerSecond, r.SentAgain, 100*float64(r.SentAgain)/float64(max(1, r.Votes)), r.Conflicts)
	if r.Sources > 0 {
		p.line("%d sources without state told %d events, %d tries", r.Sources, r.EventsAnswered, r.EventsSent)
	}
	for _, cause := range slices.Sorted(maps.Keys(r.Weather)) {
		p.line("  %d requests tried again: %s", r.Weather[cause], cause)
	}
	if !r.Compared {
		p.line("not compared")
		return p.err
	}
	p.line("ledger: votes_in %d = counted %d + duplicates %d + conflicts %d + quarantined %d + voided %d",
		r.Ledger.VotesIn, r.Ledger.Counted, r.Ledger.Duplicates, r.Ledger.Conflicts, r.Ledger.Quarantined, r.Ledger.Voided)
	if e := r.Ledger.Events; e.In > 0 {
		p.line("events: in %d = used %d + repeated %d + stale %d + conflicts %d + quarantined %d", e.In, e.Used, e.Repeated, e.Stale, e.Conflicts, e.Quarantined)
	}
	p.line("%d cells and %d watermarks compared in all of %v: %d differences", r.Cells, r.Watermarks, r.Elapsed.Round(time.Second), r.DifferencesTotal)
	for _, d := range r.Differences {
		p.line("  %s", d)
	}
	if more := r.DifferencesTotal - len(r.Differences); more > 0 {
		p.line("  and %d more", more)
	}
	return p.err
}

// A printer keeps the first error of writing.
type printer struct {
	w   io.Writer
	err error
}

func (p *printer) line(format string, args ...any) {
	if p.err == nil {
		_, p.err = fmt.Fprintf(p.w, format+"\n", args...)
	}
}
