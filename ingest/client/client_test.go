package client_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mlf/ingest/client"
	"mlf/proof/child"
	"mlf/proof/harness"
)

const deviceMode = "device"

func TestMain(m *testing.M) { harness.Main(m, harness.Mode{Name: deviceMode, Run: device}) }

// device votes as fast as it can, and thanks for each on standard output; the harness kills
// it in the middle of that.
func device() int {
	c, err := client.Open(os.Getenv("DEVICE_DIR"), client.Options{Ingest: os.Getenv("DEVICE_INGEST"), Query: os.Getenv("DEVICE_QUERY"), Token: os.Getenv("DEVICE_TOKEN")})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	ctx := context.Background() //nolint:forbidigo // This is a program's main.
	go func() { _ = c.Run(ctx) }()
	for {
		if err := c.Vote(ctx, client.Vote{Face: "green", Service: "anagrafe"}); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		fmt.Println("thanks")
	}
}

// A place is a service that runs, and a terminal's folder.
type place struct {
	t      *testing.T
	up     *harness.Up
	term   *harness.Terminal
	dir    string
	before int
}

func newPlace(t *testing.T, up *harness.Up) *place {
	t.Helper()
	return &place{t, up, harness.Enrol(t, up.Kafka, up.Ingest, up.Query), filepath.Join(t.TempDir(), "votes"), counted(t, up)}
}

func counted(t *testing.T, up *harness.Up) int {
	t.Helper()
	faces := harness.Faces(t, up.Query)
	return faces[0] + faces[1] + faces[2]
}

// in opens a folder; do is done while its votes are sent, until none is left.
func (p *place) in(dir string, do func(c *client.Client)) {
	p.t.Helper()
	c, err := client.Open(dir, client.Options{Ingest: p.term.Ingest, Query: p.term.Query, Token: p.term.Token})
	if err != nil {
		p.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(p.t.Context())
	ended := make(chan error, 1)
	go func() { ended <- c.Run(ctx) }()
	do(c)
	harness.Eventually(p.t, 60*time.Second, func() error {
		if n := c.Waiting(); n > 0 {
			return fmt.Errorf("%d votes wait", n)
		}
		return nil
	})
	cancel()
	if err := <-ended; err != nil {
		p.t.Error(err)
	}
	if err := c.Close(); err != nil {
		p.t.Error(err)
	}
}

func (p *place) vote(c *client.Client, n int) {
	p.t.Helper()
	for range n {
		if err := c.Vote(p.t.Context(), client.Vote{Face: "yellow"}); err != nil {
			p.t.Fatal(err)
		}
	}
}

// has holds the place to a number of votes, and to no conflict.
func (p *place) has(least, most int) {
	p.t.Helper()
	harness.Eventually(p.t, 20*time.Second, func() error {
		if got := counted(p.t, p.up) - p.before; got < least {
			return fmt.Errorf("counted %d votes, want %d at least", got, least)
		}
		return nil
	})
	if got := counted(p.t, p.up) - p.before; got > most {
		p.t.Errorf("counted %d votes, want %d at most", got, most)
	}
	if got := harness.ReadLedger(p.t, p.up.Query).Totals.Conflicts; got != 0 {
		p.t.Errorf("%d conflicts", got)
	}
}

func TestADevice(t *testing.T) {
	up := harness.NewUp(t)
	up.Begin(t)
	for name, meet := range map[string]func(*place){
		"votes are counted": (*place).votes, "killed": (*place).killed, "cut": (*place).cut, "restored": (*place).restored, "one process": (*place).oneProcess,
	} {
		t.Run(name, func(t *testing.T) { meet(newPlace(t, up)) })
	}
}

func (p *place) votes() {
	p.in(p.dir, func(c *client.Client) { p.vote(c, 1200) })
	p.has(1200, 1200)
	p.in(p.dir, func(c *client.Client) { p.vote(c, 3) })
	p.has(1203, 1203)
}

// killed: what was thanked for is counted, and nothing twice, whenever the device dies.
func (p *place) killed() {
	thanked := 0
	const kills = 12
	for i := range kills {
		cmd, err := harness.As(deviceMode)
		if err != nil {
			p.t.Fatal(err)
		}
		var out bytes.Buffer
		cmd.Env = append(cmd.Env, "DEVICE_DIR="+p.dir, "DEVICE_INGEST="+p.term.Ingest, "DEVICE_QUERY="+p.term.Query, "DEVICE_TOKEN="+p.term.Token)
		cmd.Stdout = &out
		process, err := child.Start(cmd)
		if err != nil {
			p.t.Fatal(err)
		}
		harness.LetPass(time.Duration(50+i*37) * time.Millisecond)
		process.Kill()
		<-process.Ended()
		for lines := bufio.NewScanner(&out); lines.Scan(); {
			thanked++
		}
	}
	p.in(p.dir, func(*client.Client) {})
	p.t.Logf("%d votes were thanked for", thanked)
	p.has(thanked, thanked+kills) // One of each run may have been stored and not thanked for.
}

// cut: a journal that has lost its end goes on in a new stream.
func (p *place) cut() {
	p.in(p.dir, func(c *client.Client) { p.vote(c, 10) })
	file := filepath.Join(p.dir, "votes.log")
	info, err := os.Stat(file)
	if err != nil {
		p.t.Fatal(err)
	}
	if err := os.Truncate(file, info.Size()-5); err != nil {
		p.t.Fatal(err)
	}
	p.in(p.dir, func(c *client.Client) { p.vote(c, 10) })
	p.has(20, 20)
}

// restored: a copy of before takes no number twice.
func (p *place) restored() {
	p.in(p.dir, func(c *client.Client) { p.vote(c, 5) })
	text, err := os.ReadFile(filepath.Join(p.dir, "votes.log"))
	if err != nil {
		p.t.Fatal(err)
	}
	p.in(p.dir, func(c *client.Client) { p.vote(c, 5) })
	if err := os.WriteFile(filepath.Join(p.dir, "votes.log"), text, 0o600); err != nil {
		p.t.Fatal(err)
	}
	p.in(p.dir, func(c *client.Client) {
		for range 5 {
			if err := c.Vote(p.t.Context(), client.Vote{Face: "red"}); err != nil {
				p.t.Fatal(err)
			}
		}
	})
	p.has(15, 15)
}

func (p *place) oneProcess() {
	p.in(p.dir, func(*client.Client) {
		if _, err := client.Open(p.dir, client.Options{Ingest: p.term.Ingest}); err == nil || !strings.Contains(err.Error(), "another process has it") {
			p.t.Errorf("opened twice: %v", err)
		}
	})
}
