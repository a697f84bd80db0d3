package command

import (
	"fmt"
	"net/netip"

	"mlf/command/source/missed"
	"mlf/ingest"
	"mlf/ingest/form"
	"mlf/schema"
	"mlf/schema/proxies"
)

// sourceFlags limit what sources may send that keep no state.
type sourceFlags struct {
	RatingsPerSite   int      `default:"600" help:"Most ratings of one site a minute; beyond, 429."`
	RatingsPerClient int      `default:"30" help:"Most ratings of one network of clients (/24 or /56) a minute; -1: any number. Behind a proxy that is not in --trusted-proxies all clients are one."`
	TrustedProxies   []string `placeholder:"CIDR" help:"Proxies whose word for a client's address is taken, comma-separated."`
	ProxyField       string   `enum:"X-Forwarded-For,Forwarded" default:"X-Forwarded-For" help:"Field that those proxies write, and that they take from nobody else."`
}

// proxies returns whose word for an address is taken.
func (f *sourceFlags) proxies() (proxies.Proxies, error) {
	trusted, err := proxies.ParseTrusted(f.TrustedProxies)
	p := proxies.Proxies{Trusted: trusted, Field: f.ProxyField}
	if err != nil {
		return p, usageError{err}
	}
	if f.RatingsPerSite < 1 || f.RatingsPerClient < -1 || f.RatingsPerClient == 0 {
		return p, usageError{fmt.Errorf("--ratings-per-site %d, --ratings-per-client %d: want at least 1, or -1 for any number of a client's", f.RatingsPerSite, f.RatingsPerClient)}
	}
	return p, nil
}

// ownMachine trusts whoever is on this machine: of all that reach mlf up from there, a
// proxy is what speaks for many.
func ownMachine() proxies.Proxies {
	return proxies.Proxies{Trusted: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}}
}

// sources returns what takes sources without state: those that f knows, as soon as the log,
// which began as id says, is counted by rules that know their records.
func (f *follower) sources(id schema.Identity, limits form.Config, p proxies.Proxies) *ingest.Sources {
	ready := func() bool {
		return f.terminals.Complete() && max(id.Rules, f.terminals.RulesRaised(id.Log)) >= schema.RulesV3
	}
	return &ingest.Sources{Desk: form.New(f.stateless, f.terminals, limits), Proxies: p, Ready: ready}
}

// showMissed shows which pages were rated and have no line in the table of their site, to
// those who run the service: mlf source site pages --unmatched asks for it.
func (b *base) showMissed(d *form.Desk) {
	b.admin.Show(missed.Path, func() any { return d.Missed() })
}
