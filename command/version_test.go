package command

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"testing"
)

// TestVersionTellsFormats: before one goes back to an older program, both say what
// they write and read.
func TestVersionTellsFormats(t *testing.T) {
	var text, machine bytes.Buffer
	for to, args := range map[io.Writer][]string{&text: {"version"}, &machine: {"version", "--json"}} {
		if code := run(t.Context(), args, to, io.Discard); code != ExitDone {
			t.Fatalf("%v: exit code %d", args, code)
		}
	}
	var got struct {
		Release, Revision, Go, Platform, Build string
		Dirty                                  *bool
		Formats                                []format
	}
	if err := json.Unmarshal(machine.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if got.Release == "" || got.Revision == "" || got.Go == "" || got.Platform == "" || got.Build != "full" && got.Build != "static" || got.Dirty == nil {
		t.Errorf("something is not told: %s", &machine)
	}
	names := ""
	for _, f := range got.Formats {
		names += f.Name + " "
		if line := fmt.Sprintf("%s %d, reads up to %d\n", f.Name, f.Writes, f.Reads); f.Writes < 1 || f.Reads < f.Writes || !strings.Contains(text.String(), line) {
			t.Errorf("%+v: the text is\n%s", f, &text)
		}
	}
	if names != "record rules claim checkpoint " {
		t.Errorf("formats are %s", names)
	}
}
