package source

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"

	"mlf/command/source/iomessage"
	"mlf/command/tool"
	"mlf/schema"
	"mlf/schema/source"
)

type siteIOCmd struct {
	tool.Flags
	tool.RegistryFlags
	urlFlag
	Site    string `arg:"" help:"Site, or the IPA code of a comune that has one."`
	Service string `placeholder:"CODE" help:"Service that the message is about, one of the site's."`
	Message string `placeholder:"ID" help:"Id of the message: a random one, as a UUID, of nobody. Default: {message}, to be replaced in each."`
	TextIT  string `name:"text-it" default:"Dai il tuo giudizio" help:"What stands on the button in Italian."`
	TextEN  string `name:"text-en" default:"Rate this service" help:"What stands on the button in English."`
	Check   string `placeholder:"FILE.md" help:"Check the Markdown of a message instead; '-' reads standard input."`
}

// Help is shown by mlf source site io --help.
func (*siteIOCmd) Help() string {
	return `A button for messages of IO that asks how easy a service was. It is the front matter, which goes before the text of the message:

  mlf source site io --kafka kafka-1:9092 c_i692 --service tributi --url https://voto.example.it > button.md
  cat button.md text.md > message.md
  mlf source site io --kafka kafka-1:9092 c_i692 --url https://voto.example.it --check message.md

Whoever sends puts an id of its own in the place of {message}, another for each message: a random UUID, never a fiscal code, a name or a
number that somebody has. A message is rated once, however often it is opened; what is kept of its id is a hash.

Ratings are counted as ease, on channel digital: the site is of that channel, or has pages that ask for ease (mlf source site pages).`
}

// Run prints the button, or checks a message.
func (c *siteIOCmd) Run(ctx context.Context, p *tool.Console) error {
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
	page := c.at("/v/" + s.Name)
	if c.Check != "" {
		return c.check(p, page)
	}
	switch _, offered := e.Service([]byte(c.Service)); {
	case s.Way != source.Script:
		return fmt.Errorf("site %s: its ratings come by its %s, and the page of a message sends by our script", s.Name, s.Way)
	case e.Channel != schema.ChannelDigital && s.Other == 0:
		return fmt.Errorf("site %s: it asks how clear pages are; a message asks for ease: want a site of --channel digital", s.Name)
	case !offered:
		return tool.UsageError{Err: fmt.Errorf("--service %q: want one of the site's: %s", c.Service, strings.Join(codesOf(e), ", "))}
	}
	if c.Message == "" {
		c.Message = iomessage.Placeholder
	}
	button := iomessage.Button{Page: page, Service: c.Service, Message: c.Message, Texts: map[string]string{"it": c.TextIT, "en": c.TextEN}}
	front, err := button.FrontMatter()
	if err != nil {
		return tool.UsageError{Err: err}
	}
	_, err = io.WriteString(p.Stdout, front)
	return err
}

// codesOf returns the codes of the services of e.
func codesOf(e *schema.Enrolment) []string {
	codes := make([]string, len(e.Services))
	for i := range e.Services {
		codes[i] = e.Services[i].Code
	}
	return codes
}

// check looks at a message that leads to page.
func (c *siteIOCmd) check(p *tool.Console, page string) error {
	var from io.Reader = os.Stdin
	if c.Check != "-" {
		f, err := os.Open(c.Check)
		if err != nil {
			return tool.UsageError{Err: fmt.Errorf("--check: %w", err)}
		}
		defer func() { _ = f.Close() }() // It was only read.
		from = f
	}
	text, err := io.ReadAll(io.LimitReader(from, iomessage.FileMax+1))
	if err != nil {
		return fmt.Errorf("--check %s: %w", c.Check, err)
	}
	if err := iomessage.Check(string(text), page); err != nil {
		return fmt.Errorf("--check %s: %w", c.Check, err)
	}
	_, err = fmt.Fprintln(p.Stdout, "IO shows the button, in Italian and in English")
	return err
}
