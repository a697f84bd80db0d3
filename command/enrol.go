package command

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"mlf/ingest/broker"
	"mlf/schema"
	"mlf/schema/registry"
)

// enrolParallel is the number of enrolments under way at once: one waits for
// the disks of the brokers, several share the wait.
const enrolParallel = 64

// enrolCountMax bounds --count. A fleet larger than the programme's ambition of
// 100,000 (research: the plan of 2009) is more likely a slip of the finger.
const enrolCountMax = 200_000

type enrolCmd struct {
	kafkaFlags
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
func (c *enrolCmd) Run(ctx context.Context, p *process) error {
	if c.Count < 1 || c.Count > enrolCountMax {
		return usageError{fmt.Errorf("--count %d: want 1 to %d", c.Count, enrolCountMax)}
	}
	reg, err := c.load()
	if err != nil {
		return err
	}
	template, err := c.enrolment(reg)
	if err != nil {
		return usageError{err}
	}
	client, err := c.client(p.Log, newRegistry())
	if err != nil {
		return err
	}
	e, err := newEnroller(ctx, client)
	if err != nil {
		return err
	}
	enrolled, err := e.enrol(ctx, slices.Repeat([]schema.Enrolment{template}, c.Count))
	for _, t := range enrolled {
		if c.JSON {
			err = errors.Join(err, json.NewEncoder(p.Stdout).Encode(t))
			continue
		}
		fmt.Fprintf(p.Stdout, "terminal %v  token %s\n", t.Terminal, t.Token)
	}
	return err
}

// enrolment returns what the flags describe, less what differs per terminal.
func (c *enrolCmd) enrolment(reg *registry.Registry) (schema.Enrolment, error) {
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
	if e.Services, err = enrolledServices(reg, c.Services, c.DefaultService); err != nil {
		return e, err
	}
	e.Test = c.Test
	e.Since = time.Now().UTC().Truncate(time.Second)
	if c.Since != "" {
		rome, err := time.LoadLocation("Europe/Rome")
		if err != nil {
			return e, err
		}
		if e.Since, err = time.ParseInLocation(time.DateOnly, c.Since, rome); err != nil {
			return e, fmt.Errorf("--since %q: want a date like 2026-11-01", c.Since)
		}
	}
	return e, nil
}

// enrolledServices looks codes up and puts the default first.
func enrolledServices(reg *registry.Registry, codes []string, first string) ([]schema.EnrolledService, error) {
	if first != "" {
		i := slices.Index(codes, first)
		if i < 0 {
			return nil, fmt.Errorf("--default-service %s: not one of --services", first)
		}
		codes = append([]string{first}, slices.Delete(slices.Clone(codes), i, i+1)...)
	}
	var services []schema.EnrolledService
	for _, code := range codes {
		s, ok := reg.ServiceByCode(code)
		if !ok {
			return nil, fmt.Errorf("--services %s: not in the registry; want some of %s", code, strings.Join(serviceCodes(reg), ", "))
		}
		if slices.ContainsFunc(services, func(e schema.EnrolledService) bool { return e.ID == s.ID }) {
			return nil, fmt.Errorf("--services %s: named twice", code)
		}
		services = append(services, schema.EnrolledService{Code: s.Code, ID: s.ID})
	}
	return services, nil
}

func serviceCodes(reg *registry.Registry) []string {
	var codes []string
	for _, s := range reg.Services() {
		codes = append(codes, s.Code)
	}
	return codes
}

// An enrolledTerminal is what enrolment hands out: the only time that the
// token is seen.
type enrolledTerminal struct {
	Terminal schema.TerminalID `json:"terminal"`
	Token    string            `json:"token"`
}

// An enroller writes enrolments. It has read the registry topic to its end, to
// number the terminals of a comune; two enrollers at once may give one number
// twice, which only makes a slot a little fuller.
type enroller struct {
	client    *broker.Client
	terminals *schema.Terminals
}

func newEnroller(ctx context.Context, client *broker.Client) (*enroller, error) {
	terminals, err := readRegistry(ctx, client)
	return &enroller{client, terminals}, err
}

// enrol fills in terminal, token, ordinal and slot of each template and writes
// it. It returns those that are on the registry topic, also with an error.
func (e *enroller) enrol(ctx context.Context, templates []schema.Enrolment) ([]enrolledTerminal, error) {
	enrolled := make([]enrolledTerminal, len(templates))
	ordinals := make(map[schema.ComuneID]uint32)
	group, groupCtx := errgroup.WithContext(ctx)
	group.SetLimit(enrolParallel)
	for i, t := range templates {
		if _, known := ordinals[t.Comune]; !known {
			ordinals[t.Comune] = e.terminals.NextOrdinal(t.Comune)
		}
		token := schema.NewToken()
		t.Terminal = schema.NewTerminalID()
		t.Token = schema.HashToken([]byte(token))
		t.Ordinal = ordinals[t.Comune]
		t.Slot = schema.SlotOf(t.Comune, t.Ordinal)
		ordinals[t.Comune]++
		group.Go(func() error {
			if err := e.put(groupCtx, &t); err != nil {
				return err
			}
			enrolled[i] = enrolledTerminal{t.Terminal, token}
			return nil
		})
	}
	err := group.Wait()
	return slices.DeleteFunc(enrolled, func(t enrolledTerminal) bool { return t.Token == "" }), err
}

// put writes one enrolment, and takes it for its own numbering.
func (e *enroller) put(ctx context.Context, t *schema.Enrolment) error {
	key, value, err := t.RegistryRecord()
	if err != nil {
		return err
	}
	if err := e.client.PutRegistry(ctx, key, value); err != nil {
		return fmt.Errorf("write enrolment of %v: %w", t.Terminal, err)
	}
	return e.terminals.Apply(key, value)
}
