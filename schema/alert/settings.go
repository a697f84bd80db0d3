package alert

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"mlf/schema"
)

// Topic is where settings, alerts and notes are kept: one partition, compacted.
const Topic = "alerts.v1"

// A Kind is what an alert is about.
type Kind string

// The kinds.
const (
	Red     Kind = "red"     // More red faces, or one and two stars, than were usual.
	Fall    Kind = "fall"    // Fewer: good news.
	Silence Kind = "silence" // Terminals that nothing is heard of, in opening hours.
	Misuse  Kind = "misuse"  // Votes that come too fast, or a terminal that was copied.
)

// Kinds lists the kinds.
func Kinds() []Kind { return []Kind{Red, Fall, Silence, Misuse} }

// The limits of what a body may set.
const (
	RulesMax     = 20
	WebhooksMax  = 5
	EmailsMax    = 20
	ComuniMax    = 500 // Of a scope.
	OfficesMax   = 200
	ServicesMax  = 100
	URLMax       = 500 // Bytes.
	EmailMax     = 254 // Bytes (RFC 5321).
	NameMax      = 32  // Bytes of a webhook's id.
	ByMax        = 128 // Bytes of who did something.
	NoteMax      = 1000
	TerminalsMax = 50 // That are named in an alert; the others are counted.
)

// A Scope is which votes or terminals a rule is about, by the codes of the protocol. An empty
// list: all of the body. Lists are sorted, each code once.
type Scope struct {
	Comuni   []string `json:"comuni,omitempty"`
	Offices  []string `json:"offices,omitempty"`
	Services []string `json:"services,omitempty"`
	Channels []string `json:"channels,omitempty"`

	// Scale is one of schema.Scales: shares of two are never added up. Empty in a rule: each for
	// itself. An alert of red or fall always has one.
	Scale string `json:"scale,omitempty"`
}

// String writes a scope as the query of an address; "" for all of the body.
func (s Scope) String() string {
	var parts []string
	for _, l := range s.lists() {
		if len(*l.codes) > 0 {
			parts = append(parts, l.name+"="+strings.Join(*l.codes, ","))
		}
	}
	if s.Scale != "" {
		parts = append(parts, "scale="+s.Scale)
	}
	return strings.Join(parts, "&")
}

type list struct {
	name  string
	codes *[]string
	most  int
	parse func(string) error
}

func (s *Scope) lists() []list {
	return []list{
		{"comune", &s.Comuni, ComuniMax, func(code string) error { _, err := schema.ParseComune(code); return err }},
		{"office", &s.Offices, OfficesMax, func(code string) error { _, err := schema.ParseOffice(code); return err }},
		{"service", &s.Services, ServicesMax, checkName},
		{"channel", &s.Channels, len(schema.Channels()), func(code string) error { _, err := schema.ParseChannel(code); return err }},
	}
}

// check refuses codes that none can have, and puts them in order.
func (s *Scope) check() error {
	for _, l := range s.lists() {
		for _, code := range *l.codes {
			if err := l.parse(code); err != nil {
				return fmt.Errorf("scope: %w", err)
			}
		}
		slices.Sort(*l.codes)
		*l.codes = slices.Compact(*l.codes)
		if len(*l.codes) > l.most {
			return fmt.Errorf("scope: %d codes of %s: want at most %d", len(*l.codes), l.name, l.most)
		}
	}
	if s.Scale != "" {
		if _, err := schema.ParseScale(s.Scale); err != nil {
			return fmt.Errorf("scope: %w", err)
		}
	}
	return nil
}

// A Rule is what a body wants to be told of.
type Rule struct {
	Kind    Kind  `json:"kind"`
	Enabled bool  `json:"enabled"`
	Scope   Scope `json:"scope"`

	// Threshold is from when on it matters: of red and fall the difference of shares, 0.01 to
	// 0.5; of misuse a share, 0.05 to 1; of silence hours of opening, 1 to 100. 0: the usual.
	Threshold float64 `json:"threshold"`
}

// The usual thresholds.
const (
	RedUsual     = 0.05
	MisuseUsual  = 0.20
	SilenceUsual = 2.0
)

// check refuses a rule that says something impossible, and fills in the usual threshold.
func (r *Rule) check() error {
	limits := map[Kind][3]float64{Red: {0.01, 0.5, RedUsual}, Fall: {0.01, 0.5, RedUsual}, Silence: {1, 100, SilenceUsual}, Misuse: {0.05, 1, MisuseUsual}}
	of, known := limits[r.Kind]
	if !known {
		return fmt.Errorf("kind %.20q: want red, fall, silence or misuse", string(r.Kind))
	}
	if r.Threshold == 0 {
		r.Threshold = of[2]
	}
	if !(r.Threshold >= of[0] && r.Threshold <= of[1]) { // NaN is not.
		return fmt.Errorf("threshold %v of %s: want %v to %v, or 0 for the usual %v", r.Threshold, r.Kind, of[0], of[1], of[2])
	}
	return r.Scope.check()
}

// A Webhook is an address that is told over HTTPS. Its secret is on no topic.
type Webhook struct {
	ID  string `json:"id"` // Small letters, digits and dashes.
	URL string `json:"url"`
}

// Quiet are hours of every day, by Rome's clock, in which nobody is told anything: from From
// until before To, which may be on the day after. Both as 22:00.
type Quiet struct {
	From string `json:"from"`
	To   string `json:"to"`
}

// minutes reads 22:00.
func minutes(text string) (int, error) {
	t, err := time.Parse("15:04", text)
	if err != nil || len(text) != 5 {
		return 0, fmt.Errorf("quiet hours %.20q: want a time like 22:00", text)
	}
	return t.Hour()*60 + t.Minute(), nil
}

// Holds tells whether q holds at t, by the clock of t; of nil never.
func (q *Quiet) Holds(t time.Time) bool {
	if q == nil {
		return false
	}
	from, err1 := minutes(q.From)
	to, err2 := minutes(q.To)
	now := t.Hour()*60 + t.Minute()
	switch {
	case err1 != nil || err2 != nil:
		return false
	case from < to:
		return from <= now && now < to
	}
	return now >= from || now < to
}

// Settings are what a body wants to be told, and who is told.
type Settings struct {
	Body     schema.BodyCode `json:"ipa"`
	Version  uint64          `json:"version"` // 1 and on; each change is one more. 0: nobody set anything.
	Change   string          `json:"change"`  // Drawn at random: two changes of one version differ by it.
	Language string          `json:"language"`
	Rules    []Rule          `json:"rules"`
	Webhooks []Webhook       `json:"webhooks"`
	Emails   []string        `json:"emails"`
	Quiet    *Quiet          `json:"quiet_hours"`
	By       string          `json:"by"`
	At       time.Time       `json:"at"`
}

// Usual returns the settings of a body that has set nothing: what it would be told if there
// were anybody to tell.
func Usual(body schema.BodyCode) *Settings {
	return &Settings{
		Body: body, Language: "it", Webhooks: []Webhook{}, Emails: []string{},
		Rules: []Rule{
			{Kind: Red, Enabled: true, Threshold: RedUsual},
			{Kind: Fall, Threshold: RedUsual},
			{Kind: Silence, Enabled: true, Threshold: SilenceUsual},
			{Kind: Misuse, Enabled: true, Threshold: MisuseUsual},
		},
	}
}

// Validate refuses settings that say something impossible, puts codes in order and fills in
// usual thresholds.
func (s *Settings) Validate() error {
	if code, err := schema.ParseBody(string(s.Body)); err != nil || code != s.Body {
		return errors.Join(err, fmt.Errorf("body %.40q: want an IPA code in small letters", string(s.Body)))
	}
	if s.Version == 0 || !isID(s.Change) {
		return errors.New("version and change: want 1 or more, and 32 digits of hexadecimal")
	}
	if !slices.Contains([]string{"it", "en", "de"}, s.Language) {
		return fmt.Errorf("language %.20q: want it, en or de", s.Language)
	}
	if s.At.IsZero() || !isLine(s.By, ByMax) {
		return fmt.Errorf("by: want at most %d bytes of one line, and when", ByMax)
	}
	return errors.Join(s.checkRules(), s.checkTargets(), s.checkQuiet())
}

func (s *Settings) checkRules() error {
	if len(s.Rules) > RulesMax {
		return fmt.Errorf("%d rules: want at most %d", len(s.Rules), RulesMax)
	}
	seen := make(map[string]bool)
	for i := range s.Rules {
		if err := s.Rules[i].check(); err != nil {
			return fmt.Errorf("rule %d: %w", i+1, err)
		}
		of := string(s.Rules[i].Kind) + "?" + s.Rules[i].Scope.String()
		if seen[of] {
			return fmt.Errorf("rule %d: want one of a kind and scope", i+1)
		}
		seen[of] = true
	}
	return nil
}

func (s *Settings) checkTargets() error {
	if len(s.Webhooks) > WebhooksMax || len(s.Emails) > EmailsMax {
		return fmt.Errorf("%d webhooks, %d e-mail addresses: want at most %d and %d", len(s.Webhooks), len(s.Emails), WebhooksMax, EmailsMax)
	}
	seen := make(map[string]bool)
	for _, w := range s.Webhooks {
		u, err := url.Parse(w.URL)
		if err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil || len(w.URL) > URLMax || !isLine(w.URL, URLMax) {
			return fmt.Errorf("webhook %.32q: want an address like https://example.it/hook of at most %d bytes, without a user", w.ID, URLMax)
		}
		if err := checkName(w.ID); err != nil || seen[w.ID] {
			return fmt.Errorf("webhook %.32q: id: want up to %d small letters, digits and dashes, each id once", w.ID, NameMax)
		}
		seen[w.ID] = true
	}
	for _, address := range s.Emails {
		name, domain, found := strings.Cut(address, "@")
		if !found || name == "" || domain == "" || len(address) > EmailMax || strings.ContainsAny(address, " ,;<>\"\\()[]:") || strings.Contains(domain, "@") || !isLine(address, EmailMax) || seen[address] {
			return fmt.Errorf("e-mail %.60q: want an address like urp@comune.example.it, each once", address)
		}
		seen[address] = true
	}
	return nil
}

func (s *Settings) checkQuiet() error {
	if s.Quiet == nil {
		return nil
	}
	from, err := minutes(s.Quiet.From)
	to, err2 := minutes(s.Quiet.To)
	if err := errors.Join(err, err2); err != nil {
		return err
	}
	if from == to {
		return errors.New("quiet hours: want a beginning and another end")
	}
	return nil
}

// Targets returns who is told, as texts: webhook:ID and email:ADDRESS.
func (s *Settings) Targets() (all []string) {
	for _, w := range s.Webhooks {
		all = append(all, "webhook:"+w.ID)
	}
	for _, address := range s.Emails {
		all = append(all, "email:"+address)
	}
	return all
}

// checkName refuses what is no slug of up to NameMax bytes.
func checkName(name string) error {
	if name == "" || len(name) > NameMax || strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789-_") != "" {
		return fmt.Errorf("%.40q: want up to %d small letters, digits and dashes", name, NameMax)
	}
	return nil
}

// isLine tells whether text is at most most bytes of UTF-8 that can be printed in one line.
func isLine(text string, most int) bool {
	return len(text) <= most && utf8.ValidString(text) && !strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r == 0x7f })
}

// isID tells whether text is 32 digits of hexadecimal in small letters.
func isID(text string) bool { return len(text) == 32 && strings.Trim(text, "0123456789abcdef") == "" }
