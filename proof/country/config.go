package country

import (
	"cmp"
	"crypto/tls"
	"fmt"
	"io"
	"net/url"
	"time"

	"mlf/schema"
)

// Pace is how fast the votes are played.
type Pace string

// The paces.
const (
	PaceFast Pace = "fast" // The past days, as fast as the service takes them.
	PaceReal Pace = "real" // From now on, as citizens would press.
)

// The limits of a simulation.
const (
	// TerminalsMax is the programme's ambition of 2009: 100,000 counters.
	TerminalsMax = 100_000

	// DaysMax stays clear of 400 days, after which the protocol takes a vote
	// for one with a wrong clock.
	DaysMax = 390

	// VotesPerDayMax keeps the busiest hour of the busiest terminals below
	// what fits into an hour at the spacing that makes classes certain.
	VotesPerDayMax = 400
)

// Config says what to play and against whom. Its zero value plays 200
// terminals for one day against the addresses that `mlf up` listens on.
type Config struct {
	Ingest []string // URLs of ingest processes, used in turn. Default http://127.0.0.1:8080.
	Query  string   // URL of query. Default http://127.0.0.1:8081.

	Terminals int    // Default 200, at most TerminalsMax.
	Days      int    // Days of the past to play, to a minute ago. Default 1 (pace fast), at most DaysMax. With PaceReal 0 is none.
	Seed      uint64 // The same seed, end and configuration make the same plan.
	Pace      Pace   // Default PaceFast.

	// VotesPerDay is the mean of a terminal in a mean week. Default 100, some
	// ten times what the programme saw, so that a week of 2,000 terminals
	// makes more than a million votes in any season.
	VotesPerDay float64

	// ResendShare is the share of answers that are lost on their way, so that
	// the terminal sends the same votes again. Default 0.08, below 0.9;
	// negative: none.
	ResendShare float64

	Rate     float64       // PaceReal: votes a second, all terminals together. Default one a minute and terminal.
	Duration time.Duration // PaceReal: how long to play; 0 is until the context ends.

	Connections int           // Requests in flight at most. Default 32.
	Timeout     time.Duration // Of one request. Default 15 s; must stay below spacingMin, see cast.go.
	GiveUp      time.Duration // How long nothing may succeed before the simulation ends with an error. Default 10 min.

	// Foreign has sources beside the terminals that keep no state: boxes on LoRaWAN, devices
	// with counters, telephone exchanges, forms of sites. With PaceFast only.
	Foreign bool

	// SkipCheck leaves out the comparison and what it needs, and with PaceReal
	// the sending of what is left: for a demo whose service stops with it.
	SkipCheck bool

	TLS      *tls.Config      // For https addresses; nil: the system's authorities.
	Progress io.Writer        // A terminal gets a progress bar; anything else, log lines; nil nothing.
	Now      func() time.Time // Default time.Now.
}

// withDefaults returns c with every zero replaced by its default.
func (c Config) withDefaults() Config {
	if len(c.Ingest) == 0 {
		c.Ingest = []string{"http://127.0.0.1:8080"}
	}
	if c.Query == "" {
		c.Query = "http://127.0.0.1:8081"
	}
	c.Terminals = cmp.Or(c.Terminals, 200)
	c.Pace = cmp.Or(c.Pace, PaceFast)
	if c.Pace == PaceFast {
		c.Days = cmp.Or(c.Days, 1)
	}
	c.VotesPerDay = cmp.Or(c.VotesPerDay, 100)
	c.ResendShare = cmp.Or(c.ResendShare, 0.08)
	c.Rate = cmp.Or(c.Rate, float64(c.Terminals)/60)
	c.Connections = cmp.Or(c.Connections, 32)
	c.Timeout = cmp.Or(c.Timeout, 15*time.Second)
	c.GiveUp = cmp.Or(c.GiveUp, 10*time.Minute)
	if c.Now == nil {
		c.Now = time.Now
	}
	return c
}

// Validate tells what in c cannot be played.
func (c Config) Validate() error {
	c = c.withDefaults()
	for _, address := range append([]string{c.Query}, c.Ingest...) {
		u, err := url.Parse(address)
		if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
			return fmt.Errorf("address %q: want a URL like http://127.0.0.1:8080", address)
		}
	}
	switch {
	case c.Pace != PaceFast && c.Pace != PaceReal:
		return fmt.Errorf("pace %q: want %s or %s", c.Pace, PaceFast, PaceReal)
	case c.Terminals < 1 || c.Terminals > TerminalsMax:
		return fmt.Errorf("%d terminals: want 1 to %d", c.Terminals, TerminalsMax)
	case c.Foreign && c.Pace != PaceFast:
		return fmt.Errorf("sources without state: want pace %s", PaceFast)
	case c.Days < 0 || c.Days > DaysMax:
		return fmt.Errorf("%d days: want at most %d", c.Days, DaysMax)
	case !(c.VotesPerDay > 0 && c.VotesPerDay <= VotesPerDayMax):
		return fmt.Errorf("%v votes per day: want more than 0, at most %d", c.VotesPerDay, VotesPerDayMax)
	case !(c.ResendShare < 0.9):
		return fmt.Errorf("share of re-sends %v: want less than 0.9", c.ResendShare)
	case !(c.Rate > 0 && c.Rate <= rateMax(c.Terminals)):
		return fmt.Errorf("rate of %v votes/s: want at most %.2f, so that votes of one terminal are apart", c.Rate, rateMax(c.Terminals))
	case c.Connections < 1 || c.Connections > 4096:
		return fmt.Errorf("%d connections: want 1 to 4096", c.Connections)
	case c.Timeout <= 0 || c.Timeout > spacingMin-5*time.Second:
		return fmt.Errorf("timeout %v: want at most %v, so that a delay cannot change a class", c.Timeout, spacingMin-5*time.Second)
	case c.GiveUp <= 0 || c.Duration < 0:
		return fmt.Errorf("give-up after %v, duration %v: want positive spans", c.GiveUp, c.Duration)
	}
	return nil
}

// rateMax is the most votes a second that terminals can cast one by one.
func rateMax(terminals int) float64 { return float64(terminals) * 1000 / float64(citizenGap) }

// span returns the hours that the plan casts votes in, half-open, and the end
// to the minute. It is a minute back, so that no clock that is a little off
// finds votes from the future.
func (c Config) span(now time.Time) (first schema.Hour, end schema.Instant) {
	end = schema.InstantOf(now.Add(-time.Minute).Truncate(time.Minute))
	return end.Hour() - schema.Hour(24*c.Days), end
}
