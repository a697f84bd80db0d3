package source

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"mlf/command/tool"
	"mlf/ingest/rating/script"
	"mlf/schema"
	"mlf/schema/source"
)

type siteCmd struct {
	Add    siteAddCmd    `cmd:"" help:"Enrol a site, and print what it puts into its pages."`
	List   siteListCmd   `cmd:"" help:"List sites."`
	Close  siteCloseCmd  `cmd:"" help:"Take no more ratings of a site."`
	Pages  sitePagesCmd  `cmd:"" help:"Say of which service each page of a site is."`
	Poster sitePosterCmd `cmd:"" help:"Write posters with the code of a service's rating page."`
	IO     siteIOCmd     `cmd:"" name:"io" help:"Print the button by which a message of IO asks for a rating, or check a message."`
}

type siteAddCmd struct {
	tool.Flags
	tool.RegistryFlags
	urlFlag
	placeFlags
	Channel string   `enum:",web,digital" default:"" placeholder:"CHANNEL" help:"web, where clarity of pages is asked for; digital, where ease of a service is."`
	Origin  []string `placeholder:"ORIGIN,…" help:"Where its pages are, for instance https://www.comune.example.it. Default: anywhere."`
	Way     string   `enum:"script,form,import" default:"script" help:"script: ours, with ids. form: the site's own form sends here, once for each press. import: its exports are read. A site has one way: by two its ratings would count twice."`
	JSON    bool     `name:"json" help:"Print the site as a JSON object."`
}

// Help is shown by mlf source site add --help.
func (*siteAddCmd) Help() string {
	return `A site whose pages ask how clear they are, and another one for the services behind a login:

  mlf source site add --kafka kafka-1:9092 --comune 001263 --services anagrafe,tributi --channel web \
      --origin https://www.comune.sestriere.to.it --url https://voto.example.it
  mlf source site add --kafka kafka-1:9092 --comune 001263 --services anagrafe --channel digital \
      --origin https://servizi.comune.sestriere.to.it --url https://voto.example.it

It prints the tag for the pages, with the sum that browsers check, and the address for posters. The name of a site is public: it only adds
ratings to that site. A site under a content policy allows the address in script-src and connect-src.`
}

// A shownSite is a site as it is printed.
type shownSite struct {
	Site     string            `json:"site"`
	Terminal schema.TerminalID `json:"terminal"`
	Way      source.Way        `json:"way"`
	Origins  []string          `json:"origins"`
	Closed   bool              `json:"closed"`
	Script   string            `json:"script,omitempty"` // The tag for pages with a form of their own.
	Widget   string            `json:"widget,omitempty"` // The tag that brings a form.
	Poster   string            `json:"poster,omitempty"`
	Ratings  string            `json:"ratings,omitempty"` // Where a form sends.
}

// Run adds.
func (c *siteAddCmd) Run(ctx context.Context, p *tool.Console) error {
	reg, err := c.Load()
	if err != nil {
		return err
	}
	e, err := c.template(reg, c.Channel, schema.ScaleStars5.String(), time.Now())
	if err != nil {
		return tool.UsageError{Err: err}
	}
	s := source.Site{Name: source.NewName(), Way: source.Way(c.Way)}
	for _, text := range c.Origin {
		origin, err := source.ParseOrigin(text)
		if err != nil {
			return tool.UsageError{Err: fmt.Errorf("--origin: %w", err)}
		}
		s.Origins = append(s.Origins, origin)
	}
	if _, _, err := s.RegistryRecord(); err != nil { // Before a terminal is enrolled for it.
		return tool.UsageError{Err: err}
	}
	shown, err := c.shown(&s)
	if err != nil {
		return err
	}
	b, err := open(ctx, &c.Flags, p)
	if err != nil {
		return err
	}
	enrolled, err := b.terminals.Enrol(ctx, []schema.Enrolment{e})
	if err != nil {
		return err
	}
	s.Terminal, shown.Terminal = enrolled[0].Terminal, enrolled[0].Terminal
	if err := b.put(ctx, s); err != nil {
		return err
	}
	if c.JSON {
		return printAll(p, []shownSite{shown})
	}
	return shown.print(p)
}

// shown returns s as it is printed, with what its pages need.
func (c *siteAddCmd) shown(s *source.Site) (shownSite, error) {
	shown := showSite(s)
	switch s.Way {
	case source.Form:
		shown.Ratings = c.at("/v1/ratings/" + s.Name)
		return shown, nil
	case source.Import:
		return shown, nil
	default:
	}
	files, err := script.Files()
	if err != nil {
		return shown, err
	}
	tag := func(name string) string {
		i := slices.IndexFunc(files, func(f script.File) bool { return f.Name == name })
		if i < 0 {
			err = errors.Join(err, fmt.Errorf("no script %s in this program", name))
			return ""
		}
		return fmt.Sprintf(`<script src="%s" integrity="%s" crossorigin="anonymous" data-site="%s" defer></script>`, c.at("/v1/"+name), files[i].Integrity, s.Name)
	}
	shown.Script, shown.Widget, shown.Poster = tag("rating.js"), tag("widget.js"), c.at("/v/"+s.Name)
	return shown, err
}

func showSite(s *source.Site) shownSite {
	return shownSite{Site: s.Name, Terminal: s.Terminal, Way: s.Way, Origins: append([]string{}, s.Origins...), Closed: s.Closed}
}

func (s *shownSite) print(p *tool.Console) error {
	out := tabwriter.NewWriter(p.Stdout, 0, 4, 2, ' ', 0)
	fmt.Fprintf(out, "site\t%s\nterminal\t%v\n", s.Site, s.Terminal)
	for _, line := range [][2]string{{"beside a form", s.Script}, {"with its form", s.Widget}, {"posters", s.Poster}, {"the form sends to", s.Ratings}} {
		if line[1] != "" {
			fmt.Fprintf(out, "%s\t%s\n", line[0], line[1])
		}
	}
	return out.Flush()
}

type siteListCmd struct {
	tool.Flags
	JSON bool `name:"json" help:"One JSON object a line."`
}

// Run lists.
func (c *siteListCmd) Run(ctx context.Context, p *tool.Console) error {
	b, err := open(ctx, &c.Flags, p)
	if err != nil {
		return err
	}
	sites, _, _ := b.sources.All()
	slices.SortFunc(sites, func(a, b *source.Site) int { return cmp.Compare(a.Name, b.Name) })
	if c.JSON {
		all := make([]shownSite, len(sites))
		for i, s := range sites {
			all[i] = showSite(s)
		}
		return printAll(p, all)
	}
	table := tabwriter.NewWriter(p.Stdout, 0, 4, 2, ' ', 0)
	fmt.Fprintln(table, "SITE\tTERMINAL\tWAY\tORIGINS\tSTATE")
	for _, s := range sites {
		fmt.Fprintf(table, "%s\t%v\t%s\t%s\t%s\n", s.Name, s.Terminal, s.Way, cmp.Or(strings.Join(s.Origins, ","), "any"), stateOf(s.Closed, "closed"))
	}
	return table.Flush()
}

// stateOf returns word where a source has ended, else "active".
func stateOf(ended bool, word string) string {
	if ended {
		return word
	}
	return "active"
}

type siteCloseCmd struct {
	tool.Flags
	Name string `arg:"" help:"Site, as list shows it."`
	JSON bool   `name:"json" help:"Print the site as a JSON object."`
}

// Run closes.
func (c *siteCloseCmd) Run(ctx context.Context, p *tool.Console) error {
	b, err := open(ctx, &c.Flags, p)
	if err != nil {
		return err
	}
	known := b.sources.Site(c.Name)
	if known == nil {
		return fmt.Errorf("site %s: there is none; mlf source site list shows those that there are", c.Name)
	}
	s := *known
	s.Closed = true
	if err := b.put(ctx, s); err != nil {
		return err
	}
	if c.JSON {
		return printAll(p, []shownSite{showSite(&s)})
	}
	_, err = fmt.Fprintf(p.Stdout, "site %s closed\n", s.Name)
	return err
}
