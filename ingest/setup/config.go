package setup

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"

	"mlf/schema"
	"mlf/schema/registry"
)

// A config is what a terminal asks of citizens, as ingest/kiosk reads it.
type config struct {
	Terminal       string    `json:"terminal"`
	Comune         string    `json:"comune"`
	Name           string    `json:"name"`
	Office         string    `json:"office"`
	Channel        string    `json:"channel"`
	Scale          string    `json:"scale"`
	Services       []service `json:"services"`
	DefaultService string    `json:"default_service"`
	Faces          []string  `json:"faces"`
	Reasons        []string  `json:"reasons"`
	Languages      []string  `json:"languages"`
	CooldownMS     int       `json:"cooldown_ms"`
	Test           bool      `json:"test"`
	Watermark      string    `json:"watermark"`
}

// A service is one that citizens choose from, with what they read.
type service struct {
	Code string `json:"code"`
	registry.Label
}

// cooldownMS is how long a terminal shows its thanks and takes no vote, in milliseconds:
// what comes sooner is of the same hand, and counted as a burst.
const cooldownMS = 2000

// Config returns the configuration of a terminal, as JSON, and its ETag.
func (d *Desk) Config(e *schema.Enrolment) (body []byte, etag string) {
	c := config{
		Terminal: e.Terminal.String(), Comune: e.Comune.String(), Name: d.nameOf(e), Office: string(e.Office),
		Channel: e.Channel.String(), Scale: e.Scale.String(), Faces: []string{}, Reasons: reasonsOn(e.Channel),
		CooldownMS: cooldownMS, Test: e.Test, Watermark: d.watermark,
	}
	for _, s := range e.Services {
		c.Services = append(c.Services, service{s.Code, d.labelOf(s)})
	}
	c.DefaultService = c.Services[0].Code // An enrolment has one at least.
	if e.Scale == schema.ScaleMLF3 {
		for v := schema.Green; v >= schema.Red; v-- {
			c.Faces = append(c.Faces, v.Face())
		}
	}
	for _, l := range registry.Langs() {
		c.Languages = append(c.Languages, string(l))
	}
	body, err := json.Marshal(c)
	if err != nil {
		panic(fmt.Sprintf("BUG: write configuration of %v: %v", e.Terminal, err))
	}
	sum := sha256.Sum256(body)
	return body, `"` + hex.EncodeToString(sum[:8]) + `"`
}

// labelOf returns what people read for a service, its code where the lists are older.
func (d *Desk) labelOf(s schema.EnrolledService) registry.Label {
	if known, ok := d.lists.Service(s.ID); ok {
		return known.Label
	}
	return registry.Label{IT: s.Code, EN: s.Code, DE: s.Code}
}

// reasonsOn returns the answers to the question after a red vote.
func reasonsOn(c schema.Channel) []string {
	var codes []string
	for r := schema.ReasonNone + 1; r <= schema.ReasonOther; r++ {
		if r.OfferedOn(c) {
			codes = append(codes, r.String())
		}
	}
	return codes
}
