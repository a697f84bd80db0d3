package query

import (
	"cmp"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Config is how a Server behaves. Every field but Disclosure has a default.
type Config struct {
	// Disclosure is how counts are shown to the public: DisclosureLots or
	// DisclosureNone. Required.
	Disclosure string

	// Release names the program that answers: two of one release answer the same of the
	// same counts, and give it one ETag. Default: none, and ETags are the process's own.
	Release string

	// URL is where readers find the service, as https://mlf.example.it, for networks that
	// want the whole address of a picture. Default: addresses are relative.
	URL string

	// Notices are addresses by the names of dashboard.Notices, where the notices stand that
	// a site must link to. Default: the page has some of its own.
	Notices map[string]string

	// TLS, when set, serves HTTPS (and HTTP/2). It must hold a certificate, or
	// GetCertificate.
	TLS *tls.Config

	// Now is the clock; default time.Now.
	Now func() time.Time

	// StoreTimeout bounds every read of the store; default 30 s. The store's own
	// limits are expected to act first, and to say whether the question or the
	// store is to blame.
	StoreTimeout time.Duration

	// LogTimeout bounds the question where the log ends; default 1 s. The ledger
	// is answered without it rather than late.
	LogTimeout time.Duration

	// DrainMax bounds the time in which requests under way are finished when Run
	// is asked to end; default 10 s.
	DrainMax time.Duration

	// RowsMax is the most rows of one answer; default 1,000,000 (protocol §5).
	RowsMax int

	// StatsMax is the number of statistics read at the same time; default
	// StatsMaxDefault. Each may hold RowsMax rows of about 100 bytes.
	StatsMax int

	// WideMax is the number of statistics besides that ask for much, or have turned
	// out to; default WideMaxDefault.
	WideMax int

	// LookupsMax is the number of watermarks read at the same time; default
	// LookupsMaxDefault. The ledger is read once at a time, however many ask.
	LookupsMax int

	// LiveMax is the number of listeners of live figures at the same time; default
	// LiveMaxDefault. Each holds a connection and some 50 kB.
	LiveMax int
}

// How many reads the store has at once; what each may cost is the store's to
// say. Together they must leave it something for the counting.
const (
	StatsMaxDefault   = 3
	WideMaxDefault    = 1
	LookupsMaxDefault = 4
	LiveMaxDefault    = 1000
)

// Validate refuses a configuration that cannot serve.
func (c Config) Validate() error {
	switch c.Disclosure {
	case DisclosureNone, DisclosureLots:
	case "":
		return errors.New("disclosure: missing; say \"lots\" to show the public sums of lots, or \"none\" to show everybody every count, however small")
	default:
		return fmt.Errorf("disclosure %q: want \"lots\" or \"none\"", c.Disclosure)
	}
	if c.StoreTimeout < 0 || c.LogTimeout < 0 || c.DrainMax < 0 {
		return errors.New("timeouts: want none below 0")
	}
	if c.RowsMax < 0 || c.StatsMax < 0 || c.WideMax < 0 || c.LookupsMax < 0 || c.LiveMax < 0 {
		return errors.New("limits: want none below 0")
	}
	return nil
}

func (c Config) withDefaults() Config {
	c.StoreTimeout = cmp.Or(c.StoreTimeout, 30*time.Second)
	c.LogTimeout = cmp.Or(c.LogTimeout, time.Second)
	c.DrainMax = cmp.Or(c.DrainMax, 10*time.Second)
	c.RowsMax = cmp.Or(c.RowsMax, 1_000_000)
	c.StatsMax = cmp.Or(c.StatsMax, StatsMaxDefault)
	c.WideMax = cmp.Or(c.WideMax, WideMaxDefault)
	c.LookupsMax = cmp.Or(c.LookupsMax, LookupsMaxDefault)
	c.LiveMax = cmp.Or(c.LiveMax, LiveMaxDefault)
	if c.Now == nil {
		c.Now = time.Now
	}
	return c
}

// Telemetry is where a Server reports. Its zero value reports nowhere.
type Telemetry struct {
	Registerer prometheus.Registerer
	Logger     *slog.Logger
	Around     func(all http.Handler) http.Handler // What every request goes through first; nil: nothing.
}
