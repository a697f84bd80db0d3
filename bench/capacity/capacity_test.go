package capacity_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"math"
	"os"
	"strings"
	"testing"

	"mlf/bench/capacity"
	"mlf/bench/setup"
)

var update = flag.Bool("update", false, "write what is generated") //nolint:gochecknoglobals // A flag of go test.

// countries are those of deploy/runbooks/capacity.md.
func countries() []capacity.Country {
	plan := capacity.Country{
		Terminals: 100_000, VotesARequest: 1, Connection: capacity.Resumed, Counters: 100_000, Hours: 3000,
		Workers: 4, Pages: 200, Years: 5, Replicas: 3, Databases: 2,
	}
	asIn2010, busy, extreme := plan, plan, plan
	asIn2010.Name, asIn2010.VotesADay, asIn2010.Peak = "as in 2010", 1e6, 500
	busy.Name, busy.VotesADay, busy.Peak = "busy", 5e6, 2500
	extreme.Name, extreme.VotesADay, extreme.Peak = "extreme", 100e6, 25_000
	kept := extreme
	kept.Name, kept.Connection = "extreme, connections kept", capacity.Kept
	back := extreme
	back.Name, back.Peak, back.VotesARequest, back.Connection = "all come back at once", 1e6, 500, capacity.New
	return []capacity.Country{asIn2010, busy, extreme, kept, back}
}

const runbook = "../../deploy/runbooks/capacity.md"

// TestTheRunbookHasTheFigures; with -update it gets them.
func TestTheRunbookHasTheFigures(t *testing.T) {
	text, err := os.ReadFile(runbook)
	if err != nil {
		t.Fatal(err)
	}
	var table bytes.Buffer
	if err := capacity.Table(&table, countries()...); err != nil {
		t.Fatal(err)
	}
	before, after, ok := strings.Cut(string(text), "| at the peak |")
	end := strings.Index(after, "\n\n")
	if !ok || end < 0 {
		t.Fatal("there is no table in the runbook")
	}
	want := before + table.String() + after[end+1:]
	if *update {
		if err := os.WriteFile(runbook, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if string(text) != want {
		t.Errorf("the runbook has not what is computed: run go test ./bench/capacity -update; want\n%s", &table)
	}
}

// TestWhatWasMeasuredComesOut: the arithmetic gives the figures back from which it was
// made (bench/results.md).
func TestWhatWasMeasuredComesOut(t *testing.T) {
	f := func(what string, got, want float64) {
		t.Helper()
		if math.Abs(got-want) > 0.01*want {
			t.Errorf("%s: got %v, want %v", what, got, want)
		}
	}
	needs := func(change func(*capacity.Country)) capacity.Needs {
		c := capacity.Country{Terminals: 1, Peak: 1e6, VotesARequest: 1, Connection: capacity.Plain, Replicas: 1, Databases: 1}
		change(&c)
		return c.Compute()
	}
	one := needs(func(*capacity.Country) {})
	hundred := needs(func(c *capacity.Country) { c.VotesARequest = 100 })
	f("1 vote a request", one.Ingest, 22)
	f("100 votes a request", hundred.Ingest, 0.54)
	f("a new connection each", needs(func(c *capacity.Country) { c.Connection = capacity.New }).Ingest, 677)
	f("one with RSA", needs(func(c *capacity.Country) { c.Connection = capacity.RSA }).Ingest, 1976)
	f("a resumed one", needs(func(c *capacity.Country) { c.Connection = capacity.Resumed }).Ingest, 449)
	f("a kept one", needs(func(c *capacity.Country) { c.Connection = capacity.Kept }).Ingest, 30)
	f("bytes of 1 a request", one.LogPeak, 75e6)
	f("bytes of 100 a request", hundred.LogPeak, 6.9e6)
	f("1 vote a record counted", one.Aggregate, 1.094)
	f("100 votes a record counted", hundred.Aggregate, 0.069)
	rows := func(perFlush float64) capacity.Needs {
		return needs(func(c *capacity.Country) { c.Peak, c.Workers = 4*perFlush, 1 })
	}
	f("rows, 5,000 a flush", rows(5000).Store, 4*5000*5.4e-6)
	f("rows, 12,500 a flush", rows(12500).Store, 4*12500*2.7e-6)
	f("pages", needs(func(c *capacity.Country) { c.Pages = 3051 }).Query, 1)
	held := needs(func(c *capacity.Country) { c.VotesADay, c.Counters, c.Hours, c.Years = 1e6, 1e6, 1e6, 2 })
	f("memory of cells that hold a vote each", held.Memory, 2*365.25*1e6*5.3)
	f("disk of cells that hold a vote each", held.Disk, 2*365.25*1e6*1.9)
	full := needs(func(c *capacity.Country) { c.VotesADay, c.Counters, c.Hours, c.Years = 1e9, 100, 100, 2 })
	f("memory of cells that hold many", full.Memory, 2*100*100*5.3)
	f("disk of the log", held.Log, 2*365.25*1e6*75)
	f("connections that are kept", needs(func(c *capacity.Country) { c.Terminals, c.Connection = 100_000, capacity.Kept }).Connections, 100_000*23*1024)
	f("connections that are not", needs(func(c *capacity.Country) { c.Terminals, c.Peak, c.Connection = 100_000, 500, capacity.New }).Connections, 500*23*1024)
}

func TestWhatCannotBeIsRefused(t *testing.T) {
	valid := capacity.Cmd{VotesARequest: 1, Workers: 1, Replicas: 1, Databases: 1}
	if err := valid.Validate(); err != nil {
		t.Error(err)
	}
	for want, change := range map[string]func(*capacity.Cmd){
		"--peak":            func(c *capacity.Cmd) { c.Peak = math.NaN() },
		"--years":           func(c *capacity.Cmd) { c.Years = math.Inf(1) },
		"--terminals":       func(c *capacity.Cmd) { c.Terminals = -1 },
		"--workers":         func(c *capacity.Cmd) { c.Workers = 0 },
		"--counters":        func(c *capacity.Cmd) { c.Counters = -1 },
		"--votes-a-request": func(c *capacity.Cmd) { c.VotesARequest = 1001 },
	} {
		c := valid
		change(&c)
		if err := c.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want an error of %s", err, want)
		}
	}
}

func TestRunPrintsBoth(t *testing.T) {
	for _, asJSON := range []bool{false, true} {
		var out bytes.Buffer
		c := capacity.Cmd{Terminals: 10, Peak: 1e6, VotesARequest: 1, Connection: capacity.Plain, Workers: 1, Replicas: 1, Databases: 1, JSON: asJSON}
		if err := c.Run(&setup.Parts{Stdout: &out}); err != nil {
			t.Fatal(err)
		}
		var got struct{ Needs capacity.Needs }
		if asJSON && (json.Unmarshal(out.Bytes(), &got) != nil || math.Abs(got.Needs.Ingest-22) > 0.01) {
			t.Errorf("got %s", &out)
		}
		if !asJSON && !strings.Contains(out.String(), "| requests a second | 1,000,000 |") {
			t.Errorf("got %s", &out)
		}
	}
}
