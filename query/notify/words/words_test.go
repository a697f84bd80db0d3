package words_test

import (
	"encoding/csv"
	"flag"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"mlf/query/notify/words"
)

var update = flag.Bool("update", false, "rewrite the golden files in testdata") //nolint:gochecknoglobals // A flag must exist before main.

const (
	page     = "https://mlf.example.org/#/body/c_e379/alerts/3f2a"
	settings = "https://mlf.example.org/#/body/c_e379/alert-settings"
)

// stories has one of each kind, by what the files of testdata are called.
func stories(t *testing.T) map[string]words.Story {
	t.Helper()
	rome, err := time.LoadLocation("Europe/Rome")
	if err != nil {
		t.Fatal(err)
	}
	red := words.Story{
		Kind: "red", State: "opened", Body: "Comune di Ivrea", Scope: "Anagrafe, via Piave",
		Opened: time.Date(2026, 11, 27, 8, 0, 0, 0, time.UTC), Closed: time.Date(2026, 12, 1, 15, 0, 0, 0, time.UTC), Zone: rome,
		N: 142, Negative: 44, Share: 44.0 / 142, Low: .239, High: .391,
		BaselineN: 1204, BaselineShare: .1802, BaselineLow: .16, BaselineHigh: .203, Difference: .1297,
		Link: page, SettingsLink: settings,
	}
	with := func(s words.Story, change func(s *words.Story)) words.Story {
		change(&s)
		return s
	}
	fall := with(red, func(s *words.Story) {
		s.Kind, s.Share, s.Low, s.High, s.Difference = "fall", .06, .03, .11, -.12
	})
	silence := words.Story{
		Kind: "silence", State: "opened", Body: "Comune di Ivrea", Opened: red.Opened, Closed: red.Closed, Zone: rome,
		Terminals: []string{"Totem ingresso", "Sportello 2", "Sportello 5"}, More: 12, Link: page, SettingsLink: settings,
	}
	misuse := with(red, func(s *words.Story) {
		s.Kind, s.Scope, s.N, s.Share, s.Low, s.High = "misuse", "Totem ingresso", 61, .41, .295, .535
		s.BaselineN, s.BaselineShare, s.BaselineLow, s.BaselineHigh, s.Difference = 12_040, .004, .003, .006, .41
		s.Terminals = []string{"Totem ingresso"}
	})
	closed := func(s *words.Story) { s.State = "closed" }
	return map[string]words.Story{
		"red-opened":     red,
		"red-updated":    with(red, func(s *words.Story) { s.State = "updated" }),
		"red-closed":     with(red, closed),
		"red-stars":      with(red, func(s *words.Story) { s.Scale, s.Scope = "stars5", "Sito del Comune" }),
		"fall-opened":    fall,
		"fall-closed":    with(fall, closed),
		"silence-opened": silence,
		"silence-closed": with(silence, closed),
		"misuse-opened":  misuse,
		"misuse-closed":  with(misuse, closed),
		"digest":         {Kind: "digest", Body: "Comune di Ivrea", Digest: []words.Story{red, fall, silence, misuse}, More: 3, Link: page, SettingsLink: settings},
		"test":           {Kind: "test", Body: "Comune di Ivrea", Link: page, SettingsLink: settings},
	}
}

// TestLetters holds subjects, texts and HTML to the files that are read by people.
func TestLetters(t *testing.T) {
	w := words.Read()
	for _, language := range []string{"it", "en", "de"} {
		var text strings.Builder
		all := stories(t)
		for _, name := range keys(all) {
			story := all[name]
			letter := w.Letter(language, &story)
			text.WriteString("===== " + name + "\nSubject: " + letter.Subject + "\n\n" + letter.Text)
			if name == "misuse-opened" || name == "digest" {
				holds(t, language+"-"+name+".html", letter.HTML)
			}
		}
		holds(t, language+".txt", text.String())
	}
}

func keys(all map[string]words.Story) []string {
	var names []string
	for name := range all {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func holds(t *testing.T, file, got string) {
	t.Helper()
	file = filepath.Join("testdata", file)
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil || got != string(want) {
		t.Errorf("%s, %v:\n%s\nwant\n%s", file, err, got, want)
	}
}

func TestWhatIsSaid(t *testing.T) {
	w, all := words.Read(), stories(t)
	f := func(name, language, want string) {
		t.Helper()
		story := all[name]
		letter := w.Letter(language, &story)
		if !strings.Contains(letter.Text, want) {
			t.Errorf("%s in %s: want %q in\n%s", name, language, want, letter.Text)
		}
	}
	f("red-opened", "it", "31% di rossi (da 24 a 39%) su 142 voti in 7 giorni; prima 18% (da 16 a 20%) su 1.204 voti.")
	f("red-opened", "en", "31% red (24 to 39%) of 142 votes in 7 days; before, 18% (16 to 20%) of 1,204 votes.")
	f("red-opened", "de", "31\u00a0% Rot (24 bis 39\u00a0%) bei 142 Stimmen in 7 Tagen; davor 18\u00a0% (16 bis 20\u00a0%) bei 1.204 Stimmen.")
	f("red-opened", "fr", "31% di rossi")
	f("red-opened", "it", "+13 punti percentuali")
	f("fall-opened", "it", "−12 punti percentuali")
	f("red-opened", "it", "venerdì 27 novembre 2026, ore 09:00")
	f("red-closed", "it", "Chiuso: martedì 1º dicembre 2026, ore 16:00")
	f("red-closed", "de", "Dienstag, 1. Dezember 2026, 16:00 Uhr")
	f("red-stars", "en", "31% negative (24 to 39%)")
	f("misuse-opened", "it", "41% di voti sospetti (da 30 a 54%) su 61 voti in un giorno; prima 0,4% (da 0,3 a 0,6%) su 12.040 voti.")
	f("silence-opened", "it", "- Sportello 5\n- e altri 12\n")
	f("digest", "it", "\n4. Voti sospetti\n")
	f("digest", "it", "\ne altri 3\n")
}

func TestNumbers(t *testing.T) {
	w := words.Read()
	f := func(share, difference float64, n uint64, want ...string) {
		t.Helper()
		letter := w.Letter("it", &words.Story{Kind: "red", State: "opened", N: n, Share: share, Difference: difference})
		for _, part := range want {
			if !strings.Contains(letter.Text, part) {
				t.Errorf("%v, %v, %d: want %q in\n%s", share, difference, n, part, letter.Text)
			}
		}
	}
	f(0, 0, 1, "0% di rossi", "su 1 voto in", "Differenza: 0 punti percentuali")
	f(.0004, .004, 2, "0% di rossi", "Differenza: 0 punti")
	f(.0005, .005, 999, "0,1% di rossi", "su 999 voti", "+1 punto percentuale.")
	f(.0094, -.01, 1000, "0,9% di rossi", "su 1.000 voti", "−1 punto percentuale.")
	f(.0096, -.02, 1_234_567, "1% di rossi", "1.234.567", "−2 punti")
	f(1, 1, 1, "100% di rossi", "+100 punti")
	f(2, 7, math.MaxUint64, "100% di rossi", "+100 punti", "18.446.744.073.709.551.615 voti")
	f(math.NaN(), math.NaN(), 1, "?% di rossi", "Differenza: 0 punti")
	f(math.Inf(1), math.Inf(-1), 1, "100% di rossi", "−100 punti")
}

// TestWhatOthersWrote: names are names, and no words, links or markup of ours.
func TestWhatOthersWrote(t *testing.T) {
	evil := "A\r\nBcc: x@example.org\n\nhttps://evil.example.org \u202etxet <b>&{n}{where}</b>"
	story := words.Story{
		Kind: "silence", State: "opened", Body: evil, Scope: evil, Terminals: []string{evil}, Link: "javascript:alert(1)", SettingsLink: "https://a.example.org/ b",
	}
	letter := words.Read().Letter("it", &story)
	name := "A Bcc: x@example.org https://evil.example.org txet <b>&{n}{where}</b>"
	if !strings.Contains(letter.Text, "\n- "+name+"\n") || !strings.HasPrefix(letter.Subject, "Terminali in silenzio: "+name+" – ") {
		t.Errorf("subject %q, text\n%s", letter.Subject, letter.Text)
	}
	for _, part := range []string{"<b>", "javascript", "<a ", "\u202e", "\r"} {
		if strings.Contains(letter.HTML, part) {
			t.Errorf("HTML has %q:\n%s", part, letter.HTML)
		}
	}
	if strings.Contains(letter.Text, "javascript") || strings.ContainsAny(letter.Subject, "\r\n") {
		t.Errorf("text %s", letter.Text)
	}
}

// TestLettersHaveLimits: they are those of a message.
func TestLettersHaveLimits(t *testing.T) {
	long := strings.Repeat("\U0001F600", 1000)
	link := "https://mlf.example.org/" + strings.Repeat("&", 480)
	one := words.Story{Kind: "misuse", State: "opened", Body: long, Scope: long, N: math.MaxUint64, BaselineN: math.MaxUint64, Opened: time.Unix(0, 0), Link: link, SettingsLink: link}
	for range 1000 {
		one.Terminals = append(one.Terminals, long)
	}
	all := words.Story{Kind: "digest", Body: long, Scope: long, Link: link, SettingsLink: link}
	for range 1000 {
		all.Digest = append(all.Digest, one)
	}
	w := words.Read()
	for _, story := range []words.Story{one, all} {
		for _, language := range []string{"it", "en", "de"} {
			letter := w.Letter(language, &story)
			if len(letter.Subject) > 300 || len(letter.Text) > 64<<10 || len(letter.HTML) > 256<<10 {
				t.Errorf("%s in %s: subject %d, text %d, HTML %d bytes", story.Kind, language, len(letter.Subject), len(letter.Text), len(letter.HTML))
			}
		}
	}
	if letter := w.Letter("it", &one); !strings.Contains(letter.Text, "- e altri 950\n") {
		t.Error("want how many are not named")
	}
	if letter := w.Letter("it", &all); !strings.Contains(letter.Text, "\ne altri 980\n") {
		t.Error("want how many are not told")
	}
}

// TestStoriesWithoutWords: who is to be told is told that there is something.
func TestStoriesWithoutWords(t *testing.T) {
	w := words.Read()
	f := func(s words.Story) {
		t.Helper()
		s.Scope, s.Link, s.N = "Anagrafe", page, 30
		const want = "Avviso\nAnagrafe\n\nVedi l’avviso:\n" + page + "\n\n-- \n"
		if letter := w.Letter("it", &s); letter.Subject != "Avviso: Anagrafe" || !strings.HasPrefix(letter.Text, want) {
			t.Errorf("%+v: %s\n%s", s, letter.Subject, letter.Text)
		}
	}
	f(words.Story{})
	f(words.Story{Kind: "rain", State: "opened"})
	f(words.Story{Kind: "red"})
	f(words.Story{Kind: "red", State: "{what}"})
}

// TestTheCatalogue: every key in every language, with the same places to fill.
func TestTheCatalogue(t *testing.T) {
	file, err := os.Open("words.csv")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	rows, err := csv.NewReader(file).ReadAll()
	if err != nil || strings.Join(rows[0], ",") != "key,it,en,de" {
		t.Fatal(rows[0], err)
	}
	place := regexp.MustCompile(`\{[a-z]+\}`)
	seen := make(map[string]bool)
	for _, row := range rows[1:] {
		if seen[row[0]] {
			t.Errorf("%s stands there twice", row[0])
		}
		seen[row[0]] = true
		want := place.FindAllString(row[1], -1)
		slices.Sort(want)
		for _, text := range row[1:] {
			got := place.FindAllString(text, -1)
			slices.Sort(got)
			if text == "" || !slices.Equal(got, want) {
				t.Errorf("%s: %q has %v, want %v", row[0], text, got, want)
			}
		}
	}
}
