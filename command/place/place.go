// Package place is the flags that say where votes are counted and for what, and the
// enrolment that they describe: of a terminal, and of who keeps no state.
//
// It knows codes as people type them and the lists that they are in. It must not know who
// is enrolled, or by which command.
package place

import (
	"fmt"
	"time"

	"mlf/ingest/enrolment"
	"mlf/schema"
	"mlf/schema/registry"
)

// Flags are those that every enrolment has.
type Flags struct {
	Services []string `placeholder:"CODE,…" help:"Services that are voted on, for instance anagrafe,tributi; a vote that names none is of the first."`
	Office   string   `placeholder:"CODE" help:"Office within the administration: letters, digits, '.', '_', '-'."`
	Test     bool     `help:"For tests: its votes are counted in class test."`
}

// A Spot is the rest of what an enrolment needs, each as its code.
type Spot struct {
	Comune         string // By any code that it has had.
	Channel, Scale string
	DefaultService string // "" for the first.
}

// Enrolment returns what f and at describe, enrolled at now, less what is of one terminal
// alone. The error names the flag that is wrong.
func (f *Flags) Enrolment(reg *registry.Registry, at Spot, now time.Time) (e schema.Enrolment, err error) {
	rome, err := time.LoadLocation("Europe/Rome")
	if err != nil {
		return e, err
	}
	if e.Comune, err = enrolment.ComuneNow(reg, at.Comune, registry.DateOf(now.In(rome))); err != nil {
		return e, fmt.Errorf("--comune: %w", err)
	}
	if e.Office, err = schema.ParseOffice(f.Office); err != nil {
		return e, fmt.Errorf("--office: %w", err)
	}
	if e.Channel, err = schema.ParseChannel(at.Channel); err != nil {
		return e, fmt.Errorf("--channel: %w", err)
	}
	if e.Scale, err = schema.ParseScale(at.Scale); err != nil {
		return e, fmt.Errorf("--scale: %w", err)
	}
	if e.Services, err = enrolment.Services(reg, f.Services, at.DefaultService); err != nil {
		return e, err
	}
	e.Test, e.Since = f.Test, now.UTC().Truncate(time.Second)
	return e, nil
}
