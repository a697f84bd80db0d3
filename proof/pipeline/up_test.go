package pipeline_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"mlf/command"
	"mlf/proof/harness"
	"mlf/schema"
)

func TestAVoteComesBackInTheStatistics(t *testing.T) {
	u := harness.NewUp(t)
	u.Begin(t)
	term := harness.Enrol(t, u.Kafka, u.Ingest, u.Query)

	status, body := term.Cast(`[{"seq":1,"age_ms":600000,"face":"green","service":"anagrafe"},
		{"seq":2,"age_ms":300000,"face":"red","service":"tributi","reason":"waiting_time"},
		{"seq":3,"age_ms":100,"face":"blue"}]`)
	if status != http.StatusAccepted || !strings.Contains(body, `"accepted":2`) || !strings.Contains(body, `bad_face`) {
		t.Fatalf("votes: %d %s", status, body)
	}
	if status, body := term.Cast(`[{"seq":1,"age_ms":600500,"face":"green","service":"anagrafe"}]`); status != http.StatusAccepted {
		t.Fatalf("the same vote again: %d %s", status, body)
	}
	harness.Eventually(t, 10*time.Second, func() error {
		if got, want := harness.ReadLedger(t, u.Query).Totals.Tally, (schema.Tally{Records: 6, VotesIn: 4, Counted: 2, Duplicates: 1, Voided: 1}); got != want {
			return fmt.Errorf("ledger: got %+v, want %+v", got, want)
		}
		return nil
	})
	if got, want := harness.Faces(t, u.Query), [3]int{1, 0, 1}; got != want {
		t.Errorf("faces: got %v, want %v", got, want)
	}
	harness.Eventually(t, 6*time.Second, func() error {
		_, body, err := harness.Do(t, http.MethodGet, term.Query+"/v1/terminals/self/watermark?stream="+term.Stream, term.Token, "")
		if !strings.Contains(body, `"highest":3`) || !strings.Contains(body, `"missing":[]`) {
			return fmt.Errorf("watermark: %s %w", body, err)
		}
		return nil
	})
}

func TestRevocationAndANewTokenTakeEffectWithinASecond(t *testing.T) {
	u := harness.NewUp(t)
	u.Begin(t)
	term := harness.Enrol(t, u.Kafka, u.Ingest, u.Query)
	vote := `[{"seq":1,"age_ms":0,"face":"green"}]`

	old := term.Token
	term.Token = harness.Decode[struct{ Token string }](t, harness.Run(t, "terminal", "token", "--kafka", u.Kafka, term.ID, "--json")).Token
	harness.Eventually(t, time.Second, func() error {
		if status, body := term.Cast(vote); status != http.StatusAccepted {
			return fmt.Errorf("new token: %d %s", status, body)
		}
		return nil
	})
	if status, _, err := harness.Do(t, http.MethodPost, term.Ingest+"/v1/votes", old, `{"stream":"","votes":[]}`); status != http.StatusUnauthorized {
		t.Errorf("old token: got %d %v, want 401", status, err)
	}

	harness.Run(t, "terminal", "revoke", "--kafka", u.Kafka, term.ID)
	harness.Eventually(t, time.Second, func() error {
		if status, body := term.Cast(vote); status != http.StatusForbidden {
			return fmt.Errorf("revoked: %d %s", status, body)
		}
		return nil
	})
	if list := harness.Run(t, "terminal", "list", "--kafka", u.Kafka, term.ID, "--json"); !strings.Contains(list, `"revoked":true`) {
		t.Errorf("list: %s", list)
	}
}

func TestUpGoesOnWhereItWasAfterAStopAndAfterAKill(t *testing.T) {
	u := harness.NewUp(t, "--demo-terminals", "3")
	u.Begin(t)
	term := harness.Enrol(t, u.Kafka, u.Ingest, u.Query)
	if status, body := term.Cast(`[{"seq":1,"age_ms":0,"face":"green"}]`); status != http.StatusAccepted {
		t.Fatal(status, body)
	}
	if code := u.Stop(); code != command.ExitDone {
		t.Fatalf("stopped with exit code %d", code)
	}
	demoTokens, err := os.ReadFile(filepath.Join(u.Data, "demo-terminals.json"))
	if err != nil {
		t.Fatal(err)
	}

	u.Begin(t)
	if status, body := term.Cast(`[{"seq":2,"age_ms":0,"face":"yellow"}]`); status != http.StatusAccepted {
		t.Fatal(status, body)
	}
	u.Kill()

	u.Begin(t)
	if status, body := term.Cast(`[{"seq":3,"age_ms":0,"face":"red"},{"seq":2,"age_ms":0,"face":"yellow"}]`); status != http.StatusAccepted {
		t.Fatal(status, body)
	}
	harness.Eventually(t, 10*time.Second, func() error {
		if got, want := harness.Faces(t, u.Query), [3]int{1, 1, 1}; got != want {
			return fmt.Errorf("faces: got %v, want %v", got, want)
		}
		return nil
	})
	again, err := os.ReadFile(filepath.Join(u.Data, "demo-terminals.json"))
	if err != nil || string(again) != string(demoTokens) {
		t.Errorf("demo terminals were enrolled again: %v", err)
	}
}

func TestADataFolderOfANewerFormatIsRefused(t *testing.T) {
	data := t.TempDir()
	if err := os.WriteFile(filepath.Join(data, "format"), []byte("2\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	c := harness.Start(t, "up", "--data", data)
	if code := c.Wait(time.Minute); code != command.ExitFailed || !strings.Contains(c.Stderr(), "run the newer mlf") {
		t.Errorf("got exit code %d, %s", code, c.Stderr())
	}
}

func TestADataFolderInUseIsRefused(t *testing.T) {
	u := harness.NewUp(t)
	u.Begin(t)
	c := harness.Start(t, "up", "--data", u.Data)
	if code := c.Wait(time.Minute); code != command.ExitFailed || !strings.Contains(c.Stderr(), "another mlf up") {
		t.Errorf("got exit code %d, %s", code, c.Stderr())
	}
}

func TestAFullDiskGives503AndAMetricAndLosesNothing(t *testing.T) {
	u := harness.NewUp(t)
	u.Begin(t)
	term := harness.Enrol(t, u.Kafka, u.Ingest, u.Query)
	if status, body := term.Cast(`[{"seq":1,"age_ms":0,"face":"green"}]`); status != http.StatusAccepted {
		t.Fatal(status, body)
	}
	u.Stop()

	u.Flags = []string{"--disk-reserve", fmt.Sprint(uint64(1) << 62)}
	u.Launch(t)
	harness.Eventually(t, time.Minute, func() error {
		status, body, err := harness.Do(t, http.MethodPost, term.Ingest+"/v1/votes", term.Token,
			fmt.Sprintf(`{"stream":%q,"votes":[{"seq":2,"age_ms":0,"face":"red"}]}`, term.Stream))
		if status != http.StatusServiceUnavailable || !strings.Contains(body, "no-acknowledgement") {
			return fmt.Errorf("full disk: %d %s %w", status, body, err)
		}
		return nil
	})
	harness.Eventually(t, time.Minute, func() error {
		_, metrics, err := harness.Get(t, "http://"+u.Admin+"/metrics")
		if !regexp.MustCompile(`(?m)^mlf_up_disk_full_refusals_total [1-9]`).MatchString(metrics) {
			return fmt.Errorf("no refusal in the metrics: %w", err)
		}
		return nil
	})
	u.Stop()

	u.Flags = nil
	u.Begin(t)
	if status, body := term.Cast(`[{"seq":2,"age_ms":0,"face":"red"}]`); status != http.StatusAccepted {
		t.Fatal(status, body)
	}
	harness.Eventually(t, 10*time.Second, func() error {
		if got, want := harness.Faces(t, u.Query), [3]int{1, 0, 1}; got != want {
			return fmt.Errorf("faces: got %v, want %v", got, want)
		}
		return nil
	})
}

// TestADiskThatRunsFullLosesNothing lets both engines meet the end of a real
// disk while a country votes, and then makes room.
func TestADiskThatRunsFullLosesNothing(t *testing.T) {
	if testing.Short() {
		t.Skip("filling a disk takes a while")
	}
	u := harness.NewUp(t, "--disk-reserve", "1")
	if err := os.Mkdir(u.Data, 0o750); err != nil {
		t.Fatal(err)
	}
	if err := unix.Mount("tmpfs", u.Data, "tmpfs", 0, "size=8m"); err != nil {
		t.Skipf("needs the right to mount a disk of its own: %v", err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(u.Data, unix.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	u.Begin(t)
	sim := harness.Start(t, "simulate", "--ingest", "http://"+u.Ingest, "--query", "http://"+u.Query, "--kafka", u.Kafka,
		"--terminals", "1000", "--days", "7")
	harness.Eventually(t, 2*time.Minute, func() error {
		if !sim.Running() {
			t.Fatal("the simulation ended before the disk was full")
		}
		_, body, err := harness.Get(t, "http://"+u.Admin+"/readyz")
		if !strings.Contains(body, "data disk is full") {
			return fmt.Errorf("disk is not full: %s %w", body, err)
		}
		return nil
	})
	if err := unix.Mount("tmpfs", u.Data, "tmpfs", unix.MS_REMOUNT, "size=512m"); err != nil {
		t.Fatal(err)
	}
	if code := sim.Wait(3 * time.Minute); code != command.ExitDone {
		t.Errorf("simulation: exit code %d\n%s%s", code, harness.Tail(sim.Stdout()), harness.Tail(sim.Stderr()))
	}
	if code := u.Stop(); code != command.ExitDone {
		t.Errorf("mlf up stopped with exit code %d", code)
	}
}

// TestEveryAcknowledgedVoteIsCountedOnceThroughTenKills kills mlf up at random
// moments while a country votes, and another one where it has voted before the
// kills are over; the simulation compares every cell at the end.
func TestEveryAcknowledgedVoteIsCountedOnceThroughTenKills(t *testing.T) {
	if testing.Short() {
		t.Skip("kills take a minute")
	}
	const kills = 10
	u := harness.NewUp(t)
	u.Begin(t)
	seed := rand.Uint64N(1 << 31)
	t.Logf("seed %d", seed)
	moments := rand.New(rand.NewPCG(seed, 0))
	vote := func(seed uint64) *harness.Command {
		return harness.Start(t, "simulate", "--ingest", "http://"+u.Ingest, "--query", "http://"+u.Query, "--kafka", u.Kafka,
			"--terminals", "300", "--days", "7", "--seed", fmt.Sprint(seed))
	}
	compared := func(sim *harness.Command) {
		if code := sim.Wait(8 * time.Minute); code != command.ExitDone {
			t.Errorf("simulation: exit code %d\n%s%s", code, harness.Tail(sim.Stdout()), harness.Tail(sim.Stderr()))
		}
	}
	sim := vote(seed)
	harness.Eventually(t, time.Minute, func() error {
		if harness.ReadLedger(t, u.Query).Totals.Counted == 0 {
			return errNotYet
		}
		return nil
	})
	for n := range kills {
		alive := 200*time.Millisecond + time.Duration(moments.IntN(2500))*time.Millisecond
		select {
		case <-sim.Ended():
			compared(sim)
			sim = vote(seed + uint64(n) + 1)
		case <-time.After(alive):
		}
		u.Kill()
		u.Launch(t)
		if n%2 == 0 { // Every other time the next blow falls before it is ready.
			harness.WaitReady(t, u.Command, u.Admin)
		}
	}
	harness.WaitReady(t, u.Command, u.Admin)
	compared(sim)
	l := harness.ReadLedger(t, u.Query)
	if !l.Totals.Balanced() || l.Totals.Quarantined != 0 {
		t.Errorf("ledger: %+v", l.Totals)
	}
	t.Logf("ledger after %d kills: %+v", kills, l.Totals)
}

var errNotYet = errors.New("not yet")

// TestUpStopsSoonWhenItCannotFlush: the engine is frozen. What is not flushed is on
// the log, and the next start counts it.
func TestUpStopsSoonWhenItCannotFlush(t *testing.T) {
	u := harness.NewUp(t)
	u.Begin(t)
	term := harness.Enrol(t, u.Kafka, u.Ingest, u.Query)
	freezeChildren(t, u.Pid())
	if status, body := term.Cast(`[{"seq":1,"age_ms":0,"face":"green"}]`); status != http.StatusAccepted {
		t.Fatal(status, body)
	}
	if err := u.Interrupt(); err != nil {
		t.Fatal(err)
	}
	const soon = 18 * time.Second // Aggregate has 5 s, the engine 10 until it is killed.
	u.Wait(soon)
	u.Begin(t)
	harness.Eventually(t, time.Minute, func() error {
		if got := harness.Faces(t, u.Query); got[0] != 1 {
			return fmt.Errorf("counted %v: want the green vote", got)
		}
		return nil
	})
	u.Stop()
}

// freezeChildren stops the children of a process in mid-sentence: the embedded
// ClickHouse.
func freezeChildren(t *testing.T, pid int) {
	t.Helper()
	lists, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	if err != nil {
		t.Fatal(err)
	}
	frozen := 0
	for _, list := range lists {
		text, err := os.ReadFile(list)
		if err != nil {
			continue // A thread that has ended.
		}
		for child := range strings.FieldsSeq(string(text)) {
			id, err := strconv.Atoi(child)
			if err != nil {
				t.Fatal(err)
			}
			if err := syscall.Kill(id, syscall.SIGSTOP); err != nil {
				t.Fatal(err)
			}
			frozen++
		}
	}
	if frozen != 1 {
		t.Fatalf("froze %d children: want the engine alone", frozen)
	}
}
