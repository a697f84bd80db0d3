package source

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"mlf/command/source/poster"
	"mlf/command/tool"
	"mlf/schema"
	"mlf/schema/registry"
	"mlf/schema/source"
)

type sitePosterCmd struct {
	tool.Flags
	tool.RegistryFlags
	urlFlag
	Site     string   `arg:"" help:"Site, or the IPA code of a comune that has one."`
	Service  []string `required:"" placeholder:"CODE,…" help:"Services of the site: a poster each."`
	Language []string `default:"it,en,de" placeholder:"LANG,…" help:"it, en, de: one to three, the first in large letters."`
	Paper    string   `enum:"A4,A5,A6" default:"A4" help:"A4, A5 or A6, upright."`
	Title    string   `placeholder:"TEXT" help:"Whose poster it is. Default: Comune di and its name."`
	Logo     string   `placeholder:"FILE" help:"PNG, JPEG or SVG, for the upper left corner. Without it the place stays empty."`
	Out      string   `required:"" placeholder:"FILE" help:"Where the posters go: FILE.html, a page each, to be printed or kept as a PDF by a browser; FILE.svg, of one service, for a printer's. It must not be there."`
}

// Help is shown by mlf source site poster --help.
func (*sitePosterCmd) Help() string {
	return `Posters with the code of a service's rating page:

  mlf source site poster --kafka kafka-1:9092 c_i692 --service anagrafe,tributi --url https://voto.example.it --paper A5 --out posters.html

Print them at 100 %, without margins. The code is of level Q: a quarter of it may be dirty. Below it the address stands in letters, for who
cannot scan it.`
}

// Run writes posters.
func (c *sitePosterCmd) Run(ctx context.Context, p *tool.Console) error {
	ending := strings.ToLower(filepath.Ext(c.Out))
	switch {
	case ending != ".html" && ending != ".svg":
		return tool.UsageError{Err: fmt.Errorf("--out %s: want a name that ends in .html or .svg", c.Out)}
	case ending == ".svg" && len(c.Service) != 1:
		return tool.UsageError{Err: fmt.Errorf("--out %s: %d services: want one, or .html", c.Out, len(c.Service))}
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
	if s.Way != source.Script {
		return fmt.Errorf("site %s: its ratings come by its %s, and the page of a poster sends by our script", s.Name, s.Way)
	}
	posters, err := c.posters(reg, s, e)
	if err != nil {
		return tool.UsageError{Err: err}
	}
	var out bytes.Buffer
	if ending == ".html" {
		err = poster.WriteHTML(&out, posters)
	} else {
		var svg string
		svg, err = posters[0].SVG()
		out.WriteString(svg)
	}
	if err != nil {
		return tool.UsageError{Err: err}
	}
	if err := create(c.Out, out.Bytes()); err != nil {
		return tool.UsageError{Err: fmt.Errorf("--out: %w", err)}
	}
	for i := range posters {
		fmt.Fprintf(p.Stdout, "%s  %s\n", c.Service[i], posters[i].URL)
	}
	return nil
}

// create writes a new file.
func create(name string, data []byte) error {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	return errors.Join(err, f.Close())
}

// posters returns what is to be printed, of each service.
func (c *sitePosterCmd) posters(reg *registry.Registry, s *source.Site, e *schema.Enrolment) ([]poster.Poster, error) {
	var logo []byte
	if c.Logo != "" {
		var err error
		if logo, err = os.ReadFile(c.Logo); err != nil {
			return nil, fmt.Errorf("--logo: %w", err)
		}
	}
	comune, _ := reg.Comune(e.Comune)
	var all []poster.Poster
	for _, code := range c.Service {
		if _, offered := e.Service([]byte(code)); !offered {
			return nil, fmt.Errorf("--service %q: want some of the site's: %s", code, strings.Join(codesOf(e), ", "))
		}
		one := poster.Poster{
			URL:   c.at("/v/"+s.Name) + "?s=" + url.QueryEscape(code),
			Title: cmp.Or(c.Title, "Comune di "+comune.NameIT), Service: make(map[string]string), Languages: c.Language, Logo: logo,
		}
		for _, paper := range poster.Papers() {
			if paper.Name == c.Paper {
				one.Paper = paper
			}
		}
		for _, language := range c.Language {
			one.Service[language] = reg.Label(registry.ListServices, code, registry.Lang(language))
		}
		all = append(all, one)
	}
	return all, nil
}
