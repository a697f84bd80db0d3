package client

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"time"
)

// Alerts are those of a body, the open ones first.
type Alerts struct {
	Alerts []Alert `json:"alerts"`
}

// An Alert is something that a body wanted to be told of.
type Alert struct {
	ID             string             `json:"id"`
	Kind           string             `json:"kind"` // red, fall, silence or misuse.
	Scope          AlertScope         `json:"scope"`
	State          string             `json:"state"` // open or closed.
	Opened         time.Time          `json:"opened"`
	Closed         *time.Time         `json:"closed"`
	Updated        time.Time          `json:"updated"`
	Reopened       int                `json:"reopened"`
	Threshold      float64            `json:"threshold"`
	Figures        *AlertFigures      `json:"figures"`
	Terminals      []string           `json:"terminals"` // At most 50 of TerminalsCount.
	TerminalsCount int                `json:"terminals_count"`
	Acknowledged   *AlertAcknowledged `json:"acknowledged"`
	Notes          []AlertNote        `json:"notes"`
	Deliveries     []AlertDelivery    `json:"deliveries"`
}

// An AlertScope is which votes or terminals; what is empty is all of the body.
type AlertScope struct {
	Comuni   []string `json:"comuni,omitempty"`
	Offices  []string `json:"offices,omitempty"`
	Services []string `json:"services,omitempty"`
	Channels []string `json:"channels,omitempty"`
	Scale    string   `json:"scale,omitempty"`
}

// An AlertShare is a part of some votes, with its interval of 95 %.
type AlertShare struct {
	N        uint64  `json:"n"`
	Negative uint64  `json:"negative"`
	Share    float64 `json:"share"`
	Low      float64 `json:"low"`
	High     float64 `json:"high"`
}

// AlertFigures are what an alert was judged by.
type AlertFigures struct {
	AlertShare
	Baseline       AlertShare `json:"baseline"`
	Difference     float64    `json:"difference"`
	DifferenceLow  float64    `json:"difference_low"`
	DifferenceHigh float64    `json:"difference_high"`
	P              float64    `json:"p"`
	Effect         float64    `json:"effect"`
	From           time.Time  `json:"from"`
	To             time.Time  `json:"to"`
	BaselineFrom   time.Time  `json:"baseline_from"`
	BaselineTo     time.Time  `json:"baseline_to"`
	LeftOut        []string   `json:"left_out"`
}

// An AlertAcknowledged says who has taken an alert on.
type AlertAcknowledged struct {
	By   string    `json:"by"`
	At   time.Time `json:"at"`
	Note string    `json:"note"`
}

// An AlertNote is what somebody said of an alert.
type AlertNote struct {
	By   string    `json:"by"`
	At   time.Time `json:"at"`
	Text string    `json:"text"`
}

// An AlertDelivery is what became of one message to one target.
type AlertDelivery struct {
	Event     string    `json:"event"`
	Target    string    `json:"target"`
	At        time.Time `json:"at"`
	Delivered bool      `json:"delivered"`
	Detail    string    `json:"detail"`
}

// AlertSettings are what a body wants to be told, and who is told.
type AlertSettings struct {
	IPA        string            `json:"ipa"`
	Version    uint64            `json:"version"`
	Language   string            `json:"language"`
	Rules      []AlertRule       `json:"rules"`
	Webhooks   []AlertWebhook    `json:"webhooks"`
	Emails     []string          `json:"emails"`
	QuietHours *AlertQuiet       `json:"quiet_hours"`
	By         string            `json:"by"`
	At         *time.Time        `json:"at"`
	Test       *AlertTest        `json:"test"`
	Secrets    map[string]string `json:"secrets"` // Of new webhooks, once.
}

// An AlertRule is one thing that a body wants to be told of.
type AlertRule struct {
	Kind      string     `json:"kind"`
	Enabled   bool       `json:"enabled"`
	Scope     AlertScope `json:"scope"`
	Threshold float64    `json:"threshold"`
}

// An AlertWebhook is an address that is told over HTTPS.
type AlertWebhook struct {
	ID  string `json:"id"`
	URL string `json:"url"`
}

// AlertQuiet are hours of each day in which nobody is told anything, as 22:00.
type AlertQuiet struct {
	From string `json:"from"`
	To   string `json:"to"`
}

// An AlertTest is a message that somebody wanted to see arrive.
type AlertTest struct {
	ID      string          `json:"id"`
	By      string          `json:"by"`
	Asked   time.Time       `json:"asked"`
	Results []AlertDelivery `json:"results"`
}

// Alerts reads the alerts of a body that are in a state; all for "".
func (c *Client) Alerts(ctx context.Context, ipa, state string) (a Alerts, err error) {
	values := url.Values{"limit": {"1000"}}
	if state != "" {
		values.Set("state", state)
	}
	return a, c.look(ctx, alertsPath(ipa, "alerts"), values, &a)
}

// AcknowledgeAlert takes an alert on.
func (c *Client) AcknowledgeAlert(ctx context.Context, ipa, id, note string) (a Alert, err error) {
	return a, c.tell(ctx, http.MethodPost, alertsPath(ipa, "alerts", id, "acknowledgement"), map[string]string{"note": note}, &a)
}

// NoteAlert says something of an alert.
func (c *Client) NoteAlert(ctx context.Context, ipa, id, text string) (a Alert, err error) {
	return a, c.tell(ctx, http.MethodPost, alertsPath(ipa, "alerts", id, "notes"), map[string]string{"text": text}, &a)
}

// AlertSettings reads what a body wants to be told.
func (c *Client) AlertSettings(ctx context.Context, ipa string) (s AlertSettings, err error) {
	return s, c.look(ctx, alertsPath(ipa, "alert-settings"), nil, &s)
}

// ChangeAlertSettings sets what a body wants to be told, as of the version that was read. A
// *Problem of status 409 says that somebody has changed it meanwhile.
func (c *Client) ChangeAlertSettings(ctx context.Context, s *AlertSettings) (now AlertSettings, err error) {
	wanted := struct {
		Version    uint64         `json:"version"`
		Language   string         `json:"language"`
		Rules      []AlertRule    `json:"rules"`
		Webhooks   []AlertWebhook `json:"webhooks"`
		Emails     []string       `json:"emails"`
		QuietHours *AlertQuiet    `json:"quiet_hours"`
	}{s.Version, s.Language, s.Rules, s.Webhooks, s.Emails, s.QuietHours}
	return now, c.tell(ctx, http.MethodPut, alertsPath(s.IPA, "alert-settings"), wanted, &now)
}

// TestAlertSettings has a message sent to all that are told.
func (c *Client) TestAlertSettings(ctx context.Context, ipa string) (s AlertSettings, err error) {
	return s, c.tell(ctx, http.MethodPost, alertsPath(ipa, "alert-settings", "test"), nil, &s)
}

// alertsPath returns the path of what is of a body.
func alertsPath(ipa string, below ...string) string {
	path := "/v1/bodies/" + url.PathEscape(ipa)
	for _, part := range below {
		path += "/" + url.PathEscape(part)
	}
	return path
}

// tell sends something, as JSON where there is anything to say, and reads the answer.
func (c *Client) tell(ctx context.Context, method, path string, what, into any) error {
	q := &call{method: method, path: path, token: c.Token}
	if what != nil {
		body, err := json.Marshal(what)
		if err != nil {
			return fmt.Errorf("write what %s is told: %w", path, err)
		}
		q.body, q.media = body, mediaJSON
	}
	return c.read(ctx, q, into)
}
