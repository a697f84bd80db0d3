package harness

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

// An Up is mlf up with its addresses, to be killed and started again.
type Up struct {
	*Command
	Data, Ingest, Query, Admin, Kafka string
	Flags                             []string // More flags of mlf up.
}

// NewUp picks addresses and a data folder; Begin starts it.
func NewUp(t *testing.T, flags ...string) *Up {
	t.Helper()
	return &Up{
		Data: filepath.Join(folder(t), "data"), Flags: flags,
		Ingest: FreeAddr(t), Query: FreeAddr(t), Admin: FreeAddr(t), Kafka: FreeAddr(t),
	}
}

// Begin starts the process and returns when it is ready.
func (u *Up) Begin(t *testing.T) {
	t.Helper()
	u.Launch(t)
	WaitReady(t, u.Command, u.Admin)
}

// Launch starts the process.
func (u *Up) Launch(t *testing.T) {
	t.Helper()
	u.Command = Start(t, append([]string{
		"up", "--data", u.Data, "--ingest", u.Ingest, "--query", u.Query, "--admin", u.Admin, "--kafka-listen", u.Kafka,
	}, u.Flags...)...)
}

// folder returns a folder that is emptied when the test has ended. Its engine ends a
// moment after a process that was killed, and writes until then.
func folder(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	t.Cleanup(func() {
		Eventually(t, 20*time.Second, func() error { return os.RemoveAll(dir) })
	})
	return dir
}
