// Package annotate is the commands on annotations: mlf annotate.
//
// It knows flags and how annotations are printed. It must not know what figures make of them.
package annotate

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"mlf/command/tool"
	"mlf/query/calendar"
	"mlf/query/question"
	"mlf/schema"
	"mlf/schema/annotation"
	"mlf/schema/registry"
)

// Cmd groups the commands on annotations.
type Cmd struct {
	Add    addCmd    `cmd:"" help:"Note a break or an event. For instance: mlf annotate add break --from 2026-03-01 --service anagrafe --it \"Lo sportello è passato all'appuntamento\". Figures whose time holds the day of a break, and whose votes it is about, get the status B; events are told by /v1/annotations alone."`
	List   listCmd   `cmd:"" help:"List annotations."`
	Remove removeCmd `cmd:"" help:"Take an annotation back."`
}

type addCmd struct {
	tool.Flags
	tool.RegistryFlags
	Kind string `arg:"" enum:"break,event" help:"break: figures before and after are of different things. event: something that figures may show."`
	ID   string `name:"id" placeholder:"ID" help:"Name of the annotation: small letters, digits, '-'. One that is there is replaced. Default: the day and a few letters."`
	From string `required:"" placeholder:"DATE" help:"First day, by Rome's clock."`
	To   string `placeholder:"DATE" help:"Last day. Default: --from."`
	IT   string `name:"it" required:"" placeholder:"TEXT" help:"What happened, in Italian: at most 500 letters."`
	EN   string `name:"en" placeholder:"TEXT" help:"The same in English. Default: the Italian text is shown."`
	DE   string `name:"de" placeholder:"TEXT" help:"The same in German."`
	JSON bool   `name:"json" help:"Print the annotation as a JSON object."`

	Region   []string `placeholder:"ISTAT,…" help:"Whose votes it is about; without any of these filters, all votes."`
	Province []string `placeholder:"ISTAT,…" help:"As --region."`
	Comune   []string `placeholder:"ISTAT,…" help:"As --region; any code that a comune has had will do."`
	Office   []string `placeholder:"CODE,…" help:"Offices."`
	Service  []string `placeholder:"CODE,…" help:"Services."`
	Category []string `placeholder:"CODE,…" help:"Categories of services."`
	Channel  []string `placeholder:"CHANNEL,…" help:"counter, totem, phone, web or digital."`
	Scale    []string `placeholder:"SCALE,…" help:"mlf3, smiley4 or stars5."`
}

// Run adds.
func (c *addCmd) Run(ctx context.Context, p *tool.Console) error {
	reg, err := c.Load()
	if err != nil {
		return err
	}
	a, err := c.annotation(reg)
	if err != nil {
		return tool.UsageError{Err: err}
	}
	key, value, err := a.RegistryRecord()
	if err != nil {
		return tool.UsageError{Err: err}
	}
	book, err := readAnnotations(ctx, &c.Flags, p)
	if err != nil {
		return err
	}
	if err := book.Apply(key, value); err != nil {
		return err
	}
	client, err := c.Client(p.Log)
	if err != nil {
		return err
	}
	if err := client.PutRegistry(ctx, key, value); err != nil {
		return err
	}
	if c.JSON {
		return json.NewEncoder(p.Stdout).Encode(a)
	}
	_, err = fmt.Fprintf(p.Stdout, "annotation %s\n", a.ID)
	return err
}

// annotation returns what the flags describe.
func (c *addCmd) annotation(reg *registry.Registry) (*annotation.Annotation, error) {
	a := &annotation.Annotation{ID: c.ID, Kind: annotation.Kind(c.Kind), Text: registry.Label{IT: c.IT, EN: c.EN, DE: c.DE}}
	var err error
	if a.From, err = registry.ParseDate(c.From); err != nil {
		return nil, fmt.Errorf("--from: %w", err)
	}
	if a.To = a.From; c.To != "" {
		if a.To, err = registry.ParseDate(c.To); err != nil {
			return nil, fmt.Errorf("--to: %w", err)
		}
	}
	if a.ID == "" {
		a.ID = a.From.String() + "-" + strings.TrimPrefix(schema.NewTerminalID().String(), "t-")[:6]
	}
	for name, values := range map[string][]string{
		"region": c.Region, "province": c.Province, "comune": c.Comune, "office": c.Office,
		"service": c.Service, "category": c.Category, "channel": c.Channel, "scale": c.Scale,
	} {
		if len(values) > 0 {
			if a.Scope == nil {
				a.Scope = make(map[string][]string)
			}
			a.Scope[name] = values
		}
	}
	return a, checkScope(reg, a.Scope)
}

// checkScope refuses filters that no question could have: a misspelt one would be about
// nothing.
func checkScope(reg *registry.Registry, scope map[string][]string) error {
	clock, err := calendar.Rome()
	if err != nil {
		return err
	}
	asked := maps.Clone(scope)
	if asked == nil {
		asked = make(map[string][]string)
	}
	asked["period"], asked["group"] = []string{"today"}, []string{"scale"}
	_, err = question.NewVocabulary(reg, clock).Ask(asked, time.Now())
	return err
}

// readAnnotations returns the annotations that there are.
func readAnnotations(ctx context.Context, f *tool.Flags, p *tool.Console) (*annotation.Book, error) {
	client, err := f.Client(p.Log)
	if err != nil {
		return nil, err
	}
	book := new(annotation.Book)
	return book, client.ReadRecords(ctx, book.Apply)
}

type listCmd struct {
	tool.Flags
	JSON bool `name:"json" help:"One JSON object a line."`
}

// Run lists.
func (c *listCmd) Run(ctx context.Context, p *tool.Console) error {
	book, err := readAnnotations(ctx, &c.Flags, p)
	if err != nil {
		return err
	}
	if c.JSON {
		out := json.NewEncoder(p.Stdout)
		for _, a := range book.All() {
			if err := out.Encode(a); err != nil {
				return err
			}
		}
		return nil
	}
	table := tabwriter.NewWriter(p.Stdout, 0, 4, 2, ' ', 0)
	fmt.Fprintln(table, "ID\tKIND\tFROM\tTO\tSCOPE\tTEXT")
	for _, a := range book.All() {
		fmt.Fprintln(table, strings.Join([]string{a.ID, string(a.Kind), a.From.String(), a.To.String(), cmp.Or(a.ScopeText(), "-"), a.Text.IT}, "\t"))
	}
	return table.Flush()
}

type removeCmd struct {
	tool.Flags
	ID string `arg:"" name:"id" help:"Annotation, as list shows it."`
}

// Run removes.
func (c *removeCmd) Run(ctx context.Context, p *tool.Console) error {
	book, err := readAnnotations(ctx, &c.Flags, p)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(book.All(), func(a *annotation.Annotation) bool { return a.ID == c.ID }) {
		return fmt.Errorf("annotation %q: there is none; mlf annotate list shows those that there are", c.ID)
	}
	client, err := c.Client(p.Log)
	if err != nil {
		return err
	}
	if err := client.PutRegistry(ctx, annotation.Key(c.ID), nil); err != nil {
		return err
	}
	_, err = fmt.Fprintf(p.Stdout, "annotation %s removed\n", c.ID)
	return err
}
