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
	Comune         string   `required:"" placeholder:"ISTAT" help:"Comune where the terminal stands: its ISTAT code, six digits (058091 is Roma)."`
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
	template, err := c.template(reg)
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
func (c *enrolCmd) template(reg *registry.Registry) (schema.Enrolment, error) {
	var e schema.Enrolment
	var err error
	if e.Comune, err = schema.ParseComune(c.Comune); err != nil {
		return e, fmt.Errorf("--comune: %w", err)
	}
	if _, ok := reg.Comune(e.Comune); !ok {
		return e, fmt.Errorf("--comune %v: not in the registry; look it up with GET /v1/registry/comuni?q=NAME", e.Comune)
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
	if e.Since, err = enrolment.Since(c.Since, time.Now()); err != nil {
		return e, err
	}
	return e, nil
}
