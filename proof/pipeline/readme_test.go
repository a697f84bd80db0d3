package pipeline_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"mlf/ingest/broker"
	"mlf/ingest/broker/embedded"
	"mlf/proof/harness"
)

// export is a file that mlf import reads.
const export = "../../ingest/rating/export/testdata/foreign/plone-feedback.csv"

// TestWhatTheReadmeSaysOfVotersCanBeTyped runs the commands of the README's table of what
// citizens vote with, each as it stands, and finds its targets and paths.
func TestWhatTheReadmeSaysOfVotersCanBeTyped(t *testing.T) {
	b, err := embedded.Start(t.Context(), embedded.Config{Dir: t.TempDir()}, embedded.Telemetry{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.Close() })
	client, err := broker.New(broker.Config{Brokers: []string{b.Addr()}}, broker.Telemetry{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	if _, err := client.Apply(t.Context(), broker.TopicsConfig{Partitions: 1, Replicas: 1}); err != nil {
		t.Fatal(err)
	}
	read := func(file string) string {
		text, err := os.ReadFile("../../" + file)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	_, section, _ := strings.Cut(read("README.md"), "## What citizens vote with")
	section, _, _ = strings.Cut(section, "\n## ")
	makefile, api := read("Makefile"), read("schema/openapi.yaml")
	code, printed := regexp.MustCompile("`([^`]+)`"), regexp.MustCompile(`\b[0-9a-v]{20}\b`)
	rows, commands, name := 0, 0, ""
	for line := range strings.Lines(section) {
		if !strings.HasPrefix(line, "| ") || strings.HasPrefix(line, "| | ") {
			continue
		}
		rows++
		before := commands
		for _, match := range code.FindAllStringSubmatch(line, -1) {
			text := match[1]
			target, isMake := strings.CutPrefix(text, "make ")
			path, _, _ := strings.Cut(strings.TrimPrefix(text, "POST "), "?")
			switch {
			case isMake && !strings.Contains(makefile, "\n"+target+":"):
				t.Errorf("%s: the Makefile has no such target", text)
			case strings.HasPrefix(path, "/v1/") && !strings.Contains(api, "\n  "+path+":"):
				t.Errorf("%s: there is no such path", text)
			case strings.HasPrefix(text, "mlf ") && text != "mlf import calls":
				args := strings.NewReplacer("NAME", name, "FILE", export).Replace(text)
				out := harness.Run(t, append(words(args), "--kafka", b.Addr())...)
				if found := printed.FindString(out); found != "" {
					name = found
				}
				commands++
			}
		}
		if commands == before {
			t.Errorf("no command in %s", line)
		}
	}
	if rows != 10 || commands != 17 {
		t.Errorf("got %d rows with %d commands, want 10 with 17", rows, commands)
	}
}

// words are those of a command line after mlf, as a shell parts them.
func words(line string) (all []string) {
	for i, part := range strings.Split(strings.TrimPrefix(line, "mlf "), `"`) {
		if i%2 == 1 {
			all = append(all, part)
		} else {
			all = append(all, strings.Fields(part)...)
		}
	}
	return all
}
