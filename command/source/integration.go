package source

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"text/tabwriter"

	"mlf/command/tool"
	"mlf/ingest/enrolment"
	"mlf/schema"
	"mlf/schema/source"
)

type integrationCmd struct {
	Add    integrationAddCmd    `cmd:"" help:"Let a network or an exchange send, and print its token, which is shown this once."`
	List   integrationListCmd   `cmd:"" help:"List integrations."`
	Revoke integrationRevokeCmd `cmd:"" help:"Take nothing more of an integration."`
}

type integrationAddCmd struct {
	tool.Flags
	urlFlag
	Way  string `required:"" enum:"ttn3,chirpstack4,skiply,sigfox,yeastar,generic" placeholder:"WAY" help:"ttn3, chirpstack4, skiply or sigfox: networks of boxes. yeastar: an exchange of the P series. generic: any exchange that can send JSON."`
	Body string `placeholder:"IPA" help:"Whose integration it is, one of mlf body list."`
	JSON bool   `name:"json" help:"Print the integration as a JSON object."`
}

// Help is shown by mlf source integration add --help.
func (*integrationAddCmd) Help() string {
	return `Boxes on The Things Network, and a box of it:

  mlf source integration add --kafka kafka-1:9092 --way ttn3 --url https://voto.example.it
  mlf source device add --kafka kafka-1:9092 --integration NAME --address 0004A30B001C0530 --comune 001263 \
      --channel totem --services anagrafe --values green,0,yellow,0,red

It prints what is to be entered at the network or the exchange. Networks send once: frames that get lost on the way are made up for by the
next one, since boxes tell totals.`
}

// A shownIntegration is an integration as it is printed.
type shownIntegration struct {
	Integration string     `json:"integration"`
	Way         source.Way `json:"way"`
	Body        string     `json:"body,omitempty"`
	Revoked     bool       `json:"revoked"`
	Token       string     `json:"token,omitempty"`
	URL         string     `json:"url,omitempty"` // Where it sends.
}

func showIntegration(i *source.Integration) shownIntegration {
	return shownIntegration{Integration: i.Name, Way: i.Way, Body: i.Body, Revoked: i.Revoked}
}

// Run adds.
func (c *integrationAddCmd) Run(ctx context.Context, p *tool.Console) error {
	token := schema.NewToken()
	i := source.Integration{Name: source.NewName(), Way: source.Way(c.Way), Token: schema.HashToken([]byte(token))}
	b, err := open(ctx, &c.Flags, p)
	if err != nil {
		return err
	}
	if c.Body != "" {
		code, err := schema.ParseBody(c.Body)
		if err != nil {
			return tool.UsageError{Err: fmt.Errorf("--body: %w", err)}
		}
		n, err := enrolment.ReadNetwork(ctx, b.client)
		if err != nil {
			return err
		}
		if n.Body(code) == nil {
			return fmt.Errorf("--body %s: it has not joined; mlf body add joins it", code)
		}
		i.Body = string(code)
	}
	if err := b.put(ctx, i); err != nil {
		return err
	}
	shown := showIntegration(&i)
	shown.Token, shown.URL = token, c.at(pathOf(i.Way))
	if c.JSON {
		return printAll(p, []shownIntegration{shown})
	}
	_, err = fmt.Fprintf(p.Stdout, "integration %s  token %s\n\n%s:\n\n  %s\n  Authorization: Bearer %s\n", i.Name, token, where(i.Way), shown.URL, token)
	return err
}

// pathOf returns where a way sends.
func pathOf(w source.Way) string {
	if slices.Contains(source.CallWays(), w) {
		return "/v1/calls/" + string(w)
	}
	return "/v1/uplinks/" + string(w)
}

// where says where the address and the field are to be entered.
func where(w source.Way) string {
	switch w {
	case source.TTN3:
		return "Enter at The Things Stack, Integrations, Webhooks, Custom webhook, format JSON, for uplink messages: as base URL and as additional header"
	case source.ChirpStack4:
		return "Enter at ChirpStack, Application, Integrations, HTTP, encoding JSON: as event endpoint URL and as header"
	case source.Skiply:
		return "Enter at Skiply as the address to push to, and as its header"
	case source.Sigfox:
		return "Enter at Sigfox, Device type, Callbacks, Custom, DATA UPLINK, with the body {\"device\":\"{device}\",\"time\":{time},\"seqNumber\":{seqNumber},\"data\":\"{data}\"}: as URL and as header"
	case source.Yeastar:
		return "Enter at the exchange, Integrations, API, event push, for satisfaction surveys (30019): as address and as header"
	default:
		return "Send {\"id\":…,\"key\":\"1\",\"queue\":…,\"at\":…} as JSON by POST, with the field"
	}
}

type integrationListCmd struct {
	tool.Flags
	JSON bool `name:"json" help:"One JSON object a line."`
}

// Run lists.
func (c *integrationListCmd) Run(ctx context.Context, p *tool.Console) error {
	b, err := open(ctx, &c.Flags, p)
	if err != nil {
		return err
	}
	_, all, _ := b.sources.All()
	slices.SortFunc(all, func(a, b *source.Integration) int { return cmp.Compare(a.Name, b.Name) })
	if c.JSON {
		shown := make([]shownIntegration, len(all))
		for i := range all {
			shown[i] = showIntegration(all[i])
		}
		return printAll(p, shown)
	}
	table := tabwriter.NewWriter(p.Stdout, 0, 4, 2, ' ', 0)
	fmt.Fprintln(table, "INTEGRATION\tWAY\tBODY\tSTATE")
	for _, i := range all {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", i.Name, i.Way, cmp.Or(i.Body, "-"), stateOf(i.Revoked, "revoked"))
	}
	return table.Flush()
}

type integrationRevokeCmd struct {
	tool.Flags
	Name string `arg:"" help:"Integration, as list shows it."`
	JSON bool   `name:"json" help:"Print the integration as a JSON object."`
}

// Run revokes.
func (c *integrationRevokeCmd) Run(ctx context.Context, p *tool.Console) error {
	b, err := open(ctx, &c.Flags, p)
	if err != nil {
		return err
	}
	i, err := b.integration(c.Name)
	if err != nil {
		return err
	}
	revoked := *i
	revoked.Revoked = true
	if err := b.put(ctx, revoked); err != nil {
		return err
	}
	if c.JSON {
		return printAll(p, []shownIntegration{showIntegration(&revoked)})
	}
	_, err = fmt.Fprintf(p.Stdout, "integration %s revoked\n", revoked.Name)
	return err
}

// integration returns the integration of a name.
func (b *book) integration(name string) (*source.Integration, error) {
	if i := b.sources.Integration(name); i != nil {
		return i, nil
	}
	return nil, fmt.Errorf("integration %s: there is none; mlf source integration list shows those that there are", name)
}
