package alerts

import (
	"encoding/json"
	"errors"
	"net/url"
	"strings"
	"sync"
	"time"

	judging "mlf/query/alert"
	"mlf/query/notify"
	"mlf/query/notify/words"
	"mlf/schema"
	"mlf/schema/alert"
	"mlf/schema/network"
	"mlf/schema/registry"
)

// A carrier words messages and has a courier carry them. It is a watch.Sender.
type carrier struct {
	courier *notify.Courier
	tests   *notify.Courier // Of messages that somebody waits for.
	key     string
	url     string // Of the pages; empty: there are no links.
	words   *words.Words
	names   *registry.Registry
	bodies  func(schema.BodyCode) *network.Body
	zone    *time.Location

	mu   sync.Mutex
	done map[parcel]func(alert.Outcome)
}

// A parcel is a message on its way to an address.
type parcel struct{ message, address string }

const (
	testPatience = 20 * time.Second // Whoever asked for a test looks at the screen.
	testsMax     = 1000
)

// sendBy has s send what c carries.
func (c *carrier) sendBy(s *notify.Sender) *carrier {
	c.words, c.done = words.Read(), make(map[parcel]func(alert.Outcome))
	c.courier = notify.NewCourier(s, notify.CourierConfig{Done: c.arrived})
	c.tests = notify.NewCourier(s, notify.CourierConfig{Done: c.arrived, Patience: testPatience, MessagesMax: testsMax, HostMax: testsMax})
	return c
}

// arrived tells whoever waits for it what became of a message.
func (c *carrier) arrived(d notify.Delivery) {
	p := parcel{d.Message.ID, d.Target.Address}
	c.mu.Lock()
	done := c.done[p]
	delete(c.done, p)
	c.mu.Unlock()
	if done != nil {
		done(alert.Outcome{At: d.Ended.UTC(), Delivered: d.Result.Delivered, Detail: d.Result.Detail})
	}
}

// Send is watch.Sender's.
func (c *carrier) Send(s *alert.Settings, target string, m *judging.Message, done func(alert.Outcome)) bool {
	return c.put(c.courier, s, target, c.letter(s, m), done)
}

// SendTest is watch.Sender's.
func (c *carrier) SendTest(s *alert.Settings, target string, t *alert.Test, done func(alert.Outcome)) bool {
	return c.put(c.tests, s, target, c.test(s, t), done)
}

// test words t.
func (c *carrier) test(s *alert.Settings, t *alert.Test) *notify.Message {
	story := words.Story{Kind: "test", Body: c.nameOf(s.Body), Opened: t.Asked, SettingsLink: c.settingsLink(s.Body), Link: c.link(s.Body, ""), Zone: c.zone}
	letter := c.words.Letter(s.Language, &story)
	return &notify.Message{
		ID: "test-" + t.ID, At: t.Asked, Kind: "test", Language: s.Language, Subject: letter.Subject, Text: letter.Text, HTML: letter.HTML,
		Body: encode(map[string]any{"ipa": s.Body, "name": c.nameOf(s.Body), "by": t.By}),
	}
}

// put hands m to a courier. What it never takes is an outcome, too.
func (c *carrier) put(by *notify.Courier, s *alert.Settings, target string, m *notify.Message, done func(alert.Outcome)) bool {
	to := notify.Target{Kind: notify.Email, Address: strings.TrimPrefix(target, "email:")}
	if id, isWebhook := strings.CutPrefix(target, "webhook:"); isWebhook {
		to = notify.Target{Kind: notify.Webhook, Secret: secret(c.key, s.Body, id)}
		for _, h := range s.Webhooks {
			if h.ID == id {
				to.Address = h.URL
			}
		}
		if c.key == "" {
			done(alert.Outcome{At: time.Now().UTC(), Detail: "the operator has set no key that messages are signed with"})
			return true
		}
	}
	p := parcel{m.ID, to.Address}
	c.mu.Lock()
	c.done[p] = done
	c.mu.Unlock()
	err := by.Put(to, m)
	if err == nil {
		return true
	}
	c.mu.Lock()
	delete(c.done, p)
	c.mu.Unlock()
	if errors.Is(err, notify.ErrFull) || errors.Is(err, notify.ErrStopped) {
		return false
	}
	done(alert.Outcome{At: time.Now().UTC(), Detail: short(err.Error())})
	return true
}

// detailMax is the most bytes of what is kept of a failure.
const detailMax = 200

func short(text string) string { return strings.ToValidUTF8(text[:min(len(text), detailMax)], "") }

// digestMax is the most alerts that one message names.
const digestMax = 50

// letter words m.
func (c *carrier) letter(s *alert.Settings, m *judging.Message) *notify.Message {
	of := m.Alerts[:min(len(m.Alerts), digestMax)]
	var told []data
	story := words.Story{Kind: "digest", Body: c.nameOf(s.Body), Link: c.link(s.Body, ""), SettingsLink: c.settingsLink(s.Body), Zone: c.zone}
	for _, a := range of {
		story.Digest = append(story.Digest, c.story(s, a, m.EventOf(a)))
		told = append(told, c.dataOf(a, m.EventOf(a), m.Event != judging.Digest))
	}
	kind, body := "alert.digest", map[string]any{"ipa": s.Body, "name": story.Body, "alerts": told, "more": len(m.Alerts) - len(of)}
	if m.Event != judging.Digest {
		story = story.Digest[0]
		kind, body = "alert."+m.Event, map[string]any{"ipa": s.Body, "name": story.Body, "alert": told[0]}
	}
	letter := c.words.Letter(s.Language, &story)
	at := of[0].Updated
	if t := toldBy(of[0], m.ID); t != nil {
		at = t.At
	}
	return &notify.Message{
		ID: m.ID, At: at, Kind: kind, Body: encode(body), Subject: letter.Subject, Text: letter.Text, HTML: letter.HTML, Language: s.Language,
	}
}

// toldBy returns what an alert's record says of a message; nil for nothing.
func toldBy(a *alert.Alert, message string) *alert.Told {
	for i := range a.Told {
		if a.Told[i].Message == message {
			return &a.Told[i]
		}
	}
	return nil
}

// data is an alert as webhooks are told of it.
type data struct {
	ID        string              `json:"id"`
	Event     string              `json:"event"`
	Kind      alert.Kind          `json:"kind"`
	Scope     alert.Scope         `json:"scope"`
	State     alert.State         `json:"state"`
	Opened    time.Time           `json:"opened"`
	Closed    *time.Time          `json:"closed"`
	Reopened  int                 `json:"reopened"`
	Figures   *alert.Figures      `json:"figures"`
	Terminals []schema.TerminalID `json:"terminals"`
	Count     int                 `json:"terminals_count"`
	Link      string              `json:"link,omitempty"`
}

// dataOf returns what webhooks are told of a; terminals are named where it is alone.
func (c *carrier) dataOf(a *alert.Alert, event string, alone bool) data {
	d := data{
		ID: a.ID, Event: event, Kind: a.Kind, Scope: a.Scope, State: a.State, Opened: a.Opened, Reopened: a.Reopened, Figures: a.Figures,
		Terminals: []schema.TerminalID{}, Count: a.Count, Link: c.link(a.Body, a.ID),
	}
	if a.State == alert.Closed {
		d.Closed = &a.Closed
	}
	if alone && a.Terminals != nil {
		d.Terminals = a.Terminals
	}
	if !alone { // A scope may have a thousand codes.
		d.Scope = alert.Scope{Scale: a.Scope.Scale}
	}
	return d
}

// story returns what words are made of.
func (c *carrier) story(s *alert.Settings, a *alert.Alert, event string) words.Story {
	story := words.Story{
		Kind: string(a.Kind), State: event, Scale: a.Scope.Scale, Body: c.nameOf(a.Body), Scope: c.scope(a.Scope, registry.Lang(s.Language)),
		Opened: a.Opened, Closed: a.Closed, More: a.Count - len(a.Terminals), Link: c.link(a.Body, a.ID), SettingsLink: c.settingsLink(a.Body), Zone: c.zone,
	}
	for _, id := range a.Terminals {
		story.Terminals = append(story.Terminals, id.String())
	}
	if f := a.Figures; f != nil {
		story.N, story.Negative, story.Share, story.Low, story.High = f.N, f.Negative, f.Share.Share, f.Low, f.High
		story.BaselineN, story.BaselineShare, story.BaselineLow, story.BaselineHigh = f.Baseline.N, f.Baseline.Share, f.Baseline.Low, f.Baseline.High
		story.Difference = f.Difference
	}
	return story
}

// scopeMax is how many codes of a kind a message names.
const scopeMax = 3

// scope returns what a scope is called.
func (c *carrier) scope(s alert.Scope, lang registry.Lang) string {
	var parts []string
	add := func(codes []string, name func(code string) string) {
		for i, code := range codes {
			if i == scopeMax {
				parts = append(parts, "…")
				return
			}
			parts = append(parts, name(code))
		}
	}
	label := func(list registry.List) func(string) string {
		return func(code string) string {
			if text := c.names.Label(list, code, lang); text != "" {
				return text
			}
			return code
		}
	}
	add(s.Services, label(registry.ListServices))
	add(s.Offices, func(code string) string { return code })
	add(s.Channels, label(registry.ListChannels))
	add(s.Comuni, func(code string) string {
		if id, err := schema.ParseComune(code); err == nil {
			if comune, known := c.names.Comune(id); known {
				return comune.Name
			}
		}
		return code
	})
	return strings.Join(parts, ", ")
}

// nameOf returns what a body is called.
func (c *carrier) nameOf(code schema.BodyCode) string {
	if b := c.bodies(code); b != nil {
		return b.Name
	}
	return string(code)
}

// link returns where an alert of a body is on the pages, or all of them; "" where nobody knows
// where these are.
func (c *carrier) link(body schema.BodyCode, id string) string {
	if id == "" {
		return c.page(url.Values{"ipa": {string(body)}, "part": {"alerts"}})
	}
	return c.page(url.Values{"ipa": {string(body)}, "alert": {id}})
}

// settingsLink returns where one changes who is told.
func (c *carrier) settingsLink(body schema.BodyCode) string {
	return c.page(url.Values{"ipa": {string(body)}, "part": {"settings"}})
}

func (c *carrier) page(values url.Values) string {
	if c.url == "" {
		return ""
	}
	return strings.TrimSuffix(c.url, "/") + "/body?" + values.Encode()
}

func encode(of any) json.RawMessage {
	text, _ := json.Marshal(of) // It is made of what can be written.
	return text
}
