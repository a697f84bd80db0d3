package chaos_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"testing"
	"time"

	"go.uber.org/goleak"

	"mlf/proof/chaos"
)

// newLine starts a server that answers every line with itself, and a proxy
// before it.
func newLine(t *testing.T) *chaos.Proxy {
	t.Helper()
	before := goleak.IgnoreCurrent()
	ln, err := net.ListenTCP("tcp", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			go func() {
				_, _ = io.Copy(conn, conn)
				_ = conn.Close()
			}()
		}
	}()
	p, err := chaos.NewProxy(1)
	if err != nil {
		t.Fatal(err)
	}
	p.SetTarget(ln.Addr().String())
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- p.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		_ = ln.Close()
		goleak.VerifyNone(t, before)
	})
	return p
}

// A caller asks through a proxy.
type caller struct {
	net.Conn
	answers *bufio.Reader
}

func call(t *testing.T, p *chaos.Proxy) *caller {
	t.Helper()
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", p.Addr())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return &caller{conn, bufio.NewReader(conn)}
}

// ask sends a line and returns the error of reading its answer within limit.
func (c *caller) ask(t *testing.T, limit time.Duration) error {
	t.Helper()
	if _, err := io.WriteString(c, "hello\n"); err != nil {
		return err
	}
	if err := c.SetReadDeadline(time.Now().Add(limit)); err != nil {
		t.Fatal(err)
	}
	answer, err := c.answers.ReadString('\n')
	if err == nil && answer != "hello\n" {
		t.Errorf("got answer %q", answer)
	}
	return err
}

const patience = 5 * time.Second

func TestAProxyPassesOn(t *testing.T) {
	c := call(t, newLine(t))
	for range 100 {
		if err := c.ask(t, patience); err != nil {
			t.Fatal(err)
		}
	}
}

func TestAProxyLosesAnswersAndCutsTheirConnections(t *testing.T) {
	p := newLine(t)
	p.Set(chaos.Conditions{Lost: 0.1})
	const asked = 1000
	missing := 0
	c := call(t, p)
	for range asked {
		if err := c.ask(t, patience); err != nil {
			if errors.Is(err, os.ErrDeadlineExceeded) {
				t.Fatal("an answer was lost and its connection left open")
			}
			missing++
			c = call(t, p)
		}
	}
	if missing < asked*6/100 || missing > asked*14/100 {
		t.Errorf("got %d of %d answers lost: want about a tenth", missing, asked)
	}
	if lost, _ := p.Counts(); lost != missing {
		t.Errorf("got %d answers counted as lost: want %d", lost, missing)
	}
}

func TestAProxyCutsInMidSentence(t *testing.T) {
	p := newLine(t)
	c := call(t, p)
	if err := c.ask(t, patience); err != nil {
		t.Fatal(err)
	}
	p.Cut()
	if err := c.ask(t, patience); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("got error %v: want a connection that has ended", err)
	}
	if err := call(t, p).ask(t, patience); err != nil {
		t.Errorf("the next connection: %v", err)
	}
}

func TestASilentProxyKeepsWhatItWasGiven(t *testing.T) {
	p := newLine(t)
	c := call(t, p)
	if err := c.ask(t, patience); err != nil {
		t.Fatal(err)
	}
	p.Set(chaos.Conditions{Silent: true})
	if err := c.ask(t, 50*time.Millisecond); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatalf("got error %v: want silence", err)
	}
	p.Set(chaos.Conditions{})
	if err := c.ask(t, patience); err != nil { // Reads what was kept.
		t.Error(err)
	}
}
