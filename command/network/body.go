package network

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

	"mlf/command/tool"
	"mlf/ingest/enrolment"
	"mlf/schema"
	"mlf/schema/network"
	"mlf/schema/registry"
)

// BodyCmd groups the commands on bodies.
type BodyCmd struct {
	Add    bodyAddCmd    `cmd:"" help:"Let a body take part."`
	List   bodyListCmd   `cmd:"" help:"List bodies."`
	Show   bodyShowCmd   `cmd:"" help:"Show a body: its members on a day, its orders and terminals."`
	Member bodyMemberCmd `cmd:"" help:"Let a comune belong to a union or another body, from one day to another."`
}

// open returns a client, and the network as it is on the topic.
func open(ctx context.Context, f *tool.Flags, p *tool.Console) (enrolment.NetworkRegistry, *network.Network, error) {
	client, err := f.Client(p.Log)
	if err != nil {
		return nil, nil, err
	}
	n, err := enrolment.ReadNetwork(ctx, client)
	return client, n, err
}

// findBody returns the body of a code as it was typed after a flag or as an argument.
func findBody(n *network.Network, where, code string) (*network.Body, error) {
	parsed, err := schema.ParseBody(code)
	if err != nil {
		return nil, tool.UsageError{Err: fmt.Errorf("%s: %w", where, err)}
	}
	if b := n.Body(parsed); b != nil {
		return b, nil
	}
	return nil, fmt.Errorf("%s %s: it has not joined; mlf body list shows those that have, mlf body add joins it", where, parsed)
}

// dayOf reads the day after a flag; otherwise, by Rome's clock, that of now where it is empty.
func dayOf(flag, text string, now time.Time) (registry.Date, error) {
	if text == "" {
		rome, err := time.LoadLocation("Europe/Rome")
		return registry.DateOf(now.In(rome)), err
	}
	d, err := registry.ParseDate(text)
	if err != nil {
		return 0, tool.UsageError{Err: fmt.Errorf("%s: %w", flag, err)}
	}
	return d, nil
}

// put writes a record.
func put(ctx context.Context, r enrolment.NetworkRegistry, record func() (key string, value []byte, err error)) error {
	key, value, err := record()
	if err != nil {
		return tool.UsageError{Err: err}
	}
	return r.PutRegistry(ctx, key, value)
}

type bodyAddCmd struct {
	tool.Flags
	tool.RegistryFlags
	IPA     string   `arg:"" optional:"" help:"Code in the index of public administrations. Of a comune it may be left out where the list of comuni has it."`
	Type    string   `default:"comune" help:"comune, unione, comunita-montana, provincia, citta-metropolitana, regione, asl, agency, ente-previdenziale, camera-commercio, universita, ministero, association or other."`
	Name    string   `placeholder:"TEXT" help:"What it is called. Default of a comune: its name."`
	Comune  []string `placeholder:"ISTAT,…" help:"The comune that it is, or comuni that belong to it. mlf body member adds others, with their days."`
	Joined  string   `placeholder:"DATE" help:"First day on which it takes part. Default: today."`
	Left    string   `placeholder:"DATE" help:"The day after its last."`
	Replace bool     `help:"Say anew what is known of a body that takes part already."`
	JSON    bool     `name:"json" help:"Print the body as a JSON object."`
}

// Help is shown by mlf body add --help.
func (*bodyAddCmd) Help() string {
	return `A comune, whose IPA code and name are in the list of comuni:

  mlf body add --kafka kafka-1:9092 --comune 001263

A union with two members, and one that comes later:

  mlf body add uc_x --type unione --name "Unione dei comuni X" --comune 001263,001022
  mlf body member uc_x 001259 --from 2027-01-01`
}

// Run adds.
func (c *bodyAddCmd) Run(ctx context.Context, p *tool.Console) error {
	reg, err := c.Load()
	if err != nil {
		return err
	}
	b, err := c.body(reg, time.Now())
	if err != nil {
		return tool.UsageError{Err: err}
	}
	client, n, err := open(ctx, &c.Flags, p)
	if err != nil {
		return err
	}
	if n.Body(b.Code) != nil && !c.Replace {
		return fmt.Errorf("body %s has joined already: mlf body show %s; --replace says anew what is known of it", b.Code, b.Code)
	}
	if err := put(ctx, client, b.RegistryRecord); err != nil {
		return err
	}
	if c.JSON {
		return json.NewEncoder(p.Stdout).Encode(b)
	}
	_, err = fmt.Fprintf(p.Stdout, "body %s  %s\n", b.Code, b.Name)
	return err
}

// body returns what the flags describe.
func (c *bodyAddCmd) body(reg *registry.Registry, now time.Time) (*network.Body, error) {
	b := &network.Body{Name: c.Name}
	var err error
	if b.Joined, err = dayOf("--joined", c.Joined, now); err != nil {
		return nil, err
	}
	if c.Left != "" {
		if b.Left, err = dayOf("--left", c.Left, now); err != nil {
			return nil, err
		}
	}
	if b.Type, err = network.ParseBodyType(c.Type); err != nil {
		return nil, fmt.Errorf("--type: %w", err)
	}
	today, err := dayOf("", "", now)
	if err != nil {
		return nil, err
	}
	for _, code := range c.Comune {
		id, err := enrolment.ComuneNow(reg, code, today)
		if err != nil {
			return nil, fmt.Errorf("--comune: %w", err)
		}
		b.Members = append(b.Members, network.Member{Comune: id})
	}
	code := c.IPA
	if b.Type == network.TypeComune {
		if len(b.Members) != 1 {
			return nil, fmt.Errorf("--comune: %d: want the one that it is, or another --type", len(b.Members))
		}
		comune, _ := reg.ComuneAt(b.Members[0].Comune, today)
		b.Name, code = cmp.Or(b.Name, "Comune di "+comune.Name), cmp.Or(code, comune.IPA)
	}
	if code == "" {
		return nil, errors.New("IPA: the list of comuni does not have it; want the code")
	}
	if b.Name == "" {
		return nil, errors.New("--name: want what it is called")
	}
	if b.Code, err = schema.ParseBody(code); err != nil {
		return nil, err
	}
	return b, b.Validate()
}

type bodyListCmd struct {
	tool.Flags
	Type string `placeholder:"TYPE" help:"Only those of a type."`
	JSON bool   `name:"json" help:"One JSON object a line."`
}

// Run lists.
func (c *bodyListCmd) Run(ctx context.Context, p *tool.Console) error {
	_, n, err := open(ctx, &c.Flags, p)
	if err != nil {
		return err
	}
	bodies := n.Bodies()
	if c.Type != "" {
		kind, err := network.ParseBodyType(c.Type)
		if err != nil {
			return tool.UsageError{Err: fmt.Errorf("--type: %w", err)}
		}
		bodies = slices.DeleteFunc(bodies, func(b *network.Body) bool { return b.Type != kind })
	}
	if c.JSON {
		return printAll(p, bodies, func(b *network.Body) *network.Body { return b })
	}
	today, err := dayOf("", "", time.Now())
	if err != nil {
		return err
	}
	table := tabwriter.NewWriter(p.Stdout, 0, 4, 2, ' ', 0)
	fmt.Fprintln(table, "IPA\tTYPE\tNAME\tJOINED\tLEFT\tCOMUNI")
	for _, b := range bodies {
		fmt.Fprintln(table, strings.Join([]string{
			string(b.Code), string(b.Type), b.Name, text(b.Joined), text(b.Left), fmt.Sprint(len(b.MembersAt(today))),
		}, "\t"))
	}
	return table.Flush()
}

// text writes a day, '-' for none.
func text(d registry.Date) string {
	if d == 0 {
		return "-"
	}
	return d.String()
}

type bodyShowCmd struct {
	tool.Flags
	tool.RegistryFlags
	IPA  string `arg:"" help:"Body."`
	At   string `placeholder:"DATE" help:"Members of this day. Default: today."`
	JSON bool   `name:"json" help:"One JSON object."`
}

// A shown body is a body as show prints it.
type shownBody struct {
	*network.Body
	At        registry.Date              `json:"at"`
	MembersAt []shownMember              `json:"members_at"`
	Orders    []*network.Order           `json:"orders"`
	Offers    map[network.OfferState]int `json:"claims"`
	Terminals map[string]int             `json:"terminals"` // By state; active ones count as claimed.
}

type shownMember struct {
	Comune     schema.ComuneID `json:"comune"`
	Name       string          `json:"name"`
	Population uint32          `json:"population"`
}

// Run shows.
func (c *bodyShowCmd) Run(ctx context.Context, p *tool.Console) error {
	reg, err := c.Load()
	if err != nil {
		return err
	}
	day, err := dayOf("--at", c.At, time.Now())
	if err != nil {
		return err
	}
	_, n, err := open(ctx, &c.Flags, p)
	if err != nil {
		return err
	}
	b, err := findBody(n, "body", c.IPA)
	if err != nil {
		return err
	}
	s := showBody(n, reg, b, day)
	if c.JSON {
		return json.NewEncoder(p.Stdout).Encode(s)
	}
	table := tabwriter.NewWriter(p.Stdout, 0, 4, 2, ' ', 0)
	fmt.Fprintf(table, "body\t%s\ntype\t%s\nname\t%s\njoined\t%v\nleft\t%s\n", b.Code, b.Type, b.Name, b.Joined, text(b.Left))
	for _, m := range s.MembersAt {
		fmt.Fprintf(table, "member\t%v %s, %d residents\n", m.Comune, m.Name, m.Population)
	}
	for _, o := range s.Orders {
		fmt.Fprintf(table, "order\t%s of %v, %d terminals\n", o.ID, o.Ordered, o.Terminals())
	}
	for _, state := range []network.OfferState{network.OfferOpen, network.OfferUsed, network.OfferWithdrawn, network.OfferExpired} {
		fmt.Fprintf(table, "codes %s\t%d\n", state, s.Offers[state])
	}
	for _, state := range []network.State{network.StateClaimed, network.StateClosed, network.StateRevoked} {
		fmt.Fprintf(table, "terminals %s\t%d\n", state, s.Terminals[state.String()])
	}
	return table.Flush()
}

// showBody gathers what there is of a body.
func showBody(n *network.Network, reg *registry.Registry, b *network.Body, day registry.Date) shownBody {
	s := shownBody{Body: b, At: day, MembersAt: []shownMember{}, Orders: []*network.Order{}, Offers: make(map[network.OfferState]int), Terminals: make(map[string]int)}
	for _, id := range b.MembersAt(day) {
		c, _ := reg.ComuneAt(id, day)
		s.MembersAt = append(s.MembersAt, shownMember{id, c.Name, c.Population})
	}
	for _, o := range n.Orders() {
		if o.Body == b.Code {
			s.Orders = append(s.Orders, o)
		}
	}
	for _, o := range n.Offers() {
		if o.Body == b.Code {
			s.Offers[n.OfferState(o.Hash, time.Now())]++
		}
	}
	for _, e := range n.Terminals().All() {
		if e.Body == b.Code {
			s.Terminals[network.StateOf(e, false).String()]++
		}
	}
	return s
}

type bodyMemberCmd struct {
	tool.Flags
	tool.RegistryFlags
	IPA    string `arg:"" help:"Body."`
	Comune string `arg:"" help:"ISTAT code of the comune."`
	From   string `placeholder:"DATE" help:"First day on which it belongs to the body. With neither --from nor --to: today."`
	To     string `placeholder:"DATE" help:"The day after the last. Without --from: of the membership that there is."`
	JSON   bool   `name:"json" help:"Print the body as a JSON object."`
}

// Run changes the members.
func (c *bodyMemberCmd) Run(ctx context.Context, p *tool.Console) error {
	reg, err := c.Load()
	if err != nil {
		return err
	}
	client, n, err := open(ctx, &c.Flags, p)
	if err != nil {
		return err
	}
	known, err := findBody(n, "body", c.IPA)
	if err != nil {
		return err
	}
	b := *known
	if b.Members, err = c.members(reg, known, time.Now()); err != nil {
		return tool.UsageError{Err: err}
	}
	if err := put(ctx, client, b.RegistryRecord); err != nil {
		return err
	}
	if c.JSON {
		return json.NewEncoder(p.Stdout).Encode(b)
	}
	_, err = fmt.Fprintf(p.Stdout, "body %s  %d memberships\n", b.Code, len(b.Members))
	return err
}

// members returns those of b with what the flags say.
func (c *bodyMemberCmd) members(reg *registry.Registry, b *network.Body, now time.Time) ([]network.Member, error) {
	today, err := dayOf("", "", now)
	if err != nil {
		return nil, err
	}
	m := network.Member{}
	if m.Comune, err = enrolment.ComuneNow(reg, c.Comune, today); err != nil {
		return nil, err
	}
	if c.From != "" || c.To == "" {
		if m.From, err = dayOf("--from", c.From, now); err != nil {
			return nil, err
		}
	}
	if c.To != "" {
		if m.To, err = dayOf("--to", c.To, now); err != nil {
			return nil, err
		}
	}
	members := slices.Clone(b.Members)
	if c.From != "" || c.To == "" {
		return append(members, m), nil
	}
	for i := range members {
		if open := &members[i]; open.Comune == m.Comune && open.From < m.To && (open.To == 0 || open.To > m.To) {
			open.To = m.To
			return members, nil
		}
	}
	return nil, fmt.Errorf("comune %v: it does not belong to %s on %v; want --from, too", m.Comune, b.Code, m.To)
}
