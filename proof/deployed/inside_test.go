package deployed

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"

	"mlf/proof/cluster"
)

// TestVolumesOfKilledRunsAreFound, and none of one that goes on, nor of another's.
func TestVolumesOfKilledRunsAreFound(t *testing.T) {
	const mounts = `proc /proc proc rw 0 0
mlf /tmp/mlf-deployed-7-123/kafka tmpfs rw 0 0
mlf /tmp/mlf-deployed-8-123/kafka tmpfs rw 0 0
mlf /tmp/mlf-deployed-8-123/clickhouse tmpfs rw 0 0
mlf /tmp/mlf-other-8-123 tmpfs rw 0 0
mlf /tmp/mlf-deployed-x tmpfs rw 0 0
`
	got := abandoned(mounts, "/tmp", func(pid int) bool { return pid == 7 })
	if want := []string{"/tmp/mlf-deployed-8-123/kafka", "/tmp/mlf-deployed-8-123/clickhouse"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// TestAnswersMayNotGoBack in any partition.
func TestAnswersMayNotGoBack(t *testing.T) {
	var b backward
	f := func(answer string, want bool) {
		t.Helper()
		if err := b.read(answer); (err == nil) != want {
			t.Errorf("%s after %v: got %v", answer, b.last, err)
		}
	}
	f(`{"meta":{"ledger":[1,2]}}`, true)
	f(`{"meta":{"ledger":[1,2]}}`, true)
	f(`{"meta":{"ledger":[2,1]}}`, false)
	f(`{"meta":{"ledger":[3]}}`, false)
	f(`{"meta":{}}`, false)
	f(`{"meta":{"ledger":[1,3]}}`, true)
}

// TestAVolumeIsFull to the last byte, and is empty again.
func TestAVolumeIsFull(t *testing.T) {
	if err := cluster.Fit(); err != nil {
		t.Skip(err)
	}
	s := &site{dir: t.TempDir()}
	defer func() {
		if err := s.end(); err != nil {
			t.Error(err)
		}
	}()
	dir, err := s.volume(t.Context(), "disk")
	if err != nil {
		t.Skip(err) // Not every machine lets its tests mount.
	}
	empty, err := fill(dir)
	if err != nil {
		t.Fatal(err)
	}
	write := func() error { return os.WriteFile(filepath.Join(dir, "file"), []byte("x"), 0o600) }
	if err := write(); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("written to a full disk: %v", err)
	}
	if err := errors.Join(empty(), write()); err != nil {
		t.Error(err)
	}
}
