package network

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"time"

	"mlf/command/place"
	"mlf/command/tool"
	"mlf/ingest/enrolment"
	"mlf/schema"
	"mlf/schema/registry"
)

// placeFlags say what a terminal is for, but for its comune.
type placeFlags struct {
	place.Flags
	Channel        string `enum:",counter,totem,phone,web,digital" default:"" placeholder:"CHANNEL" help:"counter, totem, phone, web or digital."`
	DefaultService string `placeholder:"CODE" help:"Service of a vote that names none. Default: the first of --services."`
	Scale          string `enum:"mlf3,smiley4,stars5" default:"mlf3" help:"mlf3 (three faces), smiley4 or stars5."`
}

// template returns what the flags describe, in a comune given by any code that it has had.
func (f *placeFlags) template(reg *registry.Registry, comune string, now time.Time) (schema.Enrolment, error) {
	return f.Enrolment(reg, place.Spot{Comune: comune, Channel: f.Channel, Scale: f.Scale, DefaultService: f.DefaultService}, now)
}

type enrolCmd struct {
	tool.Flags
	tool.RegistryFlags
	From   string `placeholder:"FILE.csv" help:"Enrol the terminals of a list, which stands for the flags below; '-' reads it from standard input. See above."`
	Comune string `placeholder:"ISTAT" help:"Comune where the terminal stands: its ISTAT code, six digits (058091 is Roma); one that it had before will do."`
	placeFlags
	Body  string `placeholder:"IPA" help:"Whose terminal it is, one of mlf body list."`
	Since string `placeholder:"DATE" help:"First day, by Rome's clock, whose votes count in their own hour. Default: now."`
	Count int    `default:"1" help:"Number of terminals to enrol."`
	JSON  bool   `name:"json" help:"One JSON object a line."`
}

// Help is shown by mlf terminal enrol --help.
func (*enrolCmd) Help() string {
	return `One comune:

  mlf terminal enrol --kafka kafka-1:9092 --comune 001263 --channel totem --services anagrafe,tributi --json > tokens.jsonl

Many, from a list; nothing is enrolled unless every line is good:

  mlf terminal enrol --kafka kafka-1:9092 --from terminals.csv --json > tokens.jsonl

  comune,office,channel,services,scale,since,count
  001263,sportello-unico,totem,anagrafe tributi,mlf3,2026-12-01,2
  058091,municipio-1,counter,anagrafe,,,

Columns may come in any order, and ';' may stand for ','. Without a scale it is mlf3, without a day now, without a count 1.

Tokens are shown this once: keep the output. Where devices can be reached by a page, mlf claim new lets them enrol themselves.`
}

// Validate refuses flags that do not go together. kong calls it.
func (c *enrolCmd) Validate() error { return errors.Join(c.LoginFlags.Validate(), c.together()) }

func (c *enrolCmd) together() error {
	one := c.Comune != "" || c.Channel != "" || len(c.Services) > 0 || c.DefaultService != "" || c.Office != "" || c.Since != "" || c.Count != 1
	switch {
	case c.From != "" && one:
		return errors.New("--from: its lines say where and what for; want no --comune, --channel, --services, --default-service, --office, --since, --count beside it")
	case c.From == "" && (c.Comune == "" || c.Channel == "" || len(c.Services) == 0):
		return errors.New("missing flags: want --comune, --channel and --services, or --from")
	}
	return nil
}

// Run enrols.
func (c *enrolCmd) Run(ctx context.Context, p *tool.Console) error {
	if c.Count < 1 || c.Count > enrolment.CountMax {
		return tool.UsageError{Err: fmt.Errorf("--count %d: want 1 to %d", c.Count, enrolment.CountMax)}
	}
	reg, err := c.Load()
	if err != nil {
		return err
	}
	templates, err := c.templates(reg, time.Now())
	if err != nil {
		return tool.UsageError{Err: err}
	}
	client, err := c.Client(p.Log)
	if err != nil {
		return err
	}
	if err := c.setBody(ctx, client, templates); err != nil {
		return err
	}
	e, err := enrolment.New(ctx, client)
	if err != nil {
		return err
	}
	if now := templates[0].Comune.String(); c.From == "" && now != c.Comune {
		fmt.Fprintf(p.Stderr, "comune %s has the code %s now: enrolled with that\n", c.Comune, now)
	}
	done := 0
	return e.EnrolAll(ctx, templates, func(enrolled []schema.Enrolled) error {
		if done += len(enrolled); len(templates) > 1 {
			fmt.Fprintf(p.Stderr, "%d of %d terminals enrolled\n", done, len(templates))
		}
		return c.print(p.Stdout, e.Terminals(), enrolled)
	})
}

// templates returns what is to be enrolled, less what differs per terminal.
func (c *enrolCmd) templates(reg *registry.Registry, now time.Time) ([]schema.Enrolment, error) {
	if c.From != "" {
		return readList(c.From, reg, now)
	}
	e, err := c.template(reg, c.Comune, now)
	if err != nil {
		return nil, err
	}
	if e.Since, err = enrolment.Since(c.Since, now); err != nil {
		return nil, err
	}
	return slices.Repeat([]schema.Enrolment{e}, c.Count), nil
}

// readList reads a list of terminals from a file, '-' from standard input.
func readList(name string, reg *registry.Registry, now time.Time) (templates []schema.Enrolment, err error) {
	var r io.Reader = os.Stdin
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return nil, fmt.Errorf("--from: %w", err)
		}
		defer func() { _ = f.Close() }()
		r = f
	}
	if templates, err = enrolment.ReadList(r, reg, now); err != nil {
		return nil, fmt.Errorf("--from %s, nothing is enrolled:\n%w", name, err)
	}
	return templates, nil
}

// setBody says whose the terminals are, where --body does.
func (c *enrolCmd) setBody(ctx context.Context, r enrolment.NetworkRegistry, templates []schema.Enrolment) error {
	if c.Body == "" {
		return nil
	}
	n, err := enrolment.ReadNetwork(ctx, r)
	if err != nil {
		return err
	}
	b, err := findBody(n, "--body", c.Body)
	if err != nil {
		return err
	}
	for i := range templates {
		templates[i].Body = b.Code
	}
	return nil
}

// print prints tokens; of a list with where they belong.
func (c *enrolCmd) print(w io.Writer, terminals *schema.Terminals, enrolled []schema.Enrolled) error {
	type placed struct {
		schema.Enrolled
		Comune  schema.ComuneID   `json:"comune"`
		Office  schema.OfficeCode `json:"office"`
		Channel schema.Channel    `json:"channel"`
	}
	var failed error
	for _, t := range enrolled {
		var line any = t
		text := fmt.Sprintf("terminal %v  token %s", t.Terminal, t.Token)
		if e := terminals.ByID(t.Terminal); c.From != "" && e != nil {
			line = placed{t, e.Comune, e.Office, e.Channel}
			text += fmt.Sprintf("  comune %v  channel %v  office %s", e.Comune, e.Channel, e.Office)
		}
		var err error
		if c.JSON {
			err = json.NewEncoder(w).Encode(line)
		} else {
			_, err = fmt.Fprintln(w, text)
		}
		failed = errors.Join(failed, err)
	}
	return failed
}
