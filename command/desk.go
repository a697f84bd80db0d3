package command

import (
	"time"

	"mlf/ingest/enrolment"
	"mlf/query"
	"mlf/query/bodies"
	"mlf/query/fleet"
	"mlf/schema"
	"mlf/schema/registry"
)

// deskFlags say where bodies find what belongs to their terminals.
type deskFlags struct {
	KioskURL string `name:"kiosk-url" placeholder:"URL" help:"Address of the kiosk page, https://totem.example.it/k/: where the codes lead that bodies make for their devices. Default: who makes one names it; mlf up: its own page."`
}

// serveBodies has parts answer bodies, who look after their terminals by themselves. What
// they change goes on the registry topic, which f follows.
func (f *follower) serveBodies(parts *query.Parts, kiosk string) error {
	d, err := bodies.New(bodies.Parts{
		Network: f.network, Registry: parts.Registry, Registrar: enrolment.NewClerk(f.client, f.network), Seen: seenBy(parts.Fleet), Kiosk: kiosk,
	})
	if err != nil {
		return usageError{err}
	}
	parts.Desk = append(parts.Desk, d.Routes()...)
	return nil
}

// seenBy tells when a terminal last told that it lives, and when it last voted, as far as
// the fleet knows.
func seenBy(all *fleet.Fleet) func(schema.TerminalID) (seen, voted time.Time, known bool) {
	return func(id schema.TerminalID) (seen, voted time.Time, known bool) {
		if h, ok := all.Book.Last(id); ok {
			seen = h.At.Time()
		}
		if all.Voted == nil {
			return seen, time.Time{}, false
		}
		if at := all.Voted(id); at != 0 {
			voted = at.Time()
		}
		return seen, voted, all.Book.Complete()
	}
}

// comuniOf returns what comuni a body is today, by Rome's clock.
func (f *follower) comuniOf() (func(schema.BodyCode) []schema.ComuneID, error) {
	rome, err := time.LoadLocation("Europe/Rome")
	return func(code schema.BodyCode) []schema.ComuneID {
		return f.network.ComuniOf(code, registry.DateOf(time.Now().In(rome)))
	}, err
}
