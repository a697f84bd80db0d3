package command

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"mlf/ingest/enrolment"
	"mlf/schema"
	"mlf/schema/registry"
)

// enrolCountMax bounds --count. A fleet larger than the programme's ambition of
// 100,000 (research: the plan of 2009) is more likely a slip of the finger.
const enrolCountMax = 200_000

type enrolCmd struct {
	toolFlags
	registryFlags
	Comune         string   `required:"" placeholder:"ISTAT" help:"Comune where the terminal stands: its ISTAT code, six digits (058091 is Roma); one that it had before will do."`
	Channel        string   `required:"" enum:"counter,totem,phone,web,digital" help:"counter, totem, phone, web or digital."`
	Services       []string `required:"" placeholder:"CODE,…" help:"Services that the terminal offers, for instance anagrafe,tributi."`
	DefaultService string   `placeholder:"CODE" help:"Service of a vote that names none. Default: the first of --services."`
	Office         string   `placeholder:"CODE" help:"Office within the administration: letters, digits, '.', '_', '-'."`
	Scale          string   `enum:"mlf3,smiley4,stars5" default:"mlf3" help:"mlf3 (three faces), smiley4 or stars5."`
	Since          string   `placeholder:"DATE" help:"First day, by Rome's clock, whose votes count in their own hour. Default: now."`
	Test           bool     `help:"A terminal for tests: its votes are counted in class test."`
	Count          int      `default:"1" help:"Number of terminals to enrol."`
	JSON           bool     `name:"json" help:"One JSON object a line."`
}

// Run enrols.
func (c *enrolCmd) Run(ctx context.Context, p *console) error {
	if c.Count < 1 || c.Count > enrolCountMax {
		return usageError{fmt.Errorf("--count %d: want 1 to %d", c.Count, enrolCountMax)}
	}
	reg, err := c.load()
	if err != nil {
		return err
	}
	template, err := c.template(reg, time.Now())
	if err != nil {
		return usageError{err}
	}
	client, err := c.client(p.Log)
	if err != nil {
		return err
	}
	e, err := enrolment.New(ctx, client)
	if err != nil {
		return err
	}
	if now := template.Comune.String(); now != c.Comune {
		fmt.Fprintf(p.Stderr, "comune %s has the code %s now: enrolled with that\n", c.Comune, now)
	}
	enrolled, err := e.Enrol(ctx, slices.Repeat([]schema.Enrolment{template}, c.Count))
	for _, t := range enrolled {
		if c.JSON {
			err = errors.Join(err, json.NewEncoder(p.Stdout).Encode(t))
			continue
		}
		fmt.Fprintf(p.Stdout, "terminal %v  token %s\n", t.Terminal, t.Token)
	}
	return err
}

// template returns what the flags describe, less what differs per terminal.
func (c *enrolCmd) template(reg *registry.Registry, now time.Time) (schema.Enrolment, error) {
	var e schema.Enrolment
	var err error
	rome, err := time.LoadLocation("Europe/Rome")
	if err != nil {
		return e, err
	}
	if e.Comune, err = comuneNow(reg, c.Comune, registry.DateOf(now.In(rome))); err != nil {
		return e, err
	}
	if e.Office, err = schema.ParseOffice(c.Office); err != nil {
		return e, fmt.Errorf("--office: %w", err)
	}
	if e.Channel, err = schema.ParseChannel(c.Channel); err != nil {
		return e, fmt.Errorf("--channel: %w", err)
	}
	if e.Scale, err = schema.ParseScale(c.Scale); err != nil {
		return e, fmt.Errorf("--scale: %w", err)
	}
	if e.Services, err = enrolment.Services(reg, c.Services, c.DefaultService); err != nil {
		return e, err
	}
	e.Test = c.Test
	if e.Since, err = enrolment.Since(c.Since, now); err != nil {
		return e, err
	}
	return e, nil
}

// comuneNow returns the code that a comune has on the day, given any that it has
// had. A comune that was merged into another has none: whoever enrols decides.
func comuneNow(reg *registry.Registry, code string, today registry.Date) (schema.ComuneID, error) {
	id, err := schema.ParseComune(code)
	if err != nil {
		return 0, fmt.Errorf("--comune: %w", err)
	}
	comune, ok := reg.ComuneAt(id, today)
	if !ok {
		return 0, fmt.Errorf("--comune %v: not in the registry; look it up with GET /v1/registry/comuni?q=NAME", id)
	}
	if m, merged := reg.MergedInto(id); merged && m.On <= today {
		into, _ := reg.ComuneAt(m.Into, today)
		return 0, fmt.Errorf("--comune %v: %s was merged into %s on %v; want --comune %v", id, comune.Name, into.Name, m.On, into.ID)
	}
	return comune.ID, nil
}
