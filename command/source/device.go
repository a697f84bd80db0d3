package source

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"mlf/command/tool"
	"mlf/ingest/call"
	"mlf/schema"
	"mlf/schema/event"
	"mlf/schema/registry"
	"mlf/schema/source"
)

type deviceCmd struct {
	Add  deviceAddCmd  `cmd:"" help:"Enrol a box or an exchange by its address, or many from a list."`
	List deviceListCmd `cmd:"" help:"List devices."`
}

// deviceFlags describe one device: on the command line, or in a line of a list.
type deviceFlags struct {
	Integration string `placeholder:"NAME" help:"Who sends for it, one of mlf source integration list."`
	Address     string `placeholder:"DEVEUI|SERIAL" help:"What its network or its maker calls it. Of an exchange that tells none: leave it out."`
	placeFlags
	Channel     string   `enum:",totem,counter,phone" default:"" placeholder:"CHANNEL" help:"totem, counter or phone."`
	Scale       string   `enum:"mlf3,smiley4,stars5" default:"mlf3" help:"mlf3 (three faces), smiley4 or stars5."`
	Values      []string `placeholder:"VALUE,…" help:"What the buttons of a box stand for, of button 1 first: green, yellow, red, of other scales numbers; 0 for nothing. Default: the highest first."`
	Keypad      string   `placeholder:"KEY=VALUE,…" help:"What keys of a telephone stand for. Default of mlf3: 1=green,2=yellow,3=red."`
	Queue       []string `placeholder:"QUEUE=CODE,…" help:"Of which of --services the calls of a queue are, where it is not called as one."`
	CounterFrom string   `enum:",0" default:"" placeholder:"0" help:"0: a box is new, and all that its counters have is to be counted. Default: counting begins where they stand."`
	MostAMinute uint32   `placeholder:"N" help:"How many votes a minute a box is believed. Default: 60."`
}

type deviceAddCmd struct {
	tool.Flags
	tool.RegistryFlags
	deviceFlags
	From string `placeholder:"FILE.csv" help:"Enrol the devices of a list, which stands for the flags above; '-' reads it from standard input."`
	JSON bool   `name:"json" help:"One JSON object a line."`
}

// Help is shown by mlf source device add --help.
func (*deviceAddCmd) Help() string {
	return `A box with five buttons of which three have faces, and an exchange:

  mlf source device add --kafka kafka-1:9092 --integration NAME --address 0004A30B001C0530 --comune 001263 \
      --channel totem --services anagrafe,tributi --values green,0,yellow,0,red --counter-from 0
  mlf source device add --kafka kafka-1:9092 --integration NAME --address 3631A2124567 --comune 001263 \
      --channel phone --services urp,tributi --queue imu=tributi

Many, from a list; nothing is enrolled unless every line is good:

  integration,address,comune,channel,services,values,counter_from
  NAME,0004A30B001C0530,001263,totem,anagrafe tributi,green 0 yellow 0 red,0

Columns may come in any order, and ';' may stand for ','; others are office, scale, keypad, queue and most_a_minute. What is a list in a
column has blanks between its parts.

Devices that tell totals over HTTP themselves are terminals: mlf terminal enrol.`
}

// Validate refuses flags that do not go together. kong calls it.
func (c *deviceAddCmd) Validate() error { return errors.Join(c.LoginFlags.Validate(), c.together()) }

func (c *deviceAddCmd) together() error {
	one := c.Integration != "" || c.Address != "" || c.Comune != "" || c.Channel != "" || len(c.Services) > 0 || c.Office != ""
	switch {
	case c.From != "" && one:
		return errors.New("--from: its lines say what devices there are; want no flags for one beside it")
	case c.From == "" && (c.Integration == "" || c.Comune == "" || c.Channel == "" || len(c.Services) == 0):
		return errors.New("missing flags: want --integration, --comune, --channel and --services, or --from")
	}
	return nil
}

// A planned is a device that is to be enrolled.
type planned struct {
	device   source.Device
	terminal schema.Enrolment
}

// Run adds.
func (c *deviceAddCmd) Run(ctx context.Context, p *tool.Console) error {
	reg, err := c.Load()
	if err != nil {
		return err
	}
	lines := []deviceFlags{c.deviceFlags}
	if c.From != "" {
		if lines, err = readFile(c.From); err != nil {
			return tool.UsageError{Err: fmt.Errorf("--from %s, nothing is enrolled: %w", c.From, err)}
		}
	}
	now := time.Now()
	all := make([]planned, len(lines))
	var wrong []error
	for i := range lines {
		if all[i], err = lines[i].plan(reg, now); err != nil {
			wrong = append(wrong, c.inLine(i, err))
		}
	}
	if len(wrong) > 0 {
		return tool.UsageError{Err: errors.Join(wrong[:min(len(wrong), wrongMax)]...)}
	}
	b, err := open(ctx, &c.Flags, p)
	if err != nil {
		return err
	}
	for i := range all {
		if err := b.fits(all[:i], &all[i]); err != nil {
			wrong = append(wrong, c.inLine(i, err))
		}
	}
	if len(wrong) > 0 {
		return errors.Join(wrong[:min(len(wrong), wrongMax)]...)
	}
	return c.enrol(ctx, p, b, all)
}

// wrongMax is how many lines are complained of.
const wrongMax = 20

// inLine says of which line of a list err is.
func (c *deviceAddCmd) inLine(i int, err error) error {
	if c.From == "" {
		return err
	}
	return fmt.Errorf("line %d: %w", i+2, err)
}

// enrol writes all: terminals first, so that no device is of a terminal that there is not.
func (c *deviceAddCmd) enrol(ctx context.Context, p *tool.Console, b *book, all []planned) error {
	templates := make([]schema.Enrolment, len(all))
	for i := range all {
		templates[i] = all[i].terminal
	}
	enrolled, err := b.terminals.Enrol(ctx, templates)
	if err != nil {
		return err
	}
	for i := range all {
		d := &all[i].device
		d.Terminal = enrolled[i].Terminal
		if err := b.put(ctx, *d); err != nil {
			return err
		}
		if c.JSON {
			err = printAll(p, []*source.Device{d})
		} else {
			_, err = fmt.Fprintf(p.Stdout, "device %s of %s  terminal %v\n", cmp.Or(d.Address, "-"), d.Integration, d.Terminal)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// plan returns what f describes, as far as it can be looked at without the registry topic.
func (f *deviceFlags) plan(reg *registry.Registry, now time.Time) (p planned, err error) {
	if p.terminal, err = f.template(reg, f.Channel, cmp.Or(f.Scale, schema.ScaleMLF3.String()), now); err != nil {
		return p, err
	}
	if f.MostAMinute > event.MostAMinuteMax {
		return p, fmt.Errorf("--most-a-minute %d: want at most %d", f.MostAMinute, event.MostAMinuteMax)
	}
	p.device = source.Device{
		Integration: f.Integration, Address: strings.ToLower(f.Address), FromZero: f.CounterFrom == "0", MostAMinute: f.MostAMinute, Keypad: f.Keypad,
	}
	for i, text := range f.Values {
		v, err := valueOf(p.terminal.Scale, text)
		if err != nil {
			return p, fmt.Errorf("--values: button %d: %w", i+1, err)
		}
		p.device.Values = append(p.device.Values, v)
	}
	if f.Keypad != "" {
		if _, err := call.ParseKeypad(p.terminal.Scale, f.Keypad); err != nil {
			return p, fmt.Errorf("--keypad: %w", err)
		}
	}
	for _, text := range f.Queue {
		queue, code, ok := strings.Cut(text, "=")
		if _, offered := p.terminal.Service([]byte(code)); !ok || queue == "" || !offered {
			return p, fmt.Errorf("--queue %q: want QUEUE=CODE, with one of --services", text)
		}
		if p.device.Queues == nil {
			p.device.Queues = make(map[string]string)
		}
		p.device.Queues[queue] = code
	}
	_, _, err = p.device.RegistryRecord()
	return p, err
}

// valueOf reads what a button stands for.
func valueOf(s schema.Scale, text string) (schema.Value, error) {
	if s == schema.ScaleMLF3 && text != "0" {
		return schema.ParseFace(text)
	}
	n, err := strconv.ParseUint(text, 10, 8)
	if err != nil || schema.Value(n) > s.Max() {
		return 0, fmt.Errorf("value %q: want 0 to %d", text, s.Max())
	}
	return schema.Value(n), nil
}

// fits tells why p cannot be enrolled after others of the same list; nil where it can.
func (b *book) fits(others []planned, p *planned) error {
	d := &p.device
	i, err := b.integration(d.Integration)
	if err != nil {
		return err
	}
	if i.Revoked {
		return fmt.Errorf("integration %s: it was revoked", i.Name)
	}
	calls := slices.Contains(source.CallWays(), i.Way)
	switch {
	case calls && (len(d.Values) > 0 || d.FromZero || d.MostAMinute > 0):
		return fmt.Errorf("integration %s is of %s, which tells calls: want no --values, --counter-from, --most-a-minute", i.Name, i.Way)
	case !calls && (d.Keypad != "" || len(d.Queues) > 0):
		return fmt.Errorf("integration %s is of %s, which tells buttons: want no --keypad, --queue", i.Name, i.Way)
	}
	if err := checkAddress(i.Way, d.Address); err != nil {
		return err
	}
	for k := range others {
		if o := &others[k].device; o.Address == d.Address && (d.Address != "" || o.Integration == d.Integration) {
			return fmt.Errorf("address %q: it is in the list twice", d.Address)
		}
	}
	return b.free(d)
}

// checkAddress refuses what no device of a way is called.
func checkAddress(w source.Way, address string) error {
	hexadecimal := strings.Trim(address, "0123456789abcdef") == ""
	switch {
	case (w == source.TTN3 || w == source.ChirpStack4) && (len(address) != 16 || !hexadecimal):
		return fmt.Errorf("--address %q: want the DevEUI, 16 hexadecimal digits", address)
	case w == source.Sigfox && (address == "" || len(address) > 8 || !hexadecimal):
		return fmt.Errorf("--address %q: want the device's id, 1 to 8 hexadecimal digits", address)
	case w != source.Generic && address == "":
		return errors.New("--address: want what the network or the exchange calls it")
	}
	return nil
}

// free refuses an address that is known, unless what it was is over: two would count what
// it says twice.
func (b *book) free(d *source.Device) error {
	_, _, all := b.sources.All()
	for _, known := range all {
		if known.Address != d.Address || d.Address == "" && known.Integration != d.Integration {
			continue
		}
		t := b.terminals.Terminals().ByID(known.Terminal)
		i := b.sources.Integration(known.Integration)
		switch same := known.Integration == d.Integration; {
		case t == nil || t.Revoked || i == nil || i.Revoked || same && !t.Closed.IsZero():
		case same:
			return fmt.Errorf("address %q: it is enrolled as terminal %v. To move it: mlf terminal close %v, then add it again where it stands now", d.Address, t.Terminal, t.Terminal)
		default:
			return fmt.Errorf("address %q: it is enrolled as terminal %v of integration %s. To move it: mlf terminal revoke %v, then add it again here", d.Address, t.Terminal, known.Integration, t.Terminal)
		}
	}
	return nil
}

// readFile reads a list of devices from a file, '-' from standard input.
func readFile(name string) ([]deviceFlags, error) {
	var r io.Reader = os.Stdin
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return nil, err
		}
		defer func() { _ = f.Close() }()
		r = f
	}
	return readList(r)
}

type deviceListCmd struct {
	tool.Flags
	Integration string `placeholder:"NAME" help:"Only those of an integration."`
	JSON        bool   `name:"json" help:"One JSON object a line."`
}

// Run lists.
func (c *deviceListCmd) Run(ctx context.Context, p *tool.Console) error {
	b, err := open(ctx, &c.Flags, p)
	if err != nil {
		return err
	}
	_, _, all := b.sources.All()
	all = slices.DeleteFunc(all, func(d *source.Device) bool { return c.Integration != "" && d.Integration != c.Integration })
	slices.SortFunc(all, func(a, b *source.Device) int {
		return cmp.Or(cmp.Compare(a.Integration, b.Integration), cmp.Compare(a.Address, b.Address))
	})
	if c.JSON {
		return printAll(p, all)
	}
	table := tabwriter.NewWriter(p.Stdout, 0, 4, 2, ' ', 0)
	fmt.Fprintln(table, "INTEGRATION\tADDRESS\tTERMINAL\tCOMUNE\tCHANNEL\tSCALE")
	for _, d := range all {
		where := []string{"-", "-", "-"}
		if t := b.terminals.Terminals().ByID(d.Terminal); t != nil {
			where = []string{t.Comune.String(), t.Channel.String(), t.Scale.String()}
		}
		fmt.Fprintf(table, "%s\t%s\t%v\t%s\n", d.Integration, cmp.Or(d.Address, "-"), d.Terminal, strings.Join(where, "\t"))
	}
	return table.Flush()
}
