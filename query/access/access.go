package access

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

// An Access tells who asks. Safe for concurrent use.
type Access struct {
	cfg    Config
	keys   *keys
	tokens *prometheus.CounterVec
}

// New returns an Access that is ready for Run. Without an issuer all are the public. It does
// no I/O but reading KeysFile, which must have keys.
func New(cfg Config) (*Access, error) {
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("configure access: %w", err)
	}
	cfg = cfg.withDefaults()
	from := newSource(cfg)
	a := &Access{cfg: cfg, keys: newKeys(cfg, from.fetch)}
	if cfg.KeysFile != "" {
		set, err := from.read()
		if err != nil {
			return nil, fmt.Errorf("configure access: %w", err)
		}
		a.keys.set.Store(&set)
	}
	a.measure(cfg.Registerer)
	return a, nil
}

func (a *Access) measure(reg prometheus.Registerer) {
	auto := promauto.With(reg)
	a.tokens = auto.NewCounterVec(prometheus.CounterOpts{
		Name: "mlf_query_tokens_total",
		Help: "Requests with a token, by HTTP status; 200 are good. Many 401: a client's clock or issuer, or somebody tries; 503: look at the issuer.",
	}, []string{"code"})
	for _, code := range []string{"200", "400", "401", "403", "503"} {
		a.tokens.WithLabelValues(code)
	}
	auto.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "mlf_query_keys_age_seconds",
		Help: "Time since the issuer's keys were last read; 0 before the first time. Above 900: the issuer cannot be reached, and new keys are not known.",
	}, func() float64 { return a.keys.age().Seconds() })
}

// Run keeps the issuer's keys fresh until ctx ends, and returns nil. Without Run no token is
// taken, but those of KeysFile as New read it.
func (a *Access) Run(ctx context.Context) error {
	if !a.cfg.Enabled() {
		<-ctx.Done()
		return nil
	}
	a.keys.run(ctx)
	return nil
}

// Enabled tells whether there are tokens: a nil Access knows none.
func (a *Access) Enabled() bool { return a != nil && a.cfg.Enabled() }

// Identify returns who sent r: the public without a bearer token, and everybody where there
// is no issuer. The error is a *Refusal: where there is one, a token that is not good is never
// answered as the public would be. It blocks only where the token's key is not known, for
// some seconds or until r's context ends.
func (a *Access) Identify(r *http.Request) (Identity, error) {
	if !a.cfg.Enabled() {
		return Identity{}, nil
	}
	token, refused := bearer(r.Header.Values("Authorization"))
	if token == "" && refused == nil {
		return Identity{}, nil
	}
	id, err := a.identify(r.Context(), token, refused)
	status := http.StatusOK
	if errors.As(err, &refused) {
		status = refused.Status
	}
	a.tokens.WithLabelValues(fmt.Sprint(status)).Inc()
	return id, err
}

// identify returns whom token is of, unless it was refused already.
func (a *Access) identify(ctx context.Context, token string, refused *Refusal) (Identity, error) {
	if refused != nil {
		return Identity{}, refused
	}
	claims, all, err := a.verify(ctx, token)
	if err != nil {
		return Identity{}, err
	}
	if claims.Subject == "" || len(claims.Subject) > subjectMax {
		return Identity{}, invalid("the token does not say whose it is: sub is missing or too long", nil)
	}
	role, own, err := a.rights(all)
	if err != nil {
		return Identity{}, err
	}
	return Identity{Role: role, Subject: claims.Subject, Own: own, Expires: claims.Expiry.Time()}, nil
}
