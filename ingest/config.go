package ingest

import (
	"cmp"
	"crypto/tls"
	"fmt"
	"math/rand/v2"
	"time"

	"mlf/ingest/report"
	"mlf/schema"
)

// Config holds the limits of the front door. Zero stands for the default.
type Config struct {
	// BodyBytesMax is the longest body as sent. Default 256 KiB: a thousand
	// votes in plain JSON are some 110 KiB.
	BodyBytesMax int

	// DecodedBytesMax is the longest body after decompression. Default 1 MiB;
	// at least BodyBytesMax.
	DecodedBytesMax int

	// VotesMax is the most votes of one request. Default and highest
	// schema.BatchVotesMax, because a request is one record.
	VotesMax int

	// InflightBytesMax is the most bytes of requests held at once: bodies, long
	// headers, and what each request costs besides (requestBytes). Beyond it the
	// answer is 503 as soon as it is known. Default 64 MiB: at 50 ms to an
	// acknowledgement that is tens of thousands of requests a second, and it bounds
	// what a silent log can pile up.
	InflightBytesMax int64

	// HeaderBytesMax is the longest header of a request, its first line included;
	// at least 1 KiB. Default 16 KiB: terminals send some 300 bytes, a mesh or a
	// portal adds certificates and cookies. Memory is held for what has come.
	HeaderBytesMax int

	// ConnsMax is the most open connections. Default 16,384: about 20 KiB each,
	// 330 MiB when all are busy; 27 and 440 with TLS.
	ConnsMax int

	// ReadMax is the longest time to read a request, WriteMax to write an
	// answer, IdleMax to wait for the next request. Defaults 10 s, 10 s, 90 s:
	// terminals behind a mobile network send little and seldom. Behind a load
	// balancer IdleMax must be longer than the balancer's own, or it sends a
	// request on a connection that is just being closed.
	ReadMax, WriteMax, IdleMax time.Duration

	// AppendMax is the longest wait for the log's acknowledgement; then 503.
	// Default 4.5 s: longer than a change of leader, shorter than the patience
	// of terminals and proxies.
	AppendMax time.Duration

	// DrainMax is the longest time to answer what is held when Run's context
	// ends; then connections are cut. Default 10 s, at most 20 s: the usual
	// grace before a process is killed is 30 s.
	DrainMax time.Duration

	// TLS makes the listener speak TLS, 1.2 at least. Nil: plain HTTP. Keys of
	// session tickets, GetConfigForClient and VerifyConnection are the server's own.
	// GetCertificate may return another one at any time; sessions go on.
	TLS *tls.Config

	// KeyExchange says when key exchanges of TLS are hybrid. Default
	// KeyExchangeAuto.
	KeyExchange KeyExchange

	// Served takes how many users were served. Nil: there is nothing at its
	// addresses.
	Served *report.Served

	// Sources takes what sources say that keep no state. Nil: there is nothing at its
	// addresses.
	Sources *Sources

	// Pages are shown, and set devices up. Nil: there is nothing at their addresses.
	Pages *Pages

	// Heartbeats takes what devices say of themselves. Nil: there is nothing at its
	// address.
	Heartbeats *report.Heartbeats

	// Now is the server's clock. Default time.Now.
	Now func() time.Time

	// Jitter returns a number from 0 to n-1, different each time. It spreads
	// the return of terminals. Default: random.
	Jitter func(n int) int
}

const (
	// drainLimit is the highest DrainMax.
	drainLimit = 20 * time.Second

	// headerBytesLimit is the highest HeaderBytesMax.
	headerBytesLimit = 1 << 20
)

// withDefaults returns c with its zero fields filled in.
func (c Config) withDefaults() Config {
	c.BodyBytesMax = cmp.Or(c.BodyBytesMax, 256<<10)
	c.DecodedBytesMax = cmp.Or(c.DecodedBytesMax, 1<<20)
	c.VotesMax = cmp.Or(c.VotesMax, schema.BatchVotesMax)
	c.InflightBytesMax = cmp.Or(c.InflightBytesMax, 64<<20)
	c.HeaderBytesMax = cmp.Or(c.HeaderBytesMax, 16<<10)
	c.ConnsMax = cmp.Or(c.ConnsMax, 16384)
	c.ReadMax = cmp.Or(c.ReadMax, 10*time.Second)
	c.WriteMax = cmp.Or(c.WriteMax, 10*time.Second)
	c.IdleMax = cmp.Or(c.IdleMax, 90*time.Second)
	c.AppendMax = cmp.Or(c.AppendMax, 4500*time.Millisecond)
	c.DrainMax = cmp.Or(c.DrainMax, 10*time.Second)
	if c.KeyExchange == "" {
		c.KeyExchange = KeyExchangeAuto
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Jitter == nil {
		c.Jitter = rand.IntN
	}
	return c
}

// slackShare is the part of the shortest limit by which a connection's limits may
// be off: half a second by default.
const slackShare = 20

// connLimits returns the limits of a connection.
func (c Config) connLimits() connLimits {
	return connLimits{
		read: c.ReadMax, idle: c.IdleMax, headerBytes: c.HeaderBytesMax,
		slack: min(c.ReadMax, c.WriteMax, c.IdleMax) / slackShare,
	}
}

// Validate refuses limits that cannot work together.
func (c Config) Validate() error {
	c = c.withDefaults()
	for _, limit := range []struct {
		name  string
		value int64
	}{
		{"body bytes", int64(c.BodyBytesMax)},
		{"connections", int64(c.ConnsMax)},
		{"read time", int64(c.ReadMax)},
		{"write time", int64(c.WriteMax)},
		{"idle time", int64(c.IdleMax)},
		{"append time", int64(c.AppendMax)},
	} {
		if limit.value < 0 {
			return fmt.Errorf("ingest: %s %d: want a positive limit", limit.name, limit.value)
		}
	}
	if c.VotesMax < 1 || c.VotesMax > schema.BatchVotesMax {
		return fmt.Errorf("ingest: %d votes a request: want 1 to %d", c.VotesMax, schema.BatchVotesMax)
	}
	if c.DecodedBytesMax < c.BodyBytesMax {
		return fmt.Errorf("ingest: %d bytes decoded: want at least the %d bytes as sent", c.DecodedBytesMax, c.BodyBytesMax)
	}
	if least := int64(c.BodyBytesMax) + int64(c.HeaderBytesMax) + requestBytes; c.InflightBytesMax < least {
		return fmt.Errorf("ingest: %d bytes in flight: want at least %d, one request", c.InflightBytesMax, least)
	}
	if c.HeaderBytesMax < aheadBytes || c.HeaderBytesMax > headerBytesLimit {
		return fmt.Errorf("ingest: %d header bytes: want %d to %d", c.HeaderBytesMax, aheadBytes, headerBytesLimit)
	}
	if x := c.KeyExchange; x != KeyExchangeAuto && x != KeyExchangeHybrid && x != KeyExchangeClassical {
		return fmt.Errorf("ingest: key exchange %q: want %s, %s or %s", x, KeyExchangeAuto, KeyExchangeHybrid, KeyExchangeClassical)
	}
	if c.DrainMax < 0 || c.DrainMax > drainLimit {
		return fmt.Errorf("ingest: drain for %v: want at most %v", c.DrainMax, drainLimit)
	}
	return nil
}
