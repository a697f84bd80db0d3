package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"golang.org/x/sync/errgroup"

	"mlf/ingest/broker"
	"mlf/schema"
	"mlf/schema/registry"
)

// terminalCmd groups the commands on terminals.
type terminalCmd struct {
	Enrol  enrolCmd  `cmd:"" help:"Enrol terminals and print their tokens, which are shown this once."`
	Revoke revokeCmd `cmd:"" help:"Revoke a terminal: its votes are refused from now on."`
	Token  tokenCmd  `cmd:"" help:"Give a terminal a new token; the old one ends."`
	List   listCmd   `cmd:"" help:"List terminals."`
}

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

// readRegistry reads the registry topic to its end.
func readRegistry(ctx context.Context, client *broker.Client) (*schema.Terminals, error) {
	terminals := new(schema.Terminals)
	reading, done := context.WithCancel(ctx)
	defer done()
	if err := client.Follow(reading, terminals.Apply, done); err != nil {
		return nil, fmt.Errorf("read terminals: %w", err)
	}
	return terminals, ctx.Err()
}

// oneTerminal is the part that revoke and token share: find one and change it.
type oneTerminal struct {
	kafkaFlags
	ID   string `arg:"" help:"Terminal, as enrol printed it."`
	JSON bool   `name:"json" help:"One JSON object a line."`
}

func (c *oneTerminal) change(ctx context.Context, p *process, change func(*schema.Enrolment)) (*schema.Enrolment, error) {
	id, err := schema.ParseTerminalID(c.ID)
	if err != nil {
		return nil, usageError{err}
	}
	client, err := c.client(p.Log, newRegistry())
	if err != nil {
		return nil, err
	}
	e, err := newEnroller(ctx, client)
	if err != nil {
		return nil, err
	}
	known := e.terminals.ByID(id)
	if known == nil {
		return nil, fmt.Errorf("terminal %v: not enrolled; mlf terminal list shows those that are", id)
	}
	changed := *known
	change(&changed)
	return &changed, e.put(ctx, &changed)
}

type revokeCmd struct{ oneTerminal }

// Run revokes.
func (c *revokeCmd) Run(ctx context.Context, p *process) error {
	t, err := c.change(ctx, p, func(t *schema.Enrolment) { t.Revoked = true })
	if err != nil {
		return err
	}
	if c.JSON {
		return json.NewEncoder(p.Stdout).Encode(describe(t))
	}
	_, err = fmt.Fprintf(p.Stdout, "terminal %v revoked\n", t.Terminal)
	return err
}

type tokenCmd struct{ oneTerminal }

// Run replaces the token.
func (c *tokenCmd) Run(ctx context.Context, p *process) error {
	token := schema.NewToken()
	t, err := c.change(ctx, p, func(t *schema.Enrolment) { t.Token = schema.HashToken([]byte(token)) })
	if err != nil {
		return err
	}
	if c.JSON {
		return json.NewEncoder(p.Stdout).Encode(enrolledTerminal{t.Terminal, token})
	}
	_, err = fmt.Fprintf(p.Stdout, "terminal %v  token %s\n", t.Terminal, token)
	return err
}

type listCmd struct {
	kafkaFlags
	ID   string `arg:"" optional:"" help:"Show only this terminal."`
	JSON bool   `name:"json" help:"One JSON object a line."`
}

// listedTerminal is a terminal as list shows it: without its token's hash.
type listedTerminal struct {
	Terminal schema.TerminalID `json:"terminal"`
	Comune   schema.ComuneID   `json:"comune"`
	Office   schema.OfficeCode `json:"office"`
	Channel  schema.Channel    `json:"channel"`
	Scale    schema.Scale      `json:"scale"`
	Services []string          `json:"services"`
	Since    time.Time         `json:"since"`
	Test     bool              `json:"test"`
	Slot     schema.Slot       `json:"slot"`
	Revoked  bool              `json:"revoked"`
}

func describe(e *schema.Enrolment) listedTerminal {
	services := make([]string, len(e.Services))
	for i, s := range e.Services {
		services[i] = s.Code
	}
	return listedTerminal{
		Terminal: e.Terminal, Comune: e.Comune, Office: e.Office, Channel: e.Channel, Scale: e.Scale,
		Services: services, Since: e.Since, Test: e.Test, Slot: e.Slot, Revoked: e.Revoked,
	}
}

// Run lists.
func (c *listCmd) Run(ctx context.Context, p *process) error {
	client, err := c.client(p.Log, newRegistry())
	if err != nil {
		return err
	}
	terminals, err := readRegistry(ctx, client)
	if err != nil {
		return err
	}
	all := terminals.All()
	if c.ID != "" {
		id, err := schema.ParseTerminalID(c.ID)
		if err != nil {
			return usageError{err}
		}
		all = slices.DeleteFunc(all, func(e *schema.Enrolment) bool { return e.Terminal != id })
	}
	slices.SortFunc(all, func(a, b *schema.Enrolment) int {
		return cmp.Or(cmp.Compare(a.Comune, b.Comune), cmp.Compare(a.Ordinal, b.Ordinal), cmp.Compare(a.Terminal, b.Terminal))
	})
	if c.JSON {
		out := json.NewEncoder(p.Stdout)
		for _, e := range all {
			if err := out.Encode(describe(e)); err != nil {
				return err
			}
		}
		return nil
	}
	table := tabwriter.NewWriter(p.Stdout, 0, 4, 2, ' ', 0)
	fmt.Fprintln(table, "TERMINAL\tCOMUNE\tOFFICE\tCHANNEL\tSCALE\tSERVICES\tSINCE\tSTATE")
	for _, e := range all {
		fmt.Fprintln(table, row(describe(e)))
	}
	return table.Flush()
}

func row(t listedTerminal) string {
	state := "active"
	if t.Test {
		state = "test"
	}
	if t.Revoked {
		state = "revoked"
	}
	return strings.Join([]string{
		t.Terminal.String(), t.Comune.String(), cmp.Or(string(t.Office), "-"), t.Channel.String(), t.Scale.String(),
		strings.Join(t.Services, ","), t.Since.Format(time.RFC3339), state,
	}, "\t")
}
