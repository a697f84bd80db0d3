// Package source is who votes and keeps no state, as the registry topic has it: sites
// whose forms send ratings, integrations in whose name networks and telephone exchanges
// send, and the devices and exchanges behind those. What is counted of each is a terminal's.
//
// It knows registry records. It must not know HTTP, what a body says, or how anything is
// counted.
package source

import (
	"crypto/rand"
	"encoding/base32"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync"

	"mlf/schema"
	"mlf/schema/pagetable"
)

// A Way is how a source speaks. A site has one: what came by two would count twice.
type Way string

// The ways. Those of networks and exchanges are the codes of packages uplink and call.
const (
	Script Way = "script" // The project's own script, whose ratings have ids.
	Form   Way = "form"   // A site's own form, whose ratings have none.
	Import Way = "import" // Exports of what the site has kept.

	TTN3        Way = "ttn3"
	ChirpStack4 Way = "chirpstack4"
	Skiply      Way = "skiply"
	Sigfox      Way = "sigfox"
	Yeastar     Way = "yeastar"
	Generic     Way = "generic" // Calls, as any program can tell them.
)

// SiteWays lists the ways of sites.
func SiteWays() []Way { return []Way{Script, Form, Import} }

// UplinkWays lists those of networks.
func UplinkWays() []Way { return []Way{TTN3, ChirpStack4, Skiply, Sigfox} }

// CallWays lists those of telephone exchanges.
func CallWays() []Way { return []Way{Yeastar, Generic} }

// NewName returns 20 random letters and digits: of a site, whose name is public, or of
// an integration.
func NewName() string {
	var b [12]byte
	_, _ = rand.Read(b[:]) // Never fails (crypto/rand, Go 1.24).
	return strings.ToLower(base32.HexEncoding.WithPadding(base32.NoPadding).EncodeToString(b[:]))
}

// nameMax is the longest name, in bytes.
const nameMax = 64

func checkName(kind, name string) error {
	if name == "" || len(name) > nameMax || strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789-_.:") != "" {
		return fmt.Errorf("%s %q: want 1 to %d letters, digits and -_.:, in lower case", kind, name, nameMax)
	}
	return nil
}

// A Site is a site with a rating form, or a part of one that asks another question: each
// is of one terminal, of channel web where clarity is asked for, digital where ease is.
type Site struct {
	Name     string            `json:"site"`
	Terminal schema.TerminalID `json:"terminal"`
	Way      Way               `json:"way"`
	Origins  []string          `json:"origins,omitempty"` // Of pages that may send, "https://www.comune.example.it"; none: any.
	Closed   bool              `json:"closed,omitempty"`  // Nothing is taken any more.

	// Other is the terminal of the other question, of digital beside web or web beside
	// digital, where some of the site's pages ask that; 0: none does.
	Other schema.TerminalID `json:"other_terminal,omitempty"`
}

// originsMax is the most origins of one site.
const originsMax = 32

func (s *Site) validate() error {
	if err := checkName("site", s.Name); err != nil {
		return err
	}
	if s.Way != Script && s.Way != Form && s.Way != Import {
		return fmt.Errorf("site %s: way %q: want one of %v", s.Name, s.Way, SiteWays())
	}
	if len(s.Origins) > originsMax {
		return fmt.Errorf("site %s: %d origins: want at most %d", s.Name, len(s.Origins), originsMax)
	}
	for _, o := range s.Origins {
		if _, err := ParseOrigin(o); err != nil {
			return fmt.Errorf("site %s: %w", s.Name, err)
		}
	}
	return nil
}

// ParseOrigin reads the origin of a page as browsers send it (RFC 6454): scheme, host and
// perhaps a port. It returns it in lower case.
func ParseOrigin(text string) (string, error) {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.Scheme+"://"+u.Host != text {
		return "", fmt.Errorf("origin %q: want one like https://www.comune.example.it", text)
	}
	return strings.ToLower(text), nil
}

// Allows tells whether a page of origin may send ratings to s. A request of no page has
// none, and is not refused for that: the origin is no proof of anything.
func (s *Site) Allows(origin string) bool {
	if origin == "" || len(s.Origins) == 0 {
		return true
	}
	for _, o := range s.Origins {
		if strings.EqualFold(o, origin) {
			return true
		}
	}
	return false
}

// RegistryRecord returns the key and value under which the registry topic keeps s.
func (s Site) RegistryRecord() (key string, value []byte, err error) {
	if err := s.validate(); err != nil {
		return "", nil, err
	}
	value, err = json.Marshal(s)
	return schema.SiteKeyPrefix + s.Name, value, err
}

// An Integration is whoever sends in the name of devices or of an exchange, by one token.
type Integration struct {
	Name    string           `json:"integration"`
	Way     Way              `json:"way"`
	Token   schema.TokenHash `json:"token_sha256"`
	Body    string           `json:"body,omitempty"` // IPA code of the body that it is of.
	Revoked bool             `json:"revoked,omitempty"`
}

func (i *Integration) validate() error {
	if err := checkName("integration", i.Name); err != nil {
		return err
	}
	for _, w := range append(UplinkWays(), CallWays()...) {
		if i.Way == w {
			return nil
		}
	}
	return fmt.Errorf("integration %s: way %q: want one of %v", i.Name, i.Way, append(UplinkWays(), CallWays()...))
}

// RegistryRecord returns the key and value under which the registry topic keeps i.
func (i Integration) RegistryRecord() (key string, value []byte, err error) {
	if err := i.validate(); err != nil {
		return "", nil, err
	}
	value, err = json.Marshal(i)
	return schema.IntegrationKeyPrefix + i.Name, value, err
}

// A Device is a box with buttons, or a telephone exchange, by the address that its network
// or its maker gives it; "" of an exchange that tells none.
type Device struct {
	Integration string            `json:"integration"`
	Address     string            `json:"address"` // In lower case.
	Terminal    schema.TerminalID `json:"terminal"`

	// Values are what the buttons of a box stand for, of button 1 first: each value once,
	// as the counters of two cannot be told apart from one that wraps; 0 for nothing. None:
	// the scale's, the highest first.
	Values []schema.Value `json:"values,omitempty"`

	// FromZero: the first reading of a box counts from 0; else it is where counting begins.
	FromZero bool `json:"from_zero,omitempty"`

	// MostAMinute is how many votes a minute a box is believed; 0: the usual.
	MostAMinute uint32 `json:"most_a_minute,omitempty"`

	// Keypad is what the keys of a telephone stand for, as package call writes it; empty:
	// the usual.
	Keypad string `json:"keypad,omitempty"`

	// Queues maps the names of an exchange's queues to services that the terminal offers.
	Queues map[string]string `json:"queues,omitempty"`
}

// Limits of a device.
const (
	valuesMax = 10
	keypadMax = 200 // Bytes.
	queuesMax = 100
)

func (d *Device) validate() error {
	if err := checkName("integration", d.Integration); err != nil {
		return err
	}
	if d.Address != "" {
		if err := checkName("address", d.Address); err != nil {
			return err
		}
	}
	if len(d.Values) > valuesMax || len(d.Queues) > queuesMax || len(d.Keypad) > keypadMax {
		return fmt.Errorf("device %s: %d values, %d queues, keypad of %d bytes: want at most %d, %d and %d",
			d.Address, len(d.Values), len(d.Queues), len(d.Keypad), valuesMax, queuesMax, keypadMax)
	}
	for i, v := range d.Values {
		if v > schema.ValueMax || v > 0 && slices.Contains(d.Values[:i], v) {
			return fmt.Errorf("device %s: button %d stands for %d: want each value once, 1 to %d, or 0 for nothing", d.Address, i+1, v, schema.ValueMax)
		}
	}
	return nil
}

// RegistryRecord returns the key and value under which the registry topic keeps d.
func (d Device) RegistryRecord() (key string, value []byte, err error) {
	if err := d.validate(); err != nil {
		return "", nil, err
	}
	value, err = json.Marshal(d)
	return schema.DeviceKeyPrefix + d.Integration + "/" + d.Address, value, err
}

// Sources is all of them in memory, as of the last record applied. Its zero value is empty
// and ready. Safe for use by several goroutines: one applies, all look up.
type Sources struct {
	mu           sync.RWMutex
	sites        map[string]*Site
	integrations map[string]*Integration
	byToken      map[schema.TokenHash]*Integration
	devices      map[string]*Device // By the rest of their keys.
	tables       map[string][]*pagetable.Matcher
}

// Apply takes one record of the registry topic; those of others, and one that takes
// something back that is no table of pages, change nothing.
func (s *Sources) Apply(key string, value []byte) error {
	if rest, ok := strings.CutPrefix(key, schema.PageTableKeyPrefix); ok {
		if err := s.applyTable(rest, value); err != nil {
			return fmt.Errorf("read registry record %s: %w", key, err)
		}
		return nil
	}
	if value == nil {
		return nil
	}
	var err error
	switch {
	case strings.HasPrefix(key, schema.SiteKeyPrefix):
		err = apply(s, value, func(site *Site) { put(&s.sites, site.Name, site) })
	case strings.HasPrefix(key, schema.IntegrationKeyPrefix):
		err = apply(s, value, func(i *Integration) {
			if old := s.integrations[i.Name]; old != nil {
				delete(s.byToken, old.Token)
			}
			put(&s.integrations, i.Name, i)
			put(&s.byToken, i.Token, i)
		})
	case strings.HasPrefix(key, schema.DeviceKeyPrefix):
		err = apply(s, value, func(d *Device) { put(&s.devices, d.Integration+"/"+d.Address, d) })
	}
	if err != nil {
		return fmt.Errorf("read registry record %s: %w", key, err)
	}
	return nil
}

func put[K comparable, V any](m *map[K]V, k K, v V) {
	if *m == nil {
		*m = make(map[K]V)
	}
	(*m)[k] = v
}

// apply reads value and, while s is locked, has it kept.
func apply[T any, P interface {
	*T
	validate() error
}](s *Sources, value []byte, keep func(P)) error {
	p := P(new(T))
	if err := json.Unmarshal(value, p); err != nil {
		return err
	}
	if err := p.validate(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	keep(p)
	return nil
}

// Site returns the site of a name; nil for none. Do not change it.
func (s *Sources) Site(name string) *Site {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.sites[name]
}

// ByToken returns the integration whose token is token, revoked or not; nil for none.
func (s *Sources) ByToken(token []byte) *Integration {
	h := schema.HashToken(token)
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.byToken[h]
}

// Integration returns the integration of a name; nil for none.
func (s *Sources) Integration(name string) *Integration {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.integrations[name]
}

// Device returns the device of an integration with an address; nil for none.
func (s *Sources) Device(integration, address string) *Device {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.devices[integration+"/"+strings.ToLower(address)]
}

// All returns every site, integration and device, in no order. Do not change them.
func (s *Sources) All() (sites []*Site, integrations []*Integration, devices []*Device) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	for _, site := range s.sites {
		sites = append(sites, site)
	}
	for _, i := range s.integrations {
		integrations = append(integrations, i)
	}
	for _, d := range s.devices {
		devices = append(devices, d)
	}
	return sites, integrations, devices
}
