package network

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"mlf/command/tool"
	"mlf/ingest/enrolment"
	"mlf/schema"
)

// Terminal groups the commands on terminals.
type Terminal struct {
	Enrol  enrolCmd  `cmd:"" help:"Enrol terminals and print their tokens, which are shown this once."`
	Close  closeCmd  `cmd:"" help:"Close a terminal that was moved or is broken: of what it still holds, votes cast before are counted."`
	Revoke revokeCmd `cmd:"" help:"Revoke a terminal: its votes are refused from now on."`
	Token  tokenCmd  `cmd:"" help:"Give a terminal a new token; the old one ends."`
	List   listCmd   `cmd:"" help:"List terminals."`
}

// oneTerminal is the part that close, revoke and token share: find one and change it.
type oneTerminal struct {
	tool.Flags
	ID   string `arg:"" help:"Terminal, as enrol printed it."`
	JSON bool   `name:"json" help:"One JSON object a line."`
}

// open returns the id, and who changes its terminal.
func (c *oneTerminal) open(ctx context.Context, p *tool.Console) (schema.TerminalID, *enrolment.Enroller, error) {
	id, err := schema.ParseTerminalID(c.ID)
	if err != nil {
		return 0, nil, tool.UsageError{Err: err}
	}
	client, err := c.Client(p.Log)
	if err != nil {
		return 0, nil, err
	}
	e, err := enrolment.New(ctx, client)
	return id, e, err
}

func (c *oneTerminal) change(ctx context.Context, p *tool.Console, change func(*schema.Enrolment)) (*schema.Enrolment, error) {
	id, e, err := c.open(ctx, p)
	if err != nil {
		return nil, err
	}
	return e.Change(ctx, id, change)
}

type closeCmd struct {
	oneTerminal
	At string `placeholder:"TIME" help:"Since when, RFC 3339, for instance 2026-11-27T12:30:00+01:00. Default: now."`
}

// Help is shown by mlf terminal close --help.
func (*closeCmd) Help() string {
	return `A terminal never moves: what was cast at one place stays there. So a totem that is carried elsewhere is closed, and enrolled anew
(mlf claim new, or mlf terminal enrol). What it pressed before and could not send yet is counted where it stood, up to 400 days later.

A terminal that was lost or stolen is revoked instead: of that one nothing is believed any more.`
}

// Run closes.
func (c *closeCmd) Run(ctx context.Context, p *tool.Console) error {
	at := time.Now()
	if c.At != "" {
		var err error
		if at, err = time.Parse(time.RFC3339, c.At); err != nil || at.After(time.Now()) {
			return tool.UsageError{Err: fmt.Errorf("--at %q: want a time until now like 2026-11-27T12:30:00+01:00", c.At)}
		}
	}
	id, e, err := c.open(ctx, p)
	if err != nil {
		return err
	}
	t, err := e.Close(ctx, id, at)
	if err != nil {
		return err
	}
	if c.JSON {
		return json.NewEncoder(p.Stdout).Encode(describe(t))
	}
	_, err = fmt.Fprintf(p.Stdout, "terminal %v closed since %s\n", t.Terminal, t.Closed.UTC().Format(time.RFC3339))
	return err
}

type revokeCmd struct{ oneTerminal }

// Run revokes.
func (c *revokeCmd) Run(ctx context.Context, p *tool.Console) error {
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
func (c *tokenCmd) Run(ctx context.Context, p *tool.Console) error {
	token := schema.NewToken()
	t, err := c.change(ctx, p, func(t *schema.Enrolment) { t.Token = schema.HashToken([]byte(token)) })
	if err != nil {
		return err
	}
	if c.JSON {
		return json.NewEncoder(p.Stdout).Encode(schema.Enrolled{Terminal: t.Terminal, Token: token})
	}
	_, err = fmt.Fprintf(p.Stdout, "terminal %v  token %s\n", t.Terminal, token)
	return err
}

type listCmd struct {
	tool.Flags
	ID   string `arg:"" optional:"" help:"Show only this terminal."`
	JSON bool   `name:"json" help:"One JSON object a line."`
}

// listedTerminal is a terminal as list shows it: without its token's hash.
type listedTerminal struct {
	Terminal schema.TerminalID `json:"terminal"`
	Body     schema.BodyCode   `json:"body,omitempty"`
	Device   string            `json:"device,omitempty"`
	Comune   schema.ComuneID   `json:"comune"`
	Office   schema.OfficeCode `json:"office"`
	Channel  schema.Channel    `json:"channel"`
	Scale    schema.Scale      `json:"scale"`
	Services []string          `json:"services"`
	Since    time.Time         `json:"since"`
	Test     bool              `json:"test"`
	Slot     schema.Slot       `json:"slot"`
	Closed   time.Time         `json:"closed,omitzero"`
	Revoked  bool              `json:"revoked"`
}

func describe(e *schema.Enrolment) listedTerminal {
	return listedTerminal{
		Terminal: e.Terminal, Body: e.Body, Device: e.Device, Comune: e.Comune, Office: e.Office, Channel: e.Channel, Scale: e.Scale,
		Services: codesOf(e), Since: e.Since, Test: e.Test, Slot: e.Slot, Closed: e.Closed, Revoked: e.Revoked,
	}
}

// codesOf returns the codes of a terminal's services, the default first.
func codesOf(e *schema.Enrolment) []string {
	services := make([]string, len(e.Services))
	for i, s := range e.Services {
		services[i] = s.Code
	}
	return services
}

// Run lists.
func (c *listCmd) Run(ctx context.Context, p *tool.Console) error {
	client, err := c.Client(p.Log)
	if err != nil {
		return err
	}
	terminals, err := client.ReadRegistry(ctx)
	if err != nil {
		return err
	}
	all := terminals.All()
	if c.ID != "" {
		id, err := schema.ParseTerminalID(c.ID)
		if err != nil {
			return tool.UsageError{Err: err}
		}
		all = slices.DeleteFunc(all, func(e *schema.Enrolment) bool { return e.Terminal != id })
	}
	slices.SortFunc(all, func(a, b *schema.Enrolment) int {
		return cmp.Or(cmp.Compare(a.Comune, b.Comune), cmp.Compare(a.Ordinal, b.Ordinal), cmp.Compare(a.Terminal, b.Terminal))
	})
	if c.JSON {
		return printAll(p, all, describe)
	}
	table := tabwriter.NewWriter(p.Stdout, 0, 4, 2, ' ', 0)
	fmt.Fprintln(table, "TERMINAL\tCOMUNE\tOFFICE\tCHANNEL\tSCALE\tSERVICES\tSINCE\tSTATE")
	for _, e := range all {
		fmt.Fprintln(table, row(describe(e)))
	}
	return table.Flush()
}

// printAll prints what of makes of each of all as a JSON object a line.
func printAll[T, U any](p *tool.Console, all []T, of func(T) U) error {
	out := json.NewEncoder(p.Stdout)
	for _, one := range all {
		if err := out.Encode(of(one)); err != nil {
			return err
		}
	}
	return nil
}

func row(t listedTerminal) string {
	state := "active"
	switch {
	case t.Revoked:
		state = "revoked"
	case !t.Closed.IsZero():
		state = "closed"
	case t.Test:
		state = "test"
	}
	return strings.Join([]string{
		t.Terminal.String(), t.Comune.String(), cmp.Or(string(t.Office), "-"), t.Channel.String(), t.Scale.String(),
		strings.Join(t.Services, ","), t.Since.Format(time.RFC3339), state,
	}, "\t")
}
