package source

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"mlf/command/tool"
	"mlf/ingest/broker"
	"mlf/ingest/enrolment"
	"mlf/schema"
	"mlf/schema/registry"
	"mlf/schema/source"
)

// Cmd groups the commands on sources that keep no state.
type Cmd struct {
	Site        siteCmd        `cmd:"" help:"Sites whose forms send ratings."`
	Integration integrationCmd `cmd:"" help:"Networks and telephone exchanges that send in the name of devices, each by a token."`
	Device      deviceCmd      `cmd:"" help:"Boxes with buttons, and telephone exchanges, behind an integration."`
}

// placeFlags say where a source is counted, and for what.
type placeFlags struct {
	Comune   string   `placeholder:"ISTAT" help:"Comune: its ISTAT code, six digits; one that it had before will do."`
	Office   string   `placeholder:"CODE" help:"Office within the administration: letters, digits, '.', '_', '-'."`
	Services []string `placeholder:"CODE,…" help:"Services, for instance anagrafe,tributi; what names none is of the first."`
	Test     bool     `help:"For tests: its votes are counted in class test."`
}

// template returns what the flags describe, for a terminal of a channel and a scale.
func (f *placeFlags) template(reg *registry.Registry, channel, scale string, now time.Time) (e schema.Enrolment, err error) {
	rome, err := time.LoadLocation("Europe/Rome")
	if err != nil {
		return e, err
	}
	if f.Comune == "" || len(f.Services) == 0 || channel == "" {
		return e, errors.New("want --comune, --services and --channel")
	}
	if e.Comune, err = enrolment.ComuneNow(reg, f.Comune, registry.DateOf(now.In(rome))); err != nil {
		return e, fmt.Errorf("--comune: %w", err)
	}
	if e.Office, err = schema.ParseOffice(f.Office); err != nil {
		return e, fmt.Errorf("--office: %w", err)
	}
	if e.Channel, err = schema.ParseChannel(channel); err != nil {
		return e, fmt.Errorf("--channel: %w", err)
	}
	if e.Scale, err = schema.ParseScale(scale); err != nil {
		return e, fmt.Errorf("--scale: %w", err)
	}
	if e.Services, err = enrolment.Services(reg, f.Services, ""); err != nil {
		return e, err
	}
	e.Test, e.Since = f.Test, now.UTC().Truncate(time.Second)
	return e, nil
}

// urlFlag says where ingest is reached by who sends.
type urlFlag struct {
	URL string `name:"url" default:"https://voto.example.it" placeholder:"URL" help:"Address at which ingest is reached from outside: what is printed leads there."`
}

// Validate refuses what is no address. kong calls it.
func (f *urlFlag) Validate() error {
	u, err := url.Parse(f.URL)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.RawQuery != "" || u.Fragment != "" {
		return fmt.Errorf("--url %q: want an address like https://voto.example.it", f.URL)
	}
	return nil
}

// at returns the address of a path.
func (f *urlFlag) at(path string) string { return strings.TrimSuffix(f.URL, "/") + path }

// A book is the registry topic: terminals and sources as it has them, and who writes it.
type book struct {
	client    *broker.Client
	sources   *source.Sources
	terminals *enrolment.Enroller
}

// open reads the registry topic.
func open(ctx context.Context, f *tool.Flags, p *tool.Console) (*book, error) {
	client, err := f.Client(p.Log)
	if err != nil {
		return nil, err
	}
	b := &book{client: client, sources: new(source.Sources)}
	if err := client.ReadRecords(ctx, b.sources.Apply); err != nil {
		return nil, err
	}
	b.terminals, err = enrolment.New(ctx, client)
	return b, err
}

// A record is what the registry topic keeps.
type record interface {
	RegistryRecord() (key string, value []byte, err error)
}

// put writes r.
func (b *book) put(ctx context.Context, r record) error {
	key, value, err := r.RegistryRecord()
	if err != nil {
		return tool.UsageError{Err: err}
	}
	return b.client.PutRegistry(ctx, key, value)
}

// printAll prints each of all as a JSON object a line.
func printAll[T any](p *tool.Console, all []T) error {
	out := json.NewEncoder(p.Stdout)
	for _, one := range all {
		if err := out.Encode(one); err != nil {
			return err
		}
	}
	return nil
}
