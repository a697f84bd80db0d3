package embed

import (
	_ "embed" // For the words.
	"encoding/csv"
	"fmt"
	"math"
	"strconv"
	"strings"

	"mlf/schema/registry"
)

//go:embed words.csv
var wordsFile string

// A voice says figures in one language.
type voice struct {
	lang  registry.Lang
	words map[string]string
	faces [3]string // As the registry calls green, yellow and red.
}

// voices reads the words of all languages.
func voices(names *registry.Registry) (map[registry.Lang]*voice, error) {
	rows, err := csv.NewReader(strings.NewReader(wordsFile)).ReadAll()
	if err != nil {
		return nil, fmt.Errorf("read words: %w", err)
	}
	all := make(map[registry.Lang]*voice)
	for column, lang := range rows[0][1:] {
		v := &voice{lang: registry.Lang(lang), words: make(map[string]string, len(rows))}
		for _, row := range rows[1:] {
			v.words[row[0]] = row[1+column]
		}
		for i, face := range []string{"green", "yellow", "red"} {
			v.faces[i] = names.Label(registry.ListFaces, face, v.lang)
		}
		all[v.lang] = v
	}
	return all, nil
}

// say returns the words of a key with values in it: name, value, name, value.
func (v *voice) say(key string, values ...string) string {
	text, ok := v.words[key]
	if !ok {
		panic("BUG: no words for " + key)
	}
	for i := 0; i < len(values); i += 2 {
		text = strings.ReplaceAll(text, "{"+values[i]+"}", values[i+1])
	}
	return text
}

// number writes n in groups of three digits.
func (v *voice) number(n uint64) string {
	digits := strconv.FormatUint(n, 10)
	var text strings.Builder
	for i, digit := range digits {
		if i > 0 && (len(digits)-i)%3 == 0 {
			text.WriteString(v.say("thousands"))
		}
		text.WriteRune(digit)
	}
	return text.String()
}

// share writes thousandths as a share of a hundred.
func (v *voice) share(thousandths uint64) string {
	tenth := strconv.FormatUint(thousandths%10, 10)
	return v.say("share", "n", v.number(thousandths/10)+v.say("decimal")+tenth)
}

func (v *voice) votes(n uint64) string {
	if n == 1 {
		return v.say("votes_one", "n", v.number(n))
	}
	return v.say("votes", "n", v.number(n))
}

// monthOf is the month of f in words.
func (v *voice) monthOf(f *Figures) string {
	year, month := f.month()
	return v.say("month", "month", v.say("month_"+strconv.Itoa(int(month))), "year", strconv.Itoa(year))
}

// sure says how sure the share of green is.
func (v *voice) sure(f *Figures) string {
	bound := func(x float64) string { return v.share(uint64(math.Round(x * thousand))) }
	return v.say("sure", "face", v.faces[0], "share", v.share(f.shares()[0]), "votes", v.votes(f.N), "low", bound(f.Low), "high", bound(f.High))
}

// gap says why there are no figures; "" where there are.
func (v *voice) gap(f *Figures) string {
	switch {
	case f.Hidden && f.has("M"):
		return v.say("missing")
	case f.Hidden:
		return v.say("suppressed")
	case f.N == 0 && f.Lots:
		return v.say("none_published")
	case f.N == 0:
		return v.say("none")
	}
	return ""
}

// notes are what a reader must know beside the figures.
func (v *voice) notes(f *Figures) []string {
	var notes []string
	for _, of := range [][2]string{{"Q", "partly"}, {"L", "few"}, {"P", "provisional"}} {
		if f.has(of[0]) && (!f.Hidden || of[0] != "Q") {
			notes = append(notes, v.say(of[1]))
		}
	}
	return notes
}

// summary says all of f in a line.
func (v *voice) summary(f *Figures) string {
	if gap := v.gap(f); gap != "" {
		return v.say("about") + ". " + gap
	}
	var parts []string
	for i, share := range f.shares() {
		parts = append(parts, v.say("shares", "face", v.faces[i], "share", v.share(share)))
	}
	return v.say("about") + ": " + strings.Join(parts, ", ") + ". " + v.sure(f) + "."
}
