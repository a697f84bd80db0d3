package command

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"mlf/aggregate/store"
	"mlf/command/process"
	"mlf/query"
	"mlf/query/access"
	"mlf/query/cube"
	"mlf/query/disclosure"
	"mlf/query/opendata"
	"mlf/query/question"
	"mlf/schema"
	"mlf/schema/registry"
	"mlf/schema/served"
)

// publicFlags say what the public is shown, who is shown more, and how much each may
// ask.
type publicFlags struct {
	openFlags
	DisclosureK           uint64 `name:"disclosure-k" default:"3" placeholder:"VOTES" help:"With lots: the fewest votes that are shown together, 2 to 1000. All processes must say the same; what is published stays as it was."`
	DisclosureHomogeneous string `enum:"show,hold" default:"show" help:"With lots: show those whose votes all have one value, or hold them until another value joins them: who knows that you voted would know how."`

	Publish string `enum:"on,off" default:"on" help:"off: this process makes no releases and leaves them to others. Under none, too, bulletins are of releases."`

	Issuer        string `placeholder:"URL" help:"Who signs tokens (OpenID Connect): what iss of theirs is. Its claim mlf_role says body, analyst or operator; mlf_comuni, mlf_offices and mlf_services what is a body's own. Default: nobody; tokens are ignored."`
	Audience      string `placeholder:"TEXT" help:"What aud of a token must have. Required with --issuer."`
	IssuerKeys    string `placeholder:"FILE" help:"Key set (JWKS) of the issuer, for networks from which it cannot be reached; read again every 10 minutes."`
	IssuerKeysURL string `name:"issuer-keys-url" placeholder:"URL" help:"Where the issuer's key set is, if it has no discovery document."`
	ClaimRole     string `placeholder:"NAME" default:"mlf_role" help:"Claim that has the role; a path where there are points: realm_access.roles."`

	TrustedProxies []string `placeholder:"CIDR" help:"Proxies whose word for a client's address is taken, comma-separated. Without them all who come through a proxy share one quota."`
	ProxyField     string   `enum:"X-Forwarded-For,Forwarded" default:"X-Forwarded-For" help:"Field that those proxies write, and that they take from nobody else."`
	QuotaPublic    string   `placeholder:"N/RATE" help:"Requests of one address without a token: N at once and RATE a second, or off. The registry's count a tenth. Default: 600/10; mlf up: off."`
	QuotaKnown     string   `placeholder:"N/RATE" help:"The same for who has a token. Default: 6000/100; mlf up: off."`
}

// accessConfig returns whose tokens are taken.
func (f *publicFlags) accessConfig() access.Config {
	return access.Config{
		Issuer: f.Issuer, Audience: f.Audience, KeysFile: f.IssuerKeys, KeysURL: f.IssuerKeysURL, Claims: access.Claims{Role: f.ClaimRole},
	}
}

// rules returns what may be published, places apart.
func (f *publicFlags) rules() disclosure.Rules {
	return disclosure.Rules{K: f.DisclosureK, Hold: f.DisclosureHomogeneous == "hold"}
}

// check refuses flags that cannot be.
func (f *publicFlags) check() error {
	rules := f.rules()
	open := f.openConfig()
	_, err := f.quotaConfig()
	if err = errors.Join(f.accessConfig().Validate(), rules.Validate(), open.Validate(), err); err != nil {
		return usageError{err}
	}
	return nil
}

// quotaConfig returns how much clients may ask; nil for as much as they like.
func (f *publicFlags) quotaConfig() (*access.QuotaConfig, error) {
	if f.QuotaPublic == quotaOff && f.QuotaKnown == quotaOff {
		return nil, nil //nolint:nilnil // No quota is no error.
	}
	cfg := access.QuotaConfig{Proxies: access.Proxies{Field: f.ProxyField}}
	var err error
	if cfg.Public, err = parseRate(f.QuotaPublic); err != nil {
		return nil, fmt.Errorf("--quota-public %w", err)
	}
	if cfg.Known, err = parseRate(f.QuotaKnown); err != nil {
		return nil, fmt.Errorf("--quota-known %w", err)
	}
	for _, text := range f.TrustedProxies {
		network, err := netip.ParsePrefix(text)
		if err != nil {
			return nil, fmt.Errorf("--trusted-proxies %q: want a network, as 10.0.0.0/8", text)
		}
		cfg.Proxies.Trusted = append(cfg.Proxies.Trusted, network)
	}
	return &cfg, cfg.Validate()
}

const quotaOff = "off"

// parseRate reads N/RATE; the zero Rate, which is a default, from nothing.
func parseRate(text string) (access.Rate, error) {
	switch text {
	case "":
		return access.Rate{}, nil
	case quotaOff:
		return access.Rate{Off: true}, nil
	}
	atOnce, perSecond, _ := strings.Cut(text, "/")
	n, err := strconv.Atoi(atOnce)
	rate, err2 := strconv.ParseFloat(perSecond, 64)
	if err != nil || err2 != nil || n < 1 || !(rate > 0) {
		return access.Rate{}, fmt.Errorf("%q: want requests at once and a second, as 600/10, or off", text)
	}
	return access.Rate{Burst: n, PerSecond: rate}, nil
}

// A public is what a process that answers has before its answers, and what of it runs.
type public struct {
	access    *access.Access
	quota     *access.Quota
	published query.Published
	open      *opendata.Library
	parts     []process.Part
}

// publicParts returns what f says of the public. This process publishes lots, as any
// may: bulletins are made of them even where the public is shown everything.
func (b *base) publicParts(f *publicFlags, s *store.Store, counts *cube.Follower, lists *registry.Registry, book *served.Book) (*public, error) {
	p := new(public)
	cfg := f.accessConfig()
	cfg.Logger, cfg.Registerer = b.log, b.metrics
	cfg.Service = lists.ServiceID
	var err error
	if p.access, err = access.New(cfg); err != nil {
		return nil, err
	}
	p.parts = []process.Part{{Name: "access", Run: p.access.Run}}
	quota, err := f.quotaConfig()
	if err != nil {
		return nil, err
	}
	if quota != nil {
		quota.Registerer = b.metrics
		if p.quota, err = access.NewQuota(*quota); err != nil {
			return nil, err
		}
	}
	telemetry := disclosure.Telemetry{Registerer: b.metrics, Logger: b.log}
	places := func(today schema.Day) disclosure.Places { return disclosure.PlacesOf(lists, registry.Date(today)) }
	shelf, err := disclosure.NewShelf(s, places, telemetry)
	if err != nil {
		return nil, err
	}
	p.published = shelf
	if p.open, err = opendata.New(opendata.Parts{Source: s, Published: shelf, Registry: lists}, f.openConfig()); err != nil {
		return nil, err
	}
	p.parts = append(p.parts, process.Part{Name: "published", Run: shelf.Run})
	if f.Publish == "off" {
		return p, nil
	}
	part, err := releasePart(disclosure.ReleaserConfig{Rules: f.rules(), Places: places, Served: book, Ledger: s}, counts, telemetry)
	p.parts = append(p.parts, part)
	return p, err
}

// releasePart makes releases of what counts has.
func releasePart(cfg disclosure.ReleaserConfig, counts *cube.Follower, telemetry disclosure.Telemetry) (process.Part, error) {
	cfg.View = func() (question.View, error) {
		if view := counts.View(); view != nil {
			return view, nil
		}
		return nil, counts.Ready()
	}
	releaser, err := disclosure.NewReleaser(cfg, telemetry)
	return process.Part{Name: "release", Run: func(ctx context.Context) error {
		await(ctx, func() bool { return counts.Ready() == nil })
		limited, cancel := context.WithTimeout(ctx, servedWait)
		defer cancel()
		await(limited, cfg.Served.Complete)
		return releaser.Run(ctx)
	}}, err
}

// servedWait is how long the first release after a start waits for who was served. It
// is made without them where they cannot be read.
const servedWait = time.Minute

// await returns when ready is true, or ctx ends: what is published first after a start
// should not have to be tried twice.
func await(ctx context.Context, ready func() bool) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for !ready() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}
