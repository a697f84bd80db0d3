package command

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
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

// demoTerminals returns as many demo terminals as asked for. Their tokens exist
// nowhere else, so they are kept in the data folder and used again; only those
// that are missing are enrolled, one per comune, the most populous first.
func (u *up) demoTerminals(ctx context.Context, lists *registry.Registry) ([]schema.Enrolled, error) {
	n := u.cmd.DemoTerminals
	if n <= 0 {
		return nil, nil
	}
	if n > demoTerminalsMax {
		return nil, usageError{fmt.Errorf("--demo-terminals %d: want at most %d", n, demoTerminalsMax)}
	}
	file := filepath.Join(u.cmd.Data, "demo-terminals.json")
	kept, err := readDemo(file)
	if err != nil {
		return nil, err
	}
	e, err := enrolment.New(ctx, u.client)
	if err != nil {
		return nil, err
	}
	terminals := slices.DeleteFunc(slices.Clone(kept), func(t schema.Enrolled) bool { return !usable(e.Terminals(), t) })
	if gone := len(kept) - len(terminals); gone > 0 {
		u.log.Warn("demo terminals are not enrolled in this log, or revoked, or have another token: others take their place",
			slog.String("file", file), slog.Int("terminals", gone))
	}
	if missing := n - len(terminals); missing > 0 {
		templates, err := demoTemplates(lists, len(terminals), missing)
		if err != nil {
			return nil, err
		}
		enrolled, err := e.Enrol(ctx, templates)
		if err != nil {
			return nil, err
		}
		terminals = append(terminals, enrolled...)
	}
	if slices.Equal(terminals, kept) {
		return terminals, nil
	}
	text, err := json.Marshal(terminals)
	if err != nil {
		return nil, err
	}
	return terminals, datadir.WriteSynced(file, text)
}

// readDemo returns what file keeps; nothing when there is none.
func readDemo(file string) ([]schema.Enrolled, error) {
	text, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var kept []schema.Enrolled
	if err == nil {
		err = json.Unmarshal(text, &kept)
	}
	if err != nil {
		return nil, fmt.Errorf("read demo terminals from %s (without the file, others are enrolled): %w", file, err)
	}
	return kept, nil
}

// usable tells whether t's token is that of an enrolled terminal. The log may be
// another than the one that t was enrolled in: a folder restored in part.
func usable(terminals *schema.Terminals, t schema.Enrolled) bool {
	e := terminals.ByToken([]byte(t.Token))
	return e != nil && e.Terminal == t.Terminal && !e.Revoked
}

// demoTemplates returns enrolments number first to first+n-1.
func demoTemplates(lists *registry.Registry, first, n int) ([]schema.Enrolment, error) {
	byPopulation := lists.ComuniAt(registry.DateOf(time.Now()))
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

// castLines returns shell commands that cast a green vote as t: on a stream of its
// own, so that they can be repeated. A real terminal asks once, and counts on.
func castLines(ingestURL string, t schema.Enrolled) [2]string {
	call := fmt.Sprintf("curl -sS -H 'Authorization: Bearer %s' -H 'Content-Type: application/json' %s", t.Token, ingestURL)
	return [2]string{
		fmt.Sprintf(`stream=$(%s/v1/streams -d '{}' | sed -n 's/.*"stream":"\([^"]*\)".*/\1/p')`, call),
		fmt.Sprintf(`%s/v1/votes -d '{"stream":"'$stream'","votes":[{"seq":1,"age_ms":0,"face":"green"}]}'`, call),
	}
}
