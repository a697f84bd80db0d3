package source

import (
	"strings"
	"testing"
)

// TestTheButtonOfAMessage: what it prints, filled in and before a text, passes its check.
func TestTheButtonOfAMessage(t *testing.T) {
	l := newLine(t)
	name := l.site(t, "--channel", "digital")
	button := l.Want(t, 0, `action: "iohandledlink://https://voto.it/v/`+name+`?s=tributi&m={message}"`, "site", "io", "c_i692", "--service", "tributi", "--url", "https://voto.it/")
	text := "\nLa tua pratica è conclusa. Quanto è stato facile usare il servizio?\n"
	check := func(code int, want, markdown string) {
		t.Helper()
		l.Want(t, code, want, "site", "io", name, "--url", "https://voto.it", "--check", file(t, "m.md", markdown))
	}
	check(0, "IO shows the button", strings.ReplaceAll(button, "{message}", "7d444840-9dc0-11d1-b245-5ffdce74fad2")+text)
	check(1, "want 16 to 64 letters", button+text)
	check(1, "message of 1 letters", "x")
	l.Want(t, 2, "no such file", "site", "io", name, "--check", "/nowhere")
	l.Want(t, 2, `--service "urp": want one of the site's: anagrafe, tributi`, "site", "io", name, "--service", "urp")
	l.Want(t, 2, "fiscal code", "site", "io", name, "--service", "tributi", "--message", "RSSMRA80A01H501U")
	l.Want(t, 2, "want an address of https", "site", "io", name, "--service", "tributi", "--url", "http://voto.it")
	l.Want(t, 0, "closed", "site", "close", name)

	clarity := l.site(t)
	l.Want(t, 1, "want a site of --channel digital", "site", "io", clarity, "--service", "tributi")
	l.Want(t, 0, "holds", "site", "pages", clarity, "--from", file(t, "p.csv", "page,service,question\n/x,tributi,ease\n"), "--write")
	l.Want(t, 0, "iohandledlink://", "site", "io", clarity, "--service", "tributi")
	l.Want(t, 0, "closed", "site", "close", clarity)
	l.Want(t, 1, "come by its form", "site", "io", l.site(t, "--channel", "digital", "--way", "form"), "--service", "tributi")
}
