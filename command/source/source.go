package source

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"mlf/command/place"
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
	Comune string `placeholder:"ISTAT" help:"Comune: its ISTAT code, six digits; one that it had before will do."`
	place.Flags
}

// template returns what the flags describe, for a terminal of a channel and a scale.
func (f *placeFlags) template(reg *registry.Registry, channel, scale string, now time.Time) (schema.Enrolment, error) {
	if f.Comune == "" || len(f.Services) == 0 || channel == "" {
		return schema.Enrolment{}, errors.New("want --comune, --services and --channel")
	}
	return f.Enrolment(reg, place.Spot{Comune: f.Comune, Channel: channel, Scale: scale}, now)
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
