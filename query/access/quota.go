package access

import (
	"cmp"
	"errors"
	"fmt"
	"hash/maphash"
	"math"
	"net/http"
	"net/netip"
	"strconv"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"mlf/schema/proxies"
)

// A Rate is a bucket of tokens: Burst may be taken at once, PerSecond come back.
type Rate struct {
	Burst     int
	PerSecond float64
	Off       bool // There is no limit; the others are 0.
}

// QuotaConfig is how much each client may ask. Its zero value works.
type QuotaConfig struct {
	Public Rate // Of an address without a token; default 600 at once, 10 a second.
	Known  Rate // Of who has a token; default 6,000 at once, 100 a second.

	Proxies proxies.Proxies

	// ClientsMax is the most clients that are told apart, about 40 bytes each; default
	// 65,536. Beyond, newcomers share one quota until others are idle.
	ClientsMax int

	Now        func() time.Time      // Default time.Now.
	Registerer prometheus.Registerer // Default: nowhere.
}

// Validate refuses rates that let nobody in.
func (c QuotaConfig) Validate() error {
	for _, r := range []Rate{c.Public, c.Known} {
		if r.Burst < 0 || r.PerSecond < 0 || math.IsNaN(r.PerSecond) || r.PerSecond > perSecondMax || (r.Burst == 0) != (r.PerSecond == 0) {
			return fmt.Errorf("rate of %d at once, %v a second: want both above 0, and at most %d a second", r.Burst, r.PerSecond, int(perSecondMax))
		}
		if r.Off && r.Burst > 0 {
			return errors.New("rate: off, and a limit beside it; want either")
		}
		if r.PerSecond > 0 && float64(r.Burst)/r.PerSecond > fillMax.Seconds() {
			return fmt.Errorf("rate of %d at once, %v a second: want one that is full again within %v", r.Burst, r.PerSecond, fillMax)
		}
	}
	if c.ClientsMax < 0 {
		return errors.New("clients: want none below 0")
	}
	return c.Proxies.Validate()
}

// fillMax is the longest time in which an empty bucket fills: clients are remembered for so
// long.
const fillMax = 24 * time.Hour

// perSecondMax is the highest rate.
const perSecondMax = 1e6

// sweepEvery is the least time between two looks for clients to forget.
const sweepEvery = time.Second

// A Quota counts what clients ask. Safe for concurrent use.
//
// A bucket is one number, the time when it is full again: now or before for one that is full,
// which need not be remembered. Clients are known by a hash of their subject or address,
// with a seed that this process made: neither is kept. Two that share a hash share a quota;
// nobody can choose to.
type Quota struct {
	cfg     QuotaConfig
	seed    maphash.Seed
	refused prometheus.Counter

	mu    sync.Mutex
	full  map[uint64]time.Duration // By client: since began, when its bucket is full.
	rest  [2]time.Duration         // The bucket that newcomers share, public and known.
	swept time.Duration
	began time.Time
}

// NewQuota returns a Quota.
func NewQuota(cfg QuotaConfig) (*Quota, error) {
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("configure quota: %w", err)
	}
	cfg.Public = cmp.Or(cfg.Public, Rate{Burst: 600, PerSecond: 10})
	cfg.Known = cmp.Or(cfg.Known, Rate{Burst: 6000, PerSecond: 100})
	cfg.ClientsMax = cmp.Or(cfg.ClientsMax, 65_536)
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	q := &Quota{cfg: cfg, seed: maphash.MakeSeed(), full: make(map[uint64]time.Duration), began: cfg.Now()}
	auto := promauto.With(cfg.Registerer)
	q.refused = auto.NewCounter(prometheus.CounterOpts{
		Name: "mlf_query_quota_refusals_total",
		Help: "Requests answered 429, above their client's quota. Many from readers who mean well: raise it, or name the proxies they share.",
	})
	auto.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "mlf_query_quota_clients",
		Help: "Clients that have asked lately. At mlf_query_quota_clients_max newcomers share one quota: somebody has many addresses.",
	}, func() float64 { return float64(q.clients()) })
	auto.NewGauge(prometheus.GaugeOpts{
		Name: "mlf_query_quota_clients_max",
		Help: "The most clients that are told apart.",
	}).Set(float64(cfg.ClientsMax))
	return q, nil
}

// An Allowance is what a client may still ask.
type Allowance struct {
	OK        bool // The request is within it.
	Limit     int  // At once; 0 without any.
	Remaining int
	Reset     time.Duration // Until Limit may be asked at once again.
	Retry     time.Duration // Until this request may be asked, where not OK.
}

// Take counts a request of id that costs so much: 1 for a usual one, 0 to look only. What is
// refused costs nothing. More than may be asked at once costs just that. It never blocks.
func (q *Quota) Take(r *http.Request, id Identity, cost int) Allowance {
	return q.take(r, id, 10*max(cost, 0))
}

// TakeTenth does what Take does for a request that costs a tenth of a usual one.
func (q *Quota) TakeTenth(r *http.Request, id Identity) Allowance { return q.take(r, id, 1) }

func (q *Quota) take(r *http.Request, id Identity, tenths int) Allowance {
	rate, known := q.cfg.Public, 0
	if id.Subject != "" {
		rate, known = q.cfg.Known, 1
	}
	if rate.Off {
		return Allowance{OK: true}
	}
	each := time.Duration(float64(time.Second) / rate.PerSecond)
	whole := each * time.Duration(rate.Burst)
	price := each * time.Duration(min(tenths, 10*rate.Burst)) / 10
	client := q.client(r, id)

	q.mu.Lock()
	defer q.mu.Unlock()
	now := q.cfg.Now().Sub(q.began)
	full, isRemembered := q.full[client]
	isShared := !isRemembered && !q.room(now)
	if isShared {
		full = q.rest[known]
	}
	after := max(full, now) + price
	if after-now > whole {
		q.refused.Inc()
		return q.allowance(rate, whole-(max(full, now)-now), each, after-now-whole)
	}
	switch {
	case after == now: // Full, as all are who are not remembered.
	case isShared:
		q.rest[known] = after
	default:
		q.full[client] = after
	}
	return q.allowance(rate, whole-(after-now), each, 0)
}

// allowance returns that of a bucket in which left is left.
func (q *Quota) allowance(rate Rate, left, each, retry time.Duration) Allowance {
	left = max(left, 0) // Below it where two share a hash, one of them with a token.
	return Allowance{
		OK: retry == 0, Limit: rate.Burst, Remaining: int(left / each),
		Reset: each*time.Duration(rate.Burst) - left, Retry: retry,
	}
}

// client returns the hash that a client is known by. Of IPv6 the first 64 bits count: all
// others its owner may choose.
func (q *Quota) client(r *http.Request, id Identity) uint64 {
	if id.Subject != "" {
		return maphash.String(q.seed, "s"+id.Subject)
	}
	addr := q.cfg.Proxies.Client(r.RemoteAddr, r.Header.Values(q.cfg.Proxies.Name()))
	if addr.Is6() {
		addr = netip.PrefixFrom(addr, 64).Masked().Addr()
	}
	return maphash.Comparable(q.seed, addr)
}

// room tells whether one more client can be told apart, and makes room if it can.
func (q *Quota) room(now time.Duration) bool {
	if len(q.full) < q.cfg.ClientsMax {
		return true
	}
	if now-q.swept >= sweepEvery {
		q.swept = now
		for client, full := range q.full {
			if full <= now {
				delete(q.full, client)
			}
		}
	}
	return len(q.full) < q.cfg.ClientsMax
}

func (q *Quota) clients() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.full)
}

// SetHeader sets what every answer says of the client's quota, by the names of AGID's
// guidelines (RAC_ROBUSTEZZA_001), and Retry-After where the request was refused, which is
// answered 429. It says nothing of no limit.
func (a Allowance) SetHeader(h http.Header) {
	if a.Limit == 0 {
		return
	}
	h.Set("X-RateLimit-Limit", strconv.Itoa(a.Limit))
	h.Set("X-RateLimit-Remaining", strconv.Itoa(a.Remaining))
	h.Set("X-RateLimit-Reset", strconv.Itoa(int(math.Ceil(a.Reset.Seconds()))))
	if !a.OK {
		h.Set("Retry-After", strconv.Itoa(seconds(a.Retry)))
	}
}
