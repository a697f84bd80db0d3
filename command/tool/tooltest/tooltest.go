// Package tooltest runs commands of one task in a test, as mlf does, on a log of their own.
//
// It knows command lines and the embedded broker. It must not know any command.
package tooltest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"strings"
	"testing"

	"github.com/alecthomas/kong"

	"mlf/command/tool"
	"mlf/ingest/broker"
	"mlf/ingest/broker/embedded"
)

// A Line is a command line on a log of its own, which is set up.
type Line struct {
	Kafka  string // Where the log is.
	Client *broker.Client
	cli    func() any
}

// New returns a line of the commands that cli makes a new structure of.
func New(t *testing.T, cli func() any) *Line {
	t.Helper()
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
	return &Line{b.Addr(), client, cli}
}

// Run executes a command and returns the exit code that mlf would have.
func (l *Line) Run(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, log bytes.Buffer
	exited := -1
	parser, err := kong.New(l.cli(), kong.Writers(&out, &log), kong.Exit(func(code int) { exited = code }))
	if err != nil {
		t.Fatal(err)
	}
	if args[len(args)-1] != "--help" {
		args = append(args, "--kafka", l.Kafka)
	}
	command, err := parser.Parse(args)
	if exited >= 0 {
		return exited, out.String(), log.String()
	}
	if err != nil {
		return 2, out.String(), err.Error()
	}
	command.BindTo(t.Context(), (*context.Context)(nil))
	command.Bind(&tool.Console{Stdout: &out, Stderr: &log, Log: slog.New(slog.DiscardHandler)})
	if err = command.Run(); err == nil {
		return 0, out.String(), log.String()
	}
	var usage tool.UsageError
	if code = 1; errors.As(err, &usage) {
		code = 2
	}
	return code, out.String(), log.String() + err.Error()
}

// Want runs a command, whose exit code and output are as wanted; it returns what it printed.
func (l *Line) Want(t *testing.T, code int, want string, args ...string) string {
	t.Helper()
	got, stdout, stderr := l.Run(t, args...)
	if got != code || !strings.Contains(stdout+stderr, want) {
		t.Errorf("%v: exit code %d, want %d; want %q in\n%s%s", args, got, code, want, stdout, stderr)
	}
	return stdout
}

// Decode reads one JSON object a line.
func Decode[T any](t *testing.T, text string) (all []T) {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(text))
	for d.More() {
		var one T
		if err := d.Decode(&one); err != nil {
			t.Fatalf("%v in %s", err, text)
		}
		all = append(all, one)
	}
	return all
}
