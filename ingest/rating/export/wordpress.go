package export

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"

	"mlf/ingest/rating"
)

// WordPress reads an export of Design Comuni's theme, as Tools, Export writes it (WXR):
// the posts of type rating, whatever else is in it. Ratings are drafts, so they have the
// time of the site's own clock and none in GMT. Those in the bin are refused: somebody
// has put them there. A rating's key is of its post id.
func WordPress(from io.Reader, o Options) iter.Seq2[Row, error] {
	r := newReading(from, o)
	d := xml.NewDecoder(printable{r.meter})
	d.Strict = false
	inFeed := false
	return rowsOf(r, "WordPress's WXR", func() (Row, error) {
		for {
			r.meter.allow(d.InputOffset(), itemBytesMax)
			token, err := d.Token()
			if errors.Is(err, io.EOF) && !inFeed {
				return Row{}, errors.New("no rss: want what WordPress exports")
			}
			if err != nil {
				return Row{}, err
			}
			start, ok := token.(xml.StartElement)
			if ok && start.Name.Local == "rss" {
				inFeed = true
			}
			if !ok || start.Name.Local != "item" || !inFeed {
				continue
			}
			line, _ := d.InputPos()
			var it item
			if err := d.DecodeElement(&it, &start); err != nil {
				return Row{}, fmt.Errorf("item at line %d: %w", line, err)
			}
			if it.Type == "rating" {
				return r.wordPress(&it, line), nil
			}
		}
	})
}

// An item is a post of WXR: what is needed of it, in any of its namespaces.
type item struct {
	Title      string `xml:"title"`
	ID         string `xml:"post_id"`
	Date       string `xml:"post_date"`
	Type       string `xml:"post_type"`
	Status     string `xml:"status"`
	Categories []struct {
		Domain string `xml:"domain,attr"`
		Name   string `xml:",chardata"`
	} `xml:"category"`
	Meta []struct {
		Key   string `xml:"meta_key"`
		Value string `xml:"meta_value"`
	} `xml:"postmeta"`
}

// of returns what the theme has stored under a key, or, as older ones have, in a
// taxonomy; "" for nothing.
func (it *item) of(key, taxonomy string) string {
	for _, meta := range it.Meta {
		if meta.Key == "_dci_rating_"+key {
			return strings.TrimSpace(meta.Value)
		}
	}
	for _, category := range it.Categories {
		if taxonomy != "" && category.Domain == taxonomy {
			return strings.TrimSpace(category.Name)
		}
	}
	return ""
}

// wordPress reads one post.
func (r *reading) wordPress(it *item, line int) (row Row) {
	row.Line = line
	id := strings.TrimSpace(it.ID)
	if id == "" {
		row.refuse("bad_row", "want a post_id")
		return row
	}
	row.Key = digest("wordpress", id)
	if it.Status == "trash" {
		row.refuse("trashed", "somebody has put it into the bin")
	}
	r.timed(&row, strings.TrimSpace(it.Date))
	row.judge(&rating.Stored{
		Shape: rating.WordPress, Value: it.of("stelle", "stars"), Answer: it.of("risposta_chiusa", ""), Text: it.of("risposta_aperta", ""),
		Page: it.of("url", "page_urls"), Title: it.Title,
	})
	return row
}

// printable passes text on with a space for each control character that XML forbids:
// WordPress writes what citizens have pasted as it is.
type printable struct{ from io.Reader }

func (p printable) Read(b []byte) (int, error) {
	n, err := p.from.Read(b)
	for i, c := range b[:n] {
		if c < ' ' && c != '\t' && c != '\n' && c != '\r' {
			b[i] = ' '
		}
	}
	return n, err
}
