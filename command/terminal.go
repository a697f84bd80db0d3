package command

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"mlf/ingest/enrolment"
	"mlf/schema"
)

// terminalCmd groups the commands on terminals.
type terminalCmd struct {
	Enrol  enrolCmd  `cmd:"" help:"Enrol terminals and print their tokens, which are shown this once."`
	Revoke revokeCmd `cmd:"" help:"Revoke a terminal: its votes are refused from now on."`
	Token  tokenCmd  `cmd:"" help:"Give a terminal a new token; the old one ends."`
	List   listCmd   `cmd:"" help:"List terminals."`
}

// oneTerminal is the part that revoke and token share: find one and change it.
type oneTerminal struct {
	toolFlags
	ID   string `arg:"" help:"Terminal, as enrol printed it."`
	JSON bool   `name:"json" help:"One JSON object a line."`
}

func (c *oneTerminal) change(ctx context.Context, p *console, change func(*schema.Enrolment)) (*schema.Enrolment, error) {
	id, err := schema.ParseTerminalID(c.ID)
	if err != nil {
		return nil, usageError{err}
	}
	client, err := c.client(p.Log)
	if err != nil {
		return nil, err
	}
	e, err := enrolment.New(ctx, client)
	if err != nil {
		return nil, err
	}
	return e.Change(ctx, id, change)
}

type revokeCmd struct{ oneTerminal }

// Run revokes.
func (c *revokeCmd) Run(ctx context.Context, p *console) error {
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
func (c *tokenCmd) Run(ctx context.Context, p *console) error {
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
	toolFlags
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
func (c *listCmd) Run(ctx context.Context, p *console) error {
	client, err := c.client(p.Log)
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
