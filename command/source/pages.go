package source

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"
	"unicode"

	"mlf/command/source/missed"
	"mlf/command/source/pagelist"
	"mlf/command/tool"
	"mlf/schema"
	"mlf/schema/pagetable"
	"mlf/schema/registry"
	"mlf/schema/source"
)

type sitePagesCmd struct {
	tool.Flags
	tool.RegistryFlags
	Site      string   `arg:"" help:"Site, or the IPA code of a comune that has one."`
	From      string   `placeholder:"FILE" help:"Pages and their services: CSV, or the sitemap of the site (XML, packed or not); '-' reads standard input."`
	Since     string   `placeholder:"DATE" help:"First day, by Rome's clock, on which the table holds. Default: in 10 seconds."`
	Write     bool     `help:"Put the table on the registry topic. Without it the file is only looked at."`
	Unmatched bool     `help:"Show which pages were rated and have no line."`
	Admin     []string `default:"127.0.0.1:9090" placeholder:"ADDR,…" help:"Admin listeners of all processes of mlf ingest, for --unmatched."`
	JSON      bool     `name:"json" help:"One JSON object: what became of the file, or the table; with --unmatched one a page."`
}

// Help is shown by mlf source site pages --help.
func (*sitePagesCmd) Help() string {
	return `Of which service each page of a site is. First what a sitemap gives, to be looked at; then what was made of it:

  mlf source site pages --kafka kafka-1:9092 c_i692 --from sitemap.xml > pages.csv
  mlf source site pages --kafka kafka-1:9092 c_i692 --from pages.csv
  mlf source site pages --kafka kafka-1:9092 c_i692 --from pages.csv --write

  page,service,question
  /servizi/imu/paga,pagamento-imu,ease
  /servizi/imu/**,tributi,
  /servizi/*/prenota,prenotazione-appuntamento,ease
  https://anagrafe.comune.example.it/**,anagrafe,

The first line that fits holds. * is anything within a part of a path, ** any parts, also none. A host is looked at where a line has one;
query and fragment never are. The question is named where it is not the site's own: ratings of such pages are counted for a terminal of
their own, which is enrolled with the table.

A page without a line counts under unspecified, one that names its service itself (data-service) under that. What was counted stays as
it is: a table holds for what comes from its time on. --unmatched shows what pages were rated without a line since mlf ingest began.

Without --from the table that there is is shown.`
}

// Run shows or writes a table.
func (c *sitePagesCmd) Run(ctx context.Context, p *tool.Console) error {
	switch {
	case c.Unmatched && (c.From != "" || c.Write):
		return tool.UsageError{Err: errors.New("--unmatched: want no --from and no --write beside it")}
	case c.From == "" && c.Write:
		return tool.UsageError{Err: errors.New("--write: want --from")}
	}
	reg, err := c.Load()
	if err != nil {
		return err
	}
	b, err := open(ctx, &c.Flags, p)
	if err != nil {
		return err
	}
	s, e, err := b.site(reg, c.Site)
	if err != nil {
		return err
	}
	newest := b.sources.NewestPages(s.Name)
	switch {
	case c.Unmatched:
		return c.unmatched(ctx, p, s, b.sources.Pages(s.Name, time.Now()))
	case c.From == "" && newest == nil:
		return fmt.Errorf("site %s: it has no table of pages; --from makes one", s.Name)
	case c.From == "" && c.JSON:
		return json.NewEncoder(p.Stdout).Encode(newest.Table)
	case c.From == "":
		fmt.Fprintf(p.Stderr, "site %s, version %d from %s\n", s.Name, newest.Version, newest.From.Format(time.RFC3339))
		return pagelist.Write(p.Stdout, newest.Lines)
	}
	return c.change(ctx, p, b, siteOf{s, e, newest})
}

// A siteOf is a site, its terminal, and its table, nil for none.
type siteOf struct {
	*source.Site
	terminal *schema.Enrolment
	newest   *pagetable.Matcher
}

// site returns the open site of a name, or the only one of a comune's IPA code, and its
// terminal.
func (b *book) site(reg *registry.Registry, name string) (*source.Site, *schema.Enrolment, error) {
	sites, _, _ := b.sources.All()
	var found []*source.Site
	for _, s := range sites {
		e := b.terminals.Terminals().ByID(s.Terminal)
		if e == nil || s.Closed && s.Name != name {
			continue
		}
		comune, _ := reg.Comune(e.Comune)
		if s.Name == name || strings.EqualFold(string(e.Body), name) || comune.IPA != "" && strings.EqualFold(comune.IPA, name) {
			found = append(found, s)
		}
	}
	slices.SortFunc(found, func(a, b *source.Site) int { return strings.Compare(a.Name, b.Name) })
	switch {
	case len(found) == 0:
		return nil, nil, fmt.Errorf("site %s: there is none; mlf source site list shows those that there are", name)
	case len(found) > 1:
		var names []string
		for _, s := range found {
			names = append(names, s.Name)
		}
		return nil, nil, fmt.Errorf("%s has %d sites: want one of %s", name, len(found), strings.Join(names, ", "))
	case found[0].Closed:
		return nil, nil, fmt.Errorf("site %s: it was closed", name)
	}
	return found[0], b.terminals.Terminals().ByID(found[0].Terminal), nil
}

// A pagesSummary is what became of a file of pages.
type pagesSummary struct {
	Site    string    `json:"site"`
	Version uint32    `json:"version"`
	From    time.Time `json:"from"`
	Lines   int       `json:"lines"`
	Pages   int       `json:"pages,omitempty"`   // Of a sitemap.
	Unknown []string  `json:"unknown,omitempty"` // Pages of services in it, of which nobody knows of which.
	Other   int       `json:"other,omitempty"`   // Lines that ask the question that is not the site's own.
	Same    bool      `json:"same,omitempty"`    // The table that there is says the same.
	Written bool      `json:"written"`
}

// change looks at a file, and writes its table where that is wanted.
func (c *sitePagesCmd) change(ctx context.Context, p *tool.Console, b *book, s siteOf) error {
	list, err := c.read(s.terminal)
	if err != nil {
		return tool.UsageError{Err: fmt.Errorf("--from %s: %w", c.From, err)}
	}
	t := pagetable.Table{Site: s.Name, Version: 1, Lines: list.Lines}
	if t.From, err = c.since(time.Now()); err != nil {
		return tool.UsageError{Err: err}
	}
	if s.newest != nil {
		t.Version = s.newest.Version + 1
	}
	if _, _, err := t.RegistryRecord(); err != nil {
		return tool.UsageError{Err: fmt.Errorf("--from %s, lines after the header: %w", c.From, err)}
	}
	sum := pagesSummary{Site: s.Name, Version: t.Version, From: t.From, Lines: len(t.Lines), Pages: list.Pages, Unknown: list.Unknown, Other: others(s.terminal, t.Lines)}
	sum.Same = s.newest != nil && c.Since == "" && slices.Equal(s.newest.Lines, t.Lines)
	if c.Write && !sum.Same {
		if err := b.putTable(ctx, s, t, sum.Other > 0); err != nil {
			return err
		}
		sum.Written = true
	}
	if c.JSON {
		return json.NewEncoder(p.Stdout).Encode(sum)
	}
	sum.print(p.Stderr)
	if list.Sitemap && !c.Write {
		return pagelist.Write(p.Stdout, t.Lines)
	}
	return nil
}

// soon is how long every process of mlf ingest has to read a table before it holds, so that
// all read a rating by the same one.
const soon = 10 * time.Second

// since returns from when on a table holds that is written at now.
func (c *sitePagesCmd) since(now time.Time) (time.Time, error) {
	if c.Since == "" {
		return now.UTC().Truncate(time.Second).Add(soon), nil
	}
	rome, err := time.LoadLocation("Europe/Rome")
	if err != nil {
		return time.Time{}, err
	}
	day, err := time.ParseInLocation(time.DateOnly, c.Since, rome)
	if err != nil || !day.After(now.Add(soon)) {
		return day, fmt.Errorf("--since %q: want a day to come, as 2026-12-01: what was counted stays as it is", c.Since)
	}
	return day.UTC(), nil
}

// read reads the file, and refuses lines of services that e does not offer.
func (c *sitePagesCmd) read(e *schema.Enrolment) (l pagelist.List, err error) {
	var from io.Reader = os.Stdin
	if c.From != "-" {
		f, err := os.Open(c.From)
		if err != nil {
			return l, err
		}
		defer func() { _ = f.Close() }() // It was only read.
		from = f
	}
	offered := func(code string) bool { _, ok := e.Service([]byte(code)); return ok }
	if l, err = pagelist.Read(from, offered); err != nil {
		return l, err
	}
	var lacking []string
	for _, line := range l.Lines {
		if !offered(line.Service) && !slices.Contains(lacking, line.Service) {
			lacking = append(lacking, line.Service)
		}
	}
	if len(lacking) > 0 {
		return l, fmt.Errorf("services that the site does not have: %s; a site has those that it was added with (--services), at most %d",
			strings.Join(lacking[:min(len(lacking), wrongMax)], ", "), schema.EnrolledServicesMax)
	}
	return l, nil
}

// others counts the lines that ask what e does not.
func others(e *schema.Enrolment, lines []pagetable.Line) (n int) {
	own := pagetable.Clarity
	if e.Channel == schema.ChannelDigital {
		own = pagetable.Ease
	}
	for _, l := range lines {
		if l.Question != "" && l.Question != own {
			n++
		}
	}
	return n
}

// versionsKept is how many versions of a table the registry topic keeps, for whoever asks
// by which one a rating was read.
const versionsKept = 100

// putTable writes t, after a terminal for the other question where some page asks it and
// the site has none.
func (b *book) putTable(ctx context.Context, s siteOf, t pagetable.Table, other bool) error {
	if other && s.Other == 0 {
		if err := b.putOther(ctx, s); err != nil {
			return err
		}
	}
	if err := b.put(ctx, t); err != nil {
		return err
	}
	if t.Version > versionsKept {
		return b.client.PutRegistry(ctx, pagetable.Key(t.Site, t.Version-versionsKept), nil)
	}
	return nil
}

// putOther enrols the terminal of a site's other question: the site's own, on the other
// channel.
func (b *book) putOther(ctx context.Context, s siteOf) error {
	e := *s.terminal
	e.Channel = schema.ChannelDigital
	if s.terminal.Channel == schema.ChannelDigital {
		e.Channel = schema.ChannelWeb
	}
	e.Since = time.Now().UTC().Truncate(time.Second)
	enrolled, err := b.terminals.Enrol(ctx, []schema.Enrolment{e})
	if err != nil {
		return err
	}
	changed := *s.Site
	changed.Other = enrolled[0].Terminal
	return b.put(ctx, changed)
}

// print says what became of a file.
func (s *pagesSummary) print(to io.Writer) {
	if s.Pages > 0 {
		fmt.Fprintf(to, "%d pages in the sitemap\n", s.Pages)
	}
	for _, path := range s.Unknown {
		fmt.Fprintf(to, "no service found for %s\n", path)
	}
	state := "would hold; nothing was written (--write)"
	switch {
	case s.Same:
		state = "would say what the one before says; nothing was written"
	case s.Written:
		state = "holds"
	}
	fmt.Fprintf(to, "site %s: %d lines; from %s on, version %d %s\n", s.Site, s.Lines, s.From.Format(time.RFC3339), s.Version, state)
	if s.Other > 0 {
		fmt.Fprintf(to, "%d lines ask the other question: they are counted for a terminal of their own\n", s.Other)
	}
}

// unmatched prints the pages that were rated without a line of the table m.
func (c *sitePagesCmd) unmatched(ctx context.Context, p *tool.Console, s *source.Site, m *pagetable.Matcher) error {
	if m == nil {
		return fmt.Errorf("site %s: it has no table of pages that holds; --from makes one", s.Name)
	}
	pages, err := missed.Ask(ctx, c.Admin, s.Name, m.Version)
	if err != nil {
		return err
	}
	if c.JSON {
		return printAll(p, pages)
	}
	for _, page := range pages {
		fmt.Fprintf(p.Stdout, "%d\t%s\n", page.Ratings, cmp.Or(printable(page.Path), "(without a path, or too many)"))
	}
	return nil
}

// printable returns a path that anybody may have sent, without what a screen would obey.
func printable(path string) string {
	return strings.Map(func(c rune) rune {
		if !unicode.IsPrint(c) {
			return '\ufffd'
		}
		return c
	}, path)
}
