// Package public is the flags on what the public is shown, who is shown more, and how
// much each may ask.
//
// It knows the configuration of those who decide on that. It must not know the process
// that they are in.
package public

import (
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"mlf/query/access"
	"mlf/query/disclosure"
	"mlf/query/opendata"
	"mlf/schema/proxies"
)

// Flags say what the public is shown, who is shown more, and how much each may
// ask.
type Flags struct {
	openFlags
	noticeFlags
	DisclosureK           uint64 `name:"disclosure-k" default:"3" placeholder:"VOTES" help:"With lots: the fewest votes that are shown together, 2 to 1000. All processes must say the same; what is published stays as it was."`
	DisclosureHomogeneous string `enum:"show,hold" default:"show" help:"With lots: show those whose votes all have one value, or hold them until another value joins them: who knows that you voted would know how."`

	Publish string `enum:"on,off" default:"on" help:"off: this process makes no releases and leaves them to others. Under none, too, bulletins are of releases."`

	Issuer        string `placeholder:"URL" help:"Who signs tokens (OpenID Connect): what iss of theirs is. Its claim mlf_role says body, analyst or operator; mlf_bodies, mlf_comuni, mlf_offices and mlf_services what is a body's own. Default: nobody; tokens are ignored."`
	Audience      string `placeholder:"TEXT" help:"What aud of a token must have. Required with --issuer."`
	IssuerKeys    string `placeholder:"FILE" help:"Key set (JWKS) of the issuer, for networks from which it cannot be reached; read again every 10 minutes."`
	IssuerKeysURL string `name:"issuer-keys-url" placeholder:"URL" help:"Where the issuer's key set is, if it has no discovery document."`
	ClaimRole     string `placeholder:"NAME" default:"mlf_role" help:"Claim that has the role; a path where there are points: realm_access.roles."`

	TrustedProxies []string `placeholder:"CIDR" help:"Proxies whose word for a client's address is taken, comma-separated. Without them all who come through a proxy share one quota."`
	ProxyField     string   `enum:"X-Forwarded-For,Forwarded" default:"X-Forwarded-For" help:"Field that those proxies write, and that they take from nobody else."`
	QuotaPublic    string   `placeholder:"N/RATE" help:"Requests of one address without a token: N at once and RATE a second, or off. The registry's count a tenth. Default: 600/10; mlf up: off."`
	QuotaKnown     string   `placeholder:"N/RATE" help:"The same for who has a token. Default: 6000/100; mlf up: off."`
}

// Access returns whose tokens are taken.
func (f *Flags) Access() access.Config {
	return access.Config{
		Issuer: f.Issuer, Audience: f.Audience, KeysFile: f.IssuerKeys, KeysURL: f.IssuerKeysURL, Claims: access.Claims{Role: f.ClaimRole},
	}
}

// Rules returns what may be published, places apart.
func (f *Flags) Rules() disclosure.Rules {
	return disclosure.Rules{K: f.DisclosureK, Hold: f.DisclosureHomogeneous == "hold"}
}

// Check refuses flags that cannot be.
func (f *Flags) Check() error {
	rules := f.Rules()
	open := f.Open()
	_, err := f.Quota()
	return errors.Join(f.Access().Validate(), rules.Validate(), open.Validate(), f.checkNotices(), err)
}

// Quota returns how much clients may ask; nil for as much as they like.
func (f *Flags) Quota() (*access.QuotaConfig, error) {
	if f.QuotaPublic == Off && f.QuotaKnown == Off {
		return nil, nil //nolint:nilnil // No quota is no error.
	}
	cfg := access.QuotaConfig{Proxies: proxies.Proxies{Field: f.ProxyField}}
	var err error
	if cfg.Public, err = parseRate(f.QuotaPublic); err != nil {
		return nil, fmt.Errorf("--quota-public %w", err)
	}
	if cfg.Known, err = parseRate(f.QuotaKnown); err != nil {
		return nil, fmt.Errorf("--quota-known %w", err)
	}
	if cfg.Proxies.Trusted, err = proxies.ParseTrusted(f.TrustedProxies); err != nil {
		return nil, err
	}
	return &cfg, cfg.Validate()
}

// Off is the quota of who may ask as much as they like.
const Off = "off"

// parseRate reads N/RATE; the zero Rate, which is a default, from nothing.
func parseRate(text string) (access.Rate, error) {
	switch text {
	case "":
		return access.Rate{}, nil
	case Off:
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

// noticeFlags say where the notices stand that Italian law wants each site to link to:
// the declaration of accessibility (law 4/2004, on AgID's form) and the privacy notice.
type noticeFlags struct {
	AccessibilityURL string `name:"accessibility-url" placeholder:"URL" help:"Declaration of accessibility of the body that runs this, on form.agid.gov.it. Default: a page that says what is known, and that none was named."`
	PrivacyURL       string `name:"privacy-url" placeholder:"URL" help:"Privacy notice of the body that runs this. Default: a page that says what is kept."`
}

// Notices are the notices that stand elsewhere, by their names.
func (f *noticeFlags) Notices() map[string]string {
	return map[string]string{"accessibility": f.AccessibilityURL, "privacy": f.PrivacyURL}
}

// checkNotices refuses what is no address that browsers go to.
func (f *noticeFlags) checkNotices() error {
	for name, address := range f.Notices() {
		u, err := url.Parse(address)
		if address != "" && (err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http") {
			return fmt.Errorf("--%s-url %q: want an address like https://form.agid.gov.it/view/…", name, address)
		}
	}
	return nil
}

// openFlags say whose the open data are.
type openFlags struct {
	OpenURL         string `name:"open-url" placeholder:"URL" help:"Where readers find this service, for the catalogue of open data (/v1/open) and pictures of what is embedded: https://mlf.example.it. Default: where each of them asked."`
	OpenPublisher   string `placeholder:"NAME" help:"Body that publishes the open data and holds their rights. Without it the catalogue says that nobody was named."`
	OpenPublisherID string `name:"open-publisher-id" placeholder:"CODE" help:"Its code in the index of public administrations (IPA). Required with --open-publisher."`
	OpenContact     string `placeholder:"MAIL" help:"Mail address for questions about the open data; the profile of the Italian catalogues wants one."`
	OpenLicence     string `enum:"CC_BY_4_0,CC0,IODL_2_0" default:"CC_BY_4_0" help:"Licence of the open data."`
}

// Open returns whose the open data are.
func (f *openFlags) Open() opendata.Config {
	return opendata.Config{
		URL: f.OpenURL, Publisher: opendata.Agent{Name: f.OpenPublisher, ID: f.OpenPublisherID}, Contact: f.OpenContact, Licence: f.OpenLicence,
	}
}
