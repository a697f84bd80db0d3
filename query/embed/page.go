package embed

import (
	"bytes"
	"fmt"
	"net/url"
	"strconv"

	"mlf/schema/registry"
)

// A Look is how a page is wanted.
type Look struct {
	Lang  registry.Lang
	Theme string // light or dark; "" for what the reader prefers.
	Site  string // Where readers find the service, without a slash at its end; "" where nobody has said so.
}

// Themes are those that can be asked for.
func Themes() []string { return []string{"light", "dark"} }

// A sheet is what page.html shows.
type sheet struct {
	Lang, Theme, Locale                string
	Title, Summary, Programme, Picture string
	Style, Script, Icon                string
	Place, About, Month, Gap, Sure     string
	Faces                              []faceShown
	Notes                              []string
	Full, Counted, Opens               string
}

// A faceShown is one face with its votes. The bar's part of it begins at From and is Width
// wide, in per cent.
type faceShown struct {
	Name, Mouth, Fill  string
	Word, Share, Votes string
	From, Width        string
}

// mouths are those of green, yellow and red, within 64 by 64.
func mouths() [3]string {
	return [3]string{"M17 38c4 9 26 9 30 0", "M18 42h28", "M17 47c4-9 26-9 30 0"}
}

// Page writes f as a page.
func (m *Maker) Page(f *Figures, look Look) ([]byte, error) {
	v := m.voices[look.Lang]
	s := m.sheet(v, f.Code, look)
	s.Place, s.Month, s.Summary = f.Name, v.monthOf(f), v.summary(f)
	s.Title = s.Place + ", " + s.Month
	s.Gap, s.Notes = v.gap(f), v.notes(f)
	s.Picture = f.Code + ".png?lang=" + s.Lang
	if look.Site != "" {
		s.Picture = look.Site + Path + "comune/" + s.Picture // Who passes pages on wants it whole.
	}
	if s.Gap == "" {
		s.Faces, s.Sure = v.facesOf(f), v.sure(f)+"."
	}
	return m.write(&s)
}

// sheet is what every page has.
func (m *Maker) sheet(v *voice, code string, look Look) sheet {
	lang := string(look.Lang)
	return sheet{
		Lang: lang, Theme: look.Theme, Locale: v.say("locale"), Style: m.style, Script: m.script, Icon: m.icon,
		Programme: v.say("programme"), About: v.say("about"), Counted: v.say("counted"), Opens: v.say("opens"),
		Full: "../../place?" + url.Values{"comune": {code}, "lang": {lang}, "period": {"last-month"}}.Encode(),
	}
}

func (m *Maker) write(s *sheet) ([]byte, error) {
	var page bytes.Buffer
	if err := m.page.Execute(&page, s); err != nil {
		return nil, fmt.Errorf("write page to embed: %w", err)
	}
	return page.Bytes(), nil
}

// Refusal writes a page that says why there are no figures of a comune: nobody knows it, or
// they are not to be had now.
func (m *Maker) Refusal(code string, unknown bool, look Look) ([]byte, error) {
	v := m.voices[look.Lang]
	s := m.sheet(v, code, look)
	s.Title, s.Gap = v.say("programme"), v.say("later")
	if unknown {
		s.Gap = v.say("unknown", "code", code)
	}
	s.Place = s.Title
	return m.write(&s)
}

// facesOf are the faces of f, which has votes.
func (v *voice) facesOf(f *Figures) []faceShown {
	var shown []faceShown
	var from uint64
	for i, share := range f.shares() {
		shown = append(shown, faceShown{
			Name: [...]string{"green", "yellow", "red"}[i], Mouth: mouths()[i], Fill: [...]string{"", "dots", "lines"}[i],
			Word: v.faces[i], Share: v.share(share), Votes: v.votes([...]uint64{f.Green, f.Yellow, f.Red}[i]),
			From: perCent(from), Width: perCent(share),
		})
		from += share
	}
	return shown
}

// perCent writes thousandths as an attribute has them; "" for none.
func perCent(thousandths uint64) string {
	if thousandths == 0 {
		return ""
	}
	return strconv.FormatFloat(float64(thousandths)/10, 'f', 1, 64)
}
