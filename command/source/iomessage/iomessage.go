// Package iomessage makes the button by which a message of IO asks for a rating, and checks
// messages that have one.
//
// IO reads buttons off the front matter of a message's Markdown: for each language cta_1 and
// cta_2, each with a text and an action. An action that opens a page in the browser is
// iohandledlink:// and its address (pagopa/io-app, ts/components/ui/Markdown/handlers/link
// and ts/features/messages/utils/ctas). The lengths are those of the API (io-functions,
// MessageBodyMarkdown).
//
// It knows IO's rules and addresses of rating pages. It must not know who is enrolled, or
// to whom a message goes.
package iomessage

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"unicode/utf8"

	"gopkg.in/yaml.v3"

	"mlf/ingest/rating"
)

// Limits of a message, in letters.
const (
	bodyMin, bodyMax = 80, 10_000 // IO's, front matter included.
	textMax          = 40         // Of a button: more does not fit on a phone's. Ours.
)

// FileMax is the longest file that is looked at, in bytes: a letter may have four.
const FileMax = 4 * bodyMax

// Placeholder stands in a button where each message has its own id.
const Placeholder = "{message}"

// handled is how IO is told to open an address.
const handled = "iohandledlink://"

// A Button is what asks for a rating.
type Button struct {
	Page    string            // Of the site: https://voto.example.it/v/SITE.
	Service string            // A code.
	Message string            // The id of the message, or Placeholder.
	Texts   map[string]string // What stands on it, by language: it and en.
}

// FrontMatter returns the front matter of b: it goes before a message's text. IO shows the
// button of the reader's language.
func (b *Button) FrontMatter() (string, error) {
	page, err := url.Parse(b.Page)
	if err != nil || page.Scheme != "https" || page.Host == "" || page.RawQuery != "" || page.Fragment != "" {
		return "", fmt.Errorf("page %q: want an address of https without a query; IO's readers are warned of others", b.Page)
	}
	if b.Message != Placeholder {
		if _, err := rating.ParseMessage(b.Message); err != nil {
			return "", err
		}
	}
	action := handled + b.Page + "?s=" + url.QueryEscape(b.Service) + "&m=" + b.Message
	var text strings.Builder
	text.WriteString("---\n")
	for _, language := range []string{"it", "en"} {
		said := b.Texts[language]
		if n := utf8.RuneCountInString(said); n == 0 || n > textMax || strings.ContainsFunc(said, func(c rune) bool { return c < ' ' }) {
			return "", fmt.Errorf("text %s of %d letters: want 1 to %d, in one line", language, n, textMax)
		}
		fmt.Fprintf(&text, "%s:\n    cta_1:\n        text: %s\n        action: %s\n", language, quoted(said), quoted(action))
	}
	text.WriteString("---\n")
	return text.String(), nil
}

// quoted writes a text as YAML reads it whatever is in it.
func quoted(text string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(text) + `"`
}

// A cta is a button as IO reads it.
type cta struct {
	Text   string `yaml:"text"`
	Action string `yaml:"action"`
}

// Check tells what is wrong with the Markdown of a message that is to ask for ratings on a
// page; nil for nothing.
func Check(markdown, page string) error {
	if len(markdown) > FileMax {
		return fmt.Errorf("message of %d bytes: want at most %d letters", len(markdown), bodyMax)
	}
	if n := utf8.RuneCountInString(markdown); n < bodyMin || n > bodyMax {
		return fmt.Errorf("message of %d letters: IO wants %d to %d, front matter included", n, bodyMin, bodyMax)
	}
	markdown = strings.ReplaceAll(markdown, "\r\n", "\n")
	rest, begins := strings.CutPrefix(markdown, "---\n")
	front, text, ends := strings.Cut(rest, "\n---\n")
	if !begins || !ends {
		return errors.New("want the front matter first: a line ---, the buttons, a line ---")
	}
	if strings.TrimSpace(text) == "" {
		return errors.New("want a text after the front matter")
	}
	var languages map[string]map[string]cta
	if err := yaml.Unmarshal([]byte(front), &languages); err != nil {
		return fmt.Errorf("read front matter: %w", err)
	}
	asks := 0
	for _, language := range []string{"it", "en"} {
		buttons, ok := languages[language]
		if !ok {
			return fmt.Errorf("no %s: IO wants buttons in Italian and in English", language)
		}
		for _, name := range []string{"cta_1", "cta_2"} {
			b, ok := buttons[name]
			if !ok && name == "cta_2" {
				continue
			}
			ours, err := b.check(page)
			if err != nil {
				return fmt.Errorf("%s, %s: %w", language, name, err)
			}
			if ours {
				asks++
			}
		}
	}
	if asks != 2 {
		return fmt.Errorf("%d buttons lead to %s: want one a language", asks, page)
	}
	return nil
}

// check looks at one button, and tells whether it leads to the page.
func (b *cta) check(page string) (ours bool, err error) {
	if n := utf8.RuneCountInString(b.Text); n == 0 || n > textMax {
		return false, fmt.Errorf("text of %d letters: want 1 to %d", n, textMax)
	}
	address, external := strings.CutPrefix(b.Action, handled)
	if !external {
		if !strings.HasPrefix(b.Action, "ioit://") {
			return false, fmt.Errorf("action: want %shttps://…, or ioit:// and a page of IO's own", handled)
		}
		return false, nil
	}
	u, err := url.Parse(address)
	if err != nil {
		return false, errors.New("action: want an address")
	}
	switch u.Scheme {
	case "http", "https", "sms", "tel", "mailto", "copy":
	default:
		return false, fmt.Errorf("action: scheme %.20q: IO opens https, http, sms, tel, mailto and copy", u.Scheme)
	}
	if before, _, _ := strings.Cut(address, "?"); before != page {
		return false, nil
	}
	asked, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return true, errors.New("action: the query cannot be read")
	}
	for name := range asked {
		if name != "s" && name != "m" && name != "lang" {
			return true, fmt.Errorf("action: parameter %.20q: want s, m and lang alone: nothing of whoever reads it", name)
		}
	}
	if asked.Get("s") == "" {
		return true, errors.New("action: no service (s)")
	}
	_, err = rating.ParseMessage(asked.Get("m"))
	return true, err
}
