package embedded_test

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/prometheus/client_golang/prometheus"

	"mlf/aggregate/store/embedded"
)

// TestStrangersAreTurnedAwayAndTheEngineLives: whoever has an account on this
// machine, or a page in one of its browsers, can send bytes to the port.
func TestStrangersAreTurnedAwayAndTheEngineLives(t *testing.T) {
	reg := prometheus.NewRegistry()
	server := startWith(t, embedded.Config{Dir: t.TempDir()}, embedded.Telemetry{Registerer: reg})
	pid := server.Pid()
	f := func(credentials, database string) {
		t.Helper()
		_, err := try(t, "clickhouse://"+credentials+server.Addr()+"/"+database, "SELECT 'in'")
		var refusal *clickhouse.Exception
		if !errors.As(err, &refusal) {
			t.Errorf("%q: got %v, want a refusal", credentials, err)
		}
	}
	_, password, _ := strings.Cut(strings.TrimPrefix(server.DSN(), "clickhouse://"), ":")
	password, _, _ = strings.Cut(password, "@")
	for range 2 { // The second finds what the first has left.
		f("", "default")
		f("default@", "default")
		f("default:"+password+"@", "default")
		f("mlf@", "default")
		f("mlf:wrong@", "default")
		f("nobody:"+password+"@", "default")
		f("mlf:"+password+"@", "unknown")
		for _, bytes := range []string{
			"", "\n", "\x00", strings.Repeat("\xff", 4096), "\x16\x03\x01\x00\x05hello",
			"POST /?query=SELECT%201 HTTP/1.1\r\nHost: localhost\r\nOrigin: https://example.org\r\nContent-Length: 8\r\n\r\nSELECT 1",
		} {
			send(t, server.Addr(), bytes)
		}
	}
	if got, want := ask(t, server, "SELECT currentUser()"), "mlf"; got != want {
		t.Errorf("user: got %s, want %s", got, want)
	}
	if server.Pid() != pid || restarts(t, reg) != 0 {
		t.Errorf("%d restarts: want none", restarts(t, reg))
	}
}

// send writes bytes to addr, and ends the connection in good order and again by a reset.
func send(t *testing.T, addr, bytes string) {
	t.Helper()
	for _, linger := range []int{-1, 0} {
		conn, err := net.Dial("tcp", addr) //nolint:noctx // Loopback.
		if err != nil {
			t.Fatal(err)
		}
		_, _ = conn.Write([]byte(bytes)) // It may have hung up already.
		_ = conn.(*net.TCPConn).SetLinger(linger)
		_ = conn.Close()
	}
}

// TestThePasswordIsForTheDatabasesOnly: who has got hold of it can do harm to the
// counts, which come back from the log, and to nothing else.
func TestThePasswordIsForTheDatabasesOnly(t *testing.T) {
	dir := t.TempDir()
	server := start(t, embedded.Config{Dir: dir})
	ask(t, server, "CREATE DATABASE mlf_other")
	ask(t, server, "CREATE TABLE mlf_other.t (n UInt64) ENGINE = MergeTree ORDER BY n")
	const accessDenied = 497
	f := func(sql string) {
		t.Helper()
		answer, err := try(t, server.DSN(), sql)
		var refusal *clickhouse.Exception
		if !errors.As(err, &refusal) || refusal.Code != accessDenied {
			t.Errorf("%s: got %q, %v, want code %d", sql, answer, err, accessDenied)
		}
	}
	f("SELECT any(s) FROM file('/etc/hostname', 'LineAsString', 's String')")
	f("INSERT INTO FUNCTION file('" + filepath.Join(t.TempDir(), "x") + "', 'TSV', 's String') VALUES ('x')")
	f("SELECT any(s) FROM url('http://127.0.0.1:1/', 'LineAsString', 's String')")
	f("SELECT any(s) FROM s3('http://127.0.0.1:1/bucket/key', 'LineAsString', 's String')")
	f("SELECT any(dummy) FROM remote('127.0.0.1:1', 'system.one')")
	f("SELECT any(s) FROM mysql('127.0.0.1:1', 'd', 't', 'u', 'p')")
	f("CREATE TABLE mlf_other.f (s String) ENGINE = File(LineAsString, '/etc/hostname')")
	f("CREATE TABLE mlf_other.u (s String) ENGINE = URL('http://127.0.0.1:1/', LineAsString)")
	f("CREATE DATABASE mlf_files ENGINE = Filesystem('/etc')")
	f("CREATE DATABASE other")
	f("CREATE TABLE default.t (n UInt64) ENGINE = MergeTree ORDER BY n")
	f("CREATE DICTIONARY mlf_other.d (n UInt64) PRIMARY KEY n SOURCE(FILE(path '/etc/hostname' format 'TSV')) LAYOUT(FLAT) LIFETIME(1)")
	f("CREATE FUNCTION one AS () -> 1")
	f("CREATE USER another")
	f("GRANT ALL ON *.* TO mlf")
	f("SYSTEM START LISTEN HTTP")
	f("SYSTEM STOP LISTEN TCP")
	f("SYSTEM SHUTDOWN")
	f("SYSTEM KILL")
	f("BACKUP TABLE mlf_other.t TO File('" + filepath.Join(t.TempDir(), "x") + "')")
	f("SELECT any(name) FROM system.users")

	users, err := os.ReadFile(filepath.Join(dir, "users.xml"))
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(filepath.Join(dir, "users.xml"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode of the users' file: %v, %v", info.Mode(), err)
	}
	_, password, _ := strings.Cut(strings.TrimPrefix(server.DSN(), "clickhouse://"), ":")
	password, _, _ = strings.Cut(password, "@")
	if len(password) < 26 || bytes.Contains(users, []byte(password)) {
		t.Errorf("a password of %d characters, in the users' file: %t", len(password), bytes.Contains(users, []byte(password)))
	}
}

func TestThePasswordIsAnotherAtEachStart(t *testing.T) {
	dir := t.TempDir()
	before := start(t, embedded.Config{Dir: dir})
	if err := before.Close(); err != nil {
		t.Fatal(err)
	}
	after := start(t, embedded.Config{Dir: dir})
	old := strings.Replace(before.DSN(), before.Addr(), after.Addr(), 1)
	if _, err := try(t, old, "SELECT 'in'"); err == nil || !strings.Contains(err.Error(), "Authentication failed") {
		t.Errorf("with the password of the start before: %v", err)
	}
}

// TestTheEngineListensOnOnePortOfLoopback looks at what the system knows.
func TestTheEngineListensOnOnePortOfLoopback(t *testing.T) {
	server := start(t, embedded.Config{Dir: t.TempDir()})
	own := map[string]bool{}
	fds := fmt.Sprintf("/proc/%d/fd", server.Pid())
	entries, err := os.ReadDir(fds)
	if err != nil {
		t.Skip(err) // Not Linux.
	}
	for _, e := range entries {
		target, _ := os.Readlink(filepath.Join(fds, e.Name()))
		if inode, ok := strings.CutPrefix(target, "socket:["); ok {
			own[strings.TrimSuffix(inode, "]")] = true
		}
	}
	_, port, _ := net.SplitHostPort(server.Addr())
	var number int
	_, _ = fmt.Sscan(port, &number)
	want := fmt.Sprintf("0100007F:%04X", number)
	listeners := 0
	for _, table := range []string{"tcp", "tcp6", "udp", "udp6", "unix"} {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/net/%s", server.Pid(), table))
		if err != nil {
			continue
		}
		for line := range strings.Lines(string(text)) {
			fields := strings.Fields(line)
			const local, state, inode, listening = 1, 3, 9, "0A"
			switch {
			case table == "unix" && len(fields) > 6 && own[fields[6]]:
				t.Errorf("a socket of the file system: %s", line)
			case table != "unix" && len(fields) > inode && own[fields[inode]] && fields[state] == listening:
				listeners++
				if fields[local] != want {
					t.Errorf("listens on %s: want %s alone", fields[local], want)
				}
			}
		}
	}
	if listeners != 1 {
		t.Errorf("%d listeners: want 1", listeners)
	}
}

// TestNobodyTakesThePlaceOfADeadEngine: clients come back to the port, and the
// first that they send is the password.
func TestNobodyTakesThePlaceOfADeadEngine(t *testing.T) {
	reg := prometheus.NewRegistry()
	server := startWith(t, embedded.Config{Dir: t.TempDir()}, embedded.Telemetry{Registerer: reg})
	_, port, _ := net.SplitHostPort(server.Addr())
	if err := process(t, server).Kill(); err != nil {
		t.Fatal(err)
	}
	await(t, "a restart", func() bool {
		for _, addr := range []string{server.Addr(), "0.0.0.0:" + port, "[::]:" + port} {
			if ln, err := net.Listen("tcp", addr); err == nil { //nolint:noctx // Binding neither waits nor dials.
				_ = ln.Close()
				t.Errorf("another one could listen on %s", addr)
			}
		}
		return restarts(t, reg) == 1
	})
}
