package words

import (
	_ "embed"
	"encoding/csv"
	"html/template"
	"strings"
	"time"
)

//go:embed words.csv
var wordsFile string

//go:embed letter.html
var letterFile string

// A Story is what is to be told. Texts in it are shortened, and made one line each.
type Story struct {
	Kind  string // red, fall, silence, misuse, digest or test.
	State string // opened, updated or closed; of no meaning for digest and test.
	Scale string // mlf3, whose negative votes are red; of another scale they are called negative. Empty: mlf3.

	Body  string // Whose alert it is: "Comune di Ivrea".
	Scope string // What it is about within the body: "Anagrafe, via Roma". Empty: all of it.

	Opened, Closed time.Time // Zero: not said.

	// The figures of seven days, or of a day for misuse: votes, the negative ones (of
	// misuse the suspicious ones), their share from 0 to 1 and its interval. N of 0: not said.
	N, Negative      uint64
	Share, Low, High float64

	// The figures before them.
	BaselineN                                uint64
	BaselineShare, BaselineLow, BaselineHigh float64

	Difference float64  // Share less BaselineShare: -1 to 1.
	Terminals  []string // Names: of the silent, or of the copied ones. 50 are told.
	More       int      // Terminals beyond those named.

	Link         string // The page of the alert, of http or https. Empty: not said.
	SettingsLink string // Where one changes who is told.

	Zone   *time.Location // Of days and hours; nil: UTC.
	Digest []Story        // Of a digest: what it sums up, each without a digest of its own. 20 are told.
}

// A Letter is a story in words. HTML stands for itself: no pictures, nothing is loaded.
type Letter struct {
	Subject string // One line of at most 300 bytes.
	Text    string // At most 64 KiB.
	HTML    string // At most 256 KiB.
}

// Words are the catalogues of all languages. Safe for concurrent use.
type Words struct {
	voices map[string]voice
	html   *template.Template
}

// voice has the words of one language by key.
type voice map[string]string

// Read reads the words that the program carries.
func Read() *Words {
	rows, err := csv.NewReader(strings.NewReader(wordsFile)).ReadAll()
	if err != nil {
		panic("BUG: words.csv: " + err.Error())
	}
	w := &Words{
		voices: make(map[string]voice),
		html:   template.Must(template.New("letter").Parse(letterFile)),
	}
	for column, language := range rows[0][1:] {
		v := make(voice, len(rows))
		for _, row := range rows[1:] {
			v[row[0]] = row[1+column]
		}
		w.voices[language] = v
	}
	return w
}

// Letter words a story in language it, en or de; in another it is Italian. Of a kind or
// a state that is unknown it says that there is an alert, and where.
func (w *Words) Letter(language string, s *Story) Letter {
	v, ok := w.voices[language]
	if !ok {
		language, v = "it", w.voices["it"]
	}
	p := v.page(s)
	p.Language = language
	if p.Subject = p.What; p.Where != "" {
		p.Subject = cut(v.say("subject", "what", p.What, "where", p.Where), subjectMax)
	}
	var html strings.Builder
	if err := w.html.Execute(&html, p); err != nil {
		panic("BUG: letter.html: " + err.Error()) // Of fields that every page has, into memory.
	}
	return Letter{Subject: p.Subject, Text: p.text(), HTML: html.String()}
}

// say returns the words of a key with values in it: name, value, name, value.
func (v voice) say(key string, values ...string) string {
	text, ok := v[key]
	if !ok {
		panic("BUG: no words for " + key)
	}
	for i := 0; i < len(values); i += 2 {
		values[i] = "{" + values[i] + "}"
	}
	return strings.NewReplacer(values...).Replace(text)
}
