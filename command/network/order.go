package network

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"mlf/command/tool"
	"mlf/schema"
	"mlf/schema/network"
	"mlf/schema/registry"
)

// OrderCmd groups the commands on orders.
type OrderCmd struct {
	Add   orderAddCmd   `cmd:"" help:"Note an order, where its programme pays for it."`
	Check orderCheckCmd `cmd:"" help:"Say whether a programme pays for an order, and why not: exit code 1."`
	List  orderListCmd  `cmd:"" help:"List orders."`
	Show  orderShowCmd  `cmd:"" help:"Show an order."`
}

// orderFlags describe an order.
type orderFlags struct {
	Body      string   `placeholder:"IPA" help:"Whose terminals they will be, one of mlf body list."`
	Buyer     string   `placeholder:"IPA" help:"Who orders for it: a province, an association."`
	Programme string   `placeholder:"CODE" help:"Which programme pays: 2009-2012. Default: none."`
	Number    string   `placeholder:"TEXT" help:"Number of the order on the public electronic market (MePA)."`
	Supplier  string   `placeholder:"TEXT" help:"Who delivers."`
	Line      []string `sep:"none" placeholder:"PRODUCT:N[:TEXT]" help:"What is ordered, and how many: terminal:2, kit:1:con stampante, other:1. Once for each line."`
	Gross     string   `placeholder:"EURO" help:"What it costs, VAT included: 980 or 980.50."`
	Bonus     string   `placeholder:"EURO" help:"What the programme pays of that."`
	Signature bool     `help:"With a digital signature."`
	PEC       bool     `name:"pec" help:"With certified mail (PEC)."`
	Ordered   string   `placeholder:"DATE" help:"Day of the order. Default: today."`
	Delivered string   `placeholder:"DATE" help:"Day of delivery."`
	Installed string   `placeholder:"DATE" help:"Day of installation."`
	Cancelled string   `placeholder:"DATE" help:"Day from which on it counts as never made."`
}

// order returns what the flags describe, under an id.
func (f *orderFlags) order(id string, now time.Time) (*network.Order, error) {
	o := &network.Order{
		ID: id, Programme: f.Programme, Number: f.Number, Supplier: f.Supplier,
		Signature: f.Signature, PEC: f.PEC,
	}
	var err error
	if o.Body, err = schema.ParseBody(f.Body); err != nil {
		return nil, fmt.Errorf("--body: %w", err)
	}
	if f.Buyer != "" {
		if o.Buyer, err = schema.ParseBody(f.Buyer); err != nil {
			return nil, fmt.Errorf("--buyer: %w", err)
		}
	}
	for _, text := range f.Line {
		l, err := parseLine(text)
		if err != nil {
			return nil, err
		}
		o.Lines = append(o.Lines, l)
	}
	if o.Gross, err = parseCents("--gross", f.Gross); err != nil {
		return nil, err
	}
	if o.Bonus, err = parseCents("--bonus", f.Bonus); err != nil {
		return nil, err
	}
	if o.Ordered, err = dayOf("--ordered", f.Ordered, now); err != nil {
		return nil, err
	}
	for flag, d := range map[string]struct {
		text string
		to   *registry.Date
	}{"--delivered": {f.Delivered, &o.Delivered}, "--installed": {f.Installed, &o.Installed}, "--cancelled": {f.Cancelled, &o.Cancelled}} {
		if d.text == "" {
			continue
		}
		if *d.to, err = dayOf(flag, d.text, now); err != nil {
			return nil, err
		}
	}
	return o, o.Validate()
}

// parseLine reads a line as terminal:2:text.
func parseLine(text string) (network.Line, error) {
	product, rest, _ := strings.Cut(text, ":")
	number, note, _ := strings.Cut(rest, ":")
	n, err := strconv.ParseUint(number, 10, 32)
	if err != nil || !slices.Contains(network.Products(), network.Product(product)) {
		return network.Line{}, fmt.Errorf("--line %.60q: want one of %v, a colon and how many, for instance terminal:2", text, network.Products())
	}
	return network.Line{Product: network.Product(product), Quantity: uint32(n), Text: note}, nil
}

// parseCents reads euros as 980, 980.5 or 980,50.
func parseCents(flag, text string) (network.Cents, error) {
	if text == "" {
		return 0, nil
	}
	euros, cents, _ := strings.Cut(strings.ReplaceAll(text, ",", "."), ".")
	n, err := strconv.ParseUint(euros, 10, 40)
	m, also := strconv.ParseUint((cents + "00")[:max(2, len(cents))], 10, 8)
	if err != nil || also != nil || len(cents) > 2 || n > uint64(network.GrossMax) {
		return 0, fmt.Errorf("%s %.40q: want euros like 980 or 980.50", flag, text)
	}
	return network.Cents(n*100 + m), nil
}

// check returns what speaks against an order by its programme; nothing without one.
func check(o *network.Order, n *network.Network, reg *registry.Registry) ([]network.Finding, error) {
	if o.Programme == "" {
		return nil, nil
	}
	p, err := network.FindProgramme(o.Programme)
	if err != nil {
		return nil, tool.UsageError{Err: fmt.Errorf("--programme: %w", err)}
	}
	return p.Check(o, n.Orders(), n, reg), nil
}

type orderAddCmd struct {
	tool.Flags
	tool.RegistryFlags
	ID string `name:"id" placeholder:"ID" help:"Name of the order: letters, digits, '.', '_', '-'. One that is there is replaced. Default: body, day and a few letters."`
	orderFlags
	Anyway bool `help:"Note it also where its programme does not pay for it."`
	JSON   bool `name:"json" help:"Print the order as a JSON object."`
}

// Help is shown by mlf order add --help.
func (*orderAddCmd) Help() string {
	return `  mlf order add --kafka kafka-1:9092 --body c_i692 --programme 2009-2012 --ordered 2010-04-15 \
      --line terminal:1 --gross 980 --bonus 400 --number 123456 --supplier "Fornitore s.p.a."

An order that breaks a rule of its programme is not noted, and every rule that it breaks is told: who may order, how often, how
much of it is paid, until when, and what is left of the fund. mlf order check asks the same and notes nothing.`
}

// Run adds.
func (c *orderAddCmd) Run(ctx context.Context, p *tool.Console) error {
	reg, err := c.Load()
	if err != nil {
		return err
	}
	now := time.Now()
	day, err := dayOf("--ordered", c.Ordered, now)
	if err != nil {
		return err
	}
	id := cmp.Or(c.ID, fmt.Sprintf("%s-%v-%s", strings.ToLower(c.Body), day, strings.TrimPrefix(schema.NewTerminalID().String(), "t-")[:6]))
	o, err := c.order(id, now)
	if err != nil {
		return tool.UsageError{Err: err}
	}
	client, n, err := open(ctx, &c.Flags, p)
	if err != nil {
		return err
	}
	if _, err := findBody(n, "--body", c.Body); err != nil {
		return err
	}
	findings, err := check(o, n, reg)
	if err != nil {
		return err
	}
	for _, f := range findings {
		fmt.Fprintln(p.Stderr, f)
	}
	if len(findings) > 0 && !c.Anyway {
		return fmt.Errorf("order %s is not noted: programme %s does not pay for it (%d rules); --anyway notes it all the same", o.ID, o.Programme, len(findings))
	}
	if err := put(ctx, client, o.RegistryRecord); err != nil {
		return err
	}
	if c.JSON {
		return json.NewEncoder(p.Stdout).Encode(o)
	}
	_, err = fmt.Fprintf(p.Stdout, "order %s\n", o.ID)
	return err
}

type orderCheckCmd struct {
	tool.Flags
	tool.RegistryFlags
	ID string `arg:"" optional:"" help:"An order that was noted; without one, the flags describe it."`
	orderFlags
	JSON bool `name:"json" help:"One JSON object for each rule that is broken."`
}

// Run checks.
func (c *orderCheckCmd) Run(ctx context.Context, p *tool.Console) error {
	reg, err := c.Load()
	if err != nil {
		return err
	}
	var o *network.Order
	if c.ID == "" {
		if c.Programme == "" {
			return tool.UsageError{Err: errors.New("--programme: want the one that is to pay")}
		}
		if o, err = c.order("this", time.Now()); err != nil {
			return tool.UsageError{Err: err}
		}
	}
	_, n, err := open(ctx, &c.Flags, p)
	if err != nil {
		return err
	}
	if c.ID != "" {
		if o, err = findOrder(n, c.ID); err != nil {
			return err
		}
	}
	findings, err := check(o, n, reg)
	if err != nil {
		return err
	}
	if c.JSON {
		if err := printAll(p, findings, func(f network.Finding) network.Finding { return f }); err != nil {
			return err
		}
	} else {
		for _, f := range findings {
			fmt.Fprintln(p.Stdout, f)
		}
	}
	if len(findings) > 0 {
		return fmt.Errorf("programme %s does not pay for it: %d rules", o.Programme, len(findings))
	}
	if c.JSON {
		return nil
	}
	_, err = fmt.Fprintln(p.Stdout, "nothing speaks against it")
	return err
}

// findOrder returns the order of an id.
func findOrder(n *network.Network, id string) (*network.Order, error) {
	if o := n.Order(id); o != nil {
		return o, nil
	}
	return nil, fmt.Errorf("order %.70q: there is none; mlf order list shows those that there are", id)
}

type orderListCmd struct {
	tool.Flags
	Body      string `placeholder:"IPA" help:"Only those of a body."`
	Programme string `placeholder:"CODE" help:"Only those of a programme."`
	JSON      bool   `name:"json" help:"One JSON object a line."`
}

// Run lists.
func (c *orderListCmd) Run(ctx context.Context, p *tool.Console) error {
	_, n, err := open(ctx, &c.Flags, p)
	if err != nil {
		return err
	}
	orders := slices.DeleteFunc(n.Orders(), func(o *network.Order) bool {
		return c.Body != "" && string(o.Body) != strings.ToLower(c.Body) || c.Programme != "" && o.Programme != c.Programme
	})
	if c.JSON {
		return printAll(p, orders, func(o *network.Order) *network.Order { return o })
	}
	table := tabwriter.NewWriter(p.Stdout, 0, 4, 2, ' ', 0)
	fmt.Fprintln(table, "ID\tBODY\tPROGRAMME\tORDERED\tINSTALLED\tTERMINALS\tGROSS\tBONUS\tSTATE")
	for _, o := range orders {
		state := "-"
		if o.Cancelled != 0 {
			state = "cancelled"
		}
		fmt.Fprintln(table, strings.Join([]string{
			o.ID, string(o.Body), cmp.Or(o.Programme, "-"), text(o.Ordered), text(o.Installed), strconv.Itoa(o.Terminals()), o.Gross.String(), o.Bonus.String(), state,
		}, "\t"))
	}
	return table.Flush()
}

type orderShowCmd struct {
	tool.Flags
	ID   string `arg:"" help:"Order, as list shows it."`
	JSON bool   `name:"json" help:"One JSON object."`
}

// Run shows.
func (c *orderShowCmd) Run(ctx context.Context, p *tool.Console) error {
	_, n, err := open(ctx, &c.Flags, p)
	if err != nil {
		return err
	}
	o, err := findOrder(n, c.ID)
	if err != nil {
		return err
	}
	if c.JSON {
		return json.NewEncoder(p.Stdout).Encode(o)
	}
	table := tabwriter.NewWriter(p.Stdout, 0, 4, 2, ' ', 0)
	fmt.Fprintf(table, "order\t%s\nbody\t%s\nbuyer\t%s\nprogramme\t%s\nnumber\t%s\nsupplier\t%s\n",
		o.ID, o.Body, cmp.Or(string(o.Buyer), "-"), cmp.Or(o.Programme, "-"), cmp.Or(o.Number, "-"), cmp.Or(o.Supplier, "-"))
	for _, l := range o.Lines {
		fmt.Fprintf(table, "line\t%d %s %s\n", l.Quantity, l.Product, l.Text)
	}
	fmt.Fprintf(table, "gross\t%v\nbonus\t%v\nsignature\t%v\nPEC\t%v\nordered\t%v\ndelivered\t%s\ninstalled\t%s\ncancelled\t%s\n",
		o.Gross, o.Bonus, o.Signature, o.PEC, o.Ordered, text(o.Delivered), text(o.Installed), text(o.Cancelled))
	return table.Flush()
}
