package command

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"mlf/command/datadir"
	"mlf/ingest/enrolment"
	"mlf/schema"
	"mlf/schema/registry"
)

// demoTerminalsMax bounds --demo-terminals: more belong to mlf terminal enrol.
const demoTerminalsMax = 10_000

// A demo is the terminals that mlf up enrolled for trying things out.
type demo struct {
	Terminals []schema.Enrolled
	Stream    string // Of the first terminal, made anew at each start.
}

// demoTerminals returns as many demo terminals as asked for. Their tokens exist
// nowhere else, so they are kept in the data folder and used again; only those
// that are missing are enrolled, one per comune, the most populous first.
func (u *up) demoTerminals(ctx context.Context, lists *registry.Registry) (demo, error) {
	n := u.cmd.DemoTerminals
	if n <= 0 {
		return demo{}, nil
	}
	if n > demoTerminalsMax {
		return demo{}, usageError{fmt.Errorf("--demo-terminals %d: want at most %d", n, demoTerminalsMax)}
	}
	file := filepath.Join(u.cmd.Data, "demo-terminals.json")
	var d demo
	text, err := os.ReadFile(file)
	if err == nil {
		err = json.Unmarshal(text, &d.Terminals)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return demo{}, fmt.Errorf("read demo terminals: %w", err)
	}
	e, err := enrolment.New(ctx, u.client)
	if err != nil {
		return demo{}, err
	}
	if missing := n - len(d.Terminals); missing > 0 {
		templates, err := demoTemplates(lists, len(d.Terminals), missing)
		if err != nil {
			return demo{}, err
		}
		enrolled, err := e.Enrol(ctx, templates)
		if err != nil {
			return demo{}, err
		}
		d.Terminals = append(d.Terminals, enrolled...)
		if text, err = json.Marshal(d.Terminals); err != nil {
			return demo{}, err
		}
		if err := datadir.WriteSynced(file, text); err != nil {
			return demo{}, err
		}
	}
	key, _ := e.Terminals().SigningKey()
	d.Stream = key.Sign(schema.NewStream(e.Terminals().ByID(d.Terminals[0].Terminal)))
	return d, nil
}

// demoTemplates returns enrolments number first to first+n-1.
func demoTemplates(lists *registry.Registry, first, n int) ([]schema.Enrolment, error) {
	byPopulation := slices.Clone(lists.Comuni())
	slices.SortStableFunc(byPopulation, func(a, b registry.Comune) int { return cmp.Compare(b.Population, a.Population) })
	services, err := enrolment.Services(lists, []string{"anagrafe", "tributi"}, "")
	if err != nil {
		return nil, err
	}
	since := time.Now().UTC().AddDate(-1, 0, 0) // So that stored votes count in their hours.
	templates := make([]schema.Enrolment, n)
	for i := range templates {
		templates[i] = schema.Enrolment{
			Comune:   byPopulation[(first+i)%len(byPopulation)].ID,
			Channel:  schema.ChannelCounter,
			Scale:    schema.ScaleMLF3,
			Services: services,
			Since:    since,
		}
	}
	return templates, nil
}

// curl returns a command that casts a green vote as the first terminal; the
// shell's clock numbers the votes.
func (d *demo) curl(ingestURL string) string {
	return fmt.Sprintf(`curl -sS %s/v1/votes -H 'Authorization: Bearer %s' -H 'Content-Type: application/json' -d '{"stream":"%s","votes":[{"seq":'$(date +%%s)',"age_ms":0,"face":"green"}]}'`,
		ingestURL, d.Terminals[0].Token, d.Stream)
}
