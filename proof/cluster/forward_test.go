package cluster

import (
	"io"
	"net"
	"testing"
)

// TestAForwardPassesAllAndEnds: what was sent arrives though the sender has said
// all, and Close cuts who goes on.
func TestAForwardPassesAllAndEnds(t *testing.T) {
	if err := Fit(); err != nil {
		t.Skip(err)
	}
	c := &Cluster{space: inhabited(t, newFolder(t, t.TempDir()))}
	defer c.space.end(t.Context())
	set := c.space.inside(t.Context(), "sh", "-euc", "ip link set lo up; ip addr add "+nodeAddr+" dev lo")
	if said, err := set.CombinedOutput(); err != nil {
		t.Fatal(err, string(said))
	}
	forward, err := c.Forward(t.Context(), 0, echo(t))
	if err != nil {
		t.Fatal(err)
	}
	connect := func() net.Conn {
		conn, err := c.DialContext(t.Context(), "tcp", forward.Addr)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = conn.Close() })
		if _, err := io.WriteString(conn, "a vote"); err != nil {
			t.Fatal(err)
		}
		return conn
	}
	short, long := connect(), connect()
	if err := short.(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(short); err != nil || string(got) != "a vote" {
		t.Errorf("got %q, %v", got, err)
	}
	if _, err := io.ReadFull(long, make([]byte, len("a vote"))); err != nil {
		t.Error(err)
	}
	if err := forward.Close(); err != nil {
		t.Error(err)
	}
	if got, _ := io.ReadAll(long); len(got) > 0 {
		t.Errorf("got %q after the end", got)
	}
	if conn, err := c.DialContext(t.Context(), "tcp", forward.Addr); err == nil {
		_ = conn.Close()
		t.Error("somebody listens after the end")
	}
}

// echo serves what it is sent, outside of the cluster, and returns its address.
func echo(t *testing.T) string {
	t.Helper()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer func() { _ = conn.Close() }()
				_, _ = io.Copy(conn, conn)
			}()
		}
	}()
	return listener.Addr().String()
}
