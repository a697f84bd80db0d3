package access

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"mlf/schema"
)

// Config is whose tokens are taken, and what they are read as. By its zero value all are the
// public.
type Config struct {
	// Issuer is what `iss` must be, exactly. Unless KeysURL or KeysFile says where its keys
	// are it is a URL, below which OpenID Connect's discovery document is.
	Issuer string

	// Audience is what must be among `aud`. Required where there is an issuer: a token
	// for somebody else is none for us.
	Audience string

	// KeysURL is where the issuer's key set is, for one without a discovery document.
	KeysURL string

	// KeysFile is a file with the issuer's key set, for closed networks and tests. It is read
	// again as a URL is.
	KeysFile string

	Claims Claims
	Roles  RoleNames

	// Service returns the number of a service's code, for Claims.Services; nil: services
	// cannot be named.
	Service func(code string) (schema.ServiceID, bool)

	// ComuniOf returns the comuni that a body is today, for Claims.Bodies; nil: none of any.
	// Of a union these are none: votes at its members are the members'. The slice is not
	// kept.
	ComuniOf func(schema.BodyCode) []schema.ComuneID

	// Leeway is by how much clocks may differ; default 30 s, at most LeewayMax.
	Leeway time.Duration

	// RefreshEvery is how old keys become before they are fetched again; default 10 min.
	// A key that the issuer has withdrawn is taken for so long.
	RefreshEvery time.Duration

	// RefetchAfter is the least time between two fetches; default 5 s. A token of a key that
	// nobody knows yet waits for a fetch, so it also bounds how long.
	RefetchAfter time.Duration

	// Transport carries the fetches; default http.DefaultTransport.
	Transport http.RoundTripper

	Now        func() time.Time      // Default time.Now.
	Logger     *slog.Logger          // Default: nowhere.
	Registerer prometheus.Registerer // Default: nowhere.
}

// Claims are the names of the claims that rights are read from. A name that the token
// does not have as such, with points, is a path: "realm_access.roles".
type Claims struct {
	Role      string // Default mlf_role: a text or a list of them.
	Comuni    string // Default mlf_comuni: ISTAT codes.
	Offices   string // Default mlf_offices.
	Services  string // Default mlf_services: codes.
	Terminals string // Default mlf_terminals.
	Bodies    string // Default mlf_bodies: codes of the index of public administrations (IPA).
}

// RoleNames are what the issuer calls the roles; by default body, analyst and operator.
type RoleNames struct {
	Body, Analyst, Operator string
}

// LeewayMax is the most that clocks may differ. More would make short lives of tokens mean
// nothing.
const LeewayMax = 5 * time.Minute

// Enabled tells whether any token is taken.
func (c Config) Enabled() bool {
	return c.Issuer != "" || c.Audience != "" || c.KeysURL != "" || c.KeysFile != ""
}

// Validate refuses a configuration that cannot check tokens.
func (c Config) Validate() error {
	if !c.Enabled() {
		return nil
	}
	switch {
	case c.Issuer == "":
		return errors.New("issuer: missing; say what iss of its tokens is")
	case c.Audience == "":
		return errors.New("audience: missing; tokens for others must not be taken")
	case c.KeysURL != "" && c.KeysFile != "":
		return errors.New("keys: want a URL or a file, not both")
	case c.Leeway < 0 || c.Leeway > LeewayMax:
		return fmt.Errorf("leeway %v: want 0 to %v", c.Leeway, LeewayMax)
	case c.RefreshEvery < 0 || c.RefetchAfter < 0:
		return errors.New("times between fetches: want none below 0")
	case c.KeysFile != "":
		return nil
	}
	where := cmp.Or(c.KeysURL, c.Issuer)
	if err := checkURL(where); err != nil {
		return fmt.Errorf("keys: %w", err)
	}
	return nil
}

func (c Config) withDefaults() Config {
	c.Claims = Claims{
		Role:      cmp.Or(c.Claims.Role, "mlf_role"),
		Comuni:    cmp.Or(c.Claims.Comuni, "mlf_comuni"),
		Offices:   cmp.Or(c.Claims.Offices, "mlf_offices"),
		Services:  cmp.Or(c.Claims.Services, "mlf_services"),
		Terminals: cmp.Or(c.Claims.Terminals, "mlf_terminals"),
		Bodies:    cmp.Or(c.Claims.Bodies, "mlf_bodies"),
	}
	c.Roles = RoleNames{
		Body:     cmp.Or(c.Roles.Body, Body.String()),
		Analyst:  cmp.Or(c.Roles.Analyst, Analyst.String()),
		Operator: cmp.Or(c.Roles.Operator, Operator.String()),
	}
	c.Leeway = cmp.Or(c.Leeway, 30*time.Second)
	c.RefreshEvery = cmp.Or(c.RefreshEvery, 10*time.Minute)
	c.RefetchAfter = cmp.Or(c.RefetchAfter, 5*time.Second)
	if c.Transport == nil {
		c.Transport = http.DefaultTransport
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return c
}

// checkURL refuses what keys must not be fetched from: whoever stands between could give
// us theirs. This machine is believed without TLS.
func checkURL(text string) error {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" {
		return fmt.Errorf("%q: want a URL", text)
	}
	addr, err := netip.ParseAddr(u.Hostname())
	here := u.Hostname() == "localhost" || err == nil && addr.IsLoopback()
	if u.Scheme != "https" && (u.Scheme != "http" || !here) {
		return fmt.Errorf("%q: want https", text)
	}
	return nil
}
