package iomessage_test

import (
	"strings"
	"testing"

	"gopkg.in/yaml.v3"

	"mlf/command/source/iomessage"
)

const page, id = "https://voto.example.it/v/abc", "7d444840-9dc0-11d1-b245-5ffdce74fad2"

func button(change func(*iomessage.Button)) *iomessage.Button {
	b := &iomessage.Button{Page: page, Service: "tributi", Message: id, Texts: map[string]string{"it": "Dai il tuo giudizio", "en": "Rate this service"}}
	if change != nil {
		change(b)
	}
	return b
}

func TestFrontMatter(t *testing.T) {
	got, err := button(nil).FrontMatter()
	want := `---
it:
    cta_1:
        text: "Dai il tuo giudizio"
        action: "iohandledlink://https://voto.example.it/v/abc?s=tributi&m=7d444840-9dc0-11d1-b245-5ffdce74fad2"
en:
    cta_1:
        text: "Rate this service"
        action: "iohandledlink://https://voto.example.it/v/abc?s=tributi&m=7d444840-9dc0-11d1-b245-5ffdce74fad2"
---
`
	if err != nil || got != want {
		t.Errorf("got %s, %v, want %s", got, err, want)
	}
	odd, err := button(func(b *iomessage.Button) { b.Texts["it"] = `C'è "un" \ giudizio: # sì?` }).FrontMatter()
	if err != nil {
		t.Fatal(err)
	}
	var read map[string]map[string]map[string]string
	if err := yaml.Unmarshal([]byte(strings.Trim(odd, "-\n")), &read); err != nil || read["it"]["cta_1"]["text"] != `C'è "un" \ giudizio: # sì?` {
		t.Errorf("got %v, %v", read, err)
	}
	if got, err := button(func(b *iomessage.Button) { b.Message = iomessage.Placeholder }).FrontMatter(); err != nil || !strings.Contains(got, `&m={message}"`) {
		t.Errorf("got %s, %v", got, err)
	}
	f := func(want string, change func(*iomessage.Button)) {
		t.Helper()
		if _, err := button(change).FrontMatter(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
	f("want an address of https", func(b *iomessage.Button) { b.Page = "http://voto.example.it/v/abc" })
	f("want an address of https", func(b *iomessage.Button) { b.Page = page + "?x" })
	f("fiscal code", func(b *iomessage.Button) { b.Message = "RSSMRA80A01H501U" })
	f("fiscal code", func(b *iomessage.Button) { b.Message = "2026-rssmra80a01h501u" })
	f("fiscal code", func(b *iomessage.Button) { b.Message = "RSSMRAULALMHRLMU" }) // Digits replaced.
	f("want 16 to 64 letters", func(b *iomessage.Button) { b.Message = "3331234567" })
	f("want 16 to 64 letters", func(b *iomessage.Button) { b.Message = "mario.rossi@example.it" })
	f("text it of 41 letters", func(b *iomessage.Button) { b.Texts["it"] = strings.Repeat("à", 41) })
	f("text en of 0 letters", func(b *iomessage.Button) { delete(b.Texts, "en") })
	f("in one line", func(b *iomessage.Button) { b.Texts["en"] = "a\nb" })
}

func TestCheck(t *testing.T) {
	front, err := button(nil).FrontMatter()
	if err != nil {
		t.Fatal(err)
	}
	text := "La tua pratica è conclusa. Quanto è stato facile usare il servizio? Bastano pochi secondi.\n"
	f := func(want, markdown string) {
		t.Helper()
		err := iomessage.Check(markdown, page)
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%.300s: got %v, want %q", markdown, err, want)
		}
	}
	with := func(old, by string) string { return strings.ReplaceAll(front, old, by) + text }
	f("", front+text)
	f("", strings.ReplaceAll(front+text, "\n", "\r\n"))
	f("", with("en:\n", "de:\n    cta_1:\n        text: \"x\"\n        action: \"ioit://PROFILE_MAIN\"\nen:\n"))
	f("", with("---\n", "    cta_2:\n        text: \"Chiama\"\n        action: \"iohandledlink://tel:0612345678\"\n---\n")[len("    cta_2:\n        text: \"Chiama\"\n        action: \"iohandledlink://tel:0612345678\"\n"):])
	f("message of 3 letters: IO wants 80 to 10000", "---")
	f("message of 10001 letters", strings.Repeat("x", 10_001))
	f("message of 40001 bytes", strings.Repeat("x", 40_001))
	f("want the front matter first", text+text)
	f("want a text after", front+strings.Repeat("\n", 50))
	f("read front matter", with("it:\n", "it: [\n"))
	f("no en: IO wants", with("en:\n", "de:\n"))
	f("it, cta_1: text of 0 letters", with("Dai il tuo giudizio", ""))
	f("action: want iohandledlink://", with("iohandledlink://https", "https"))
	f(`scheme "javascript"`, with("https://voto.example.it/v/abc", "javascript:alert"))
	f("0 buttons lead to", with("voto.example.it", "altro.example.it"))
	f(`parameter "cf"`, with("&m=", "&cf=x&m="))
	f("no service", with("s=tributi", "s="))
	f("want 16 to 64", with("&m="+id, ""))
	f("want 16 to 64", with(id, iomessage.Placeholder)) // Somebody forgot to put it in.
	f("fiscal code", with(id, "RSSMRA80A01H501U"))
}

func FuzzCheck(f *testing.F) {
	front, err := button(nil).FrontMatter()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(front + strings.Repeat("x", 80))
	f.Add("---\na: &a [*a]\n---\n" + strings.Repeat("x", 80))
	f.Fuzz(func(_ *testing.T, markdown string) { _ = iomessage.Check(markdown, page) })
}
