package command

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"mlf/schema"
)

// A terminal is an enrolled terminal with its stream, as a test plays it.
type terminal struct {
	t              *testing.T
	ingest, query  string
	ID, Token      string
	Stream, Answer string
}

// enrolTerminal enrols one terminal in Roma, asks for its stream, and waits for
// nothing: an enrolment takes effect within a second.
func enrolTerminal(t *testing.T, kafka, ingest, query string) *terminal {
	t.Helper()
	return enrolTerminalIn(t, "058091", kafka, ingest, query)
}

// enrolTerminalIn enrols one in another comune.
func enrolTerminalIn(t *testing.T, comune, kafka, ingest, query string) *terminal {
	t.Helper()
	line := mlf(t, "terminal", "enrol", "--kafka", kafka, "--comune", comune, "--channel", "counter",
		"--services", "anagrafe,tributi", "--since", "2026-01-01", "--json")
	e := decode[struct{ Terminal, Token string }](t, line)
	term := &terminal{t: t, ingest: "http://" + ingest, query: "http://" + query, ID: e.Terminal, Token: e.Token}
	eventually(t, time.Second, func() error {
		status, body, err := do(t, http.MethodPost, term.ingest+"/v1/streams", term.Token, "{}")
		if err != nil || status != http.StatusCreated {
			return fmt.Errorf("stream: %d %s %w", status, body, err)
		}
		term.Stream = decode[struct{ Stream string }](t, body).Stream
		return nil
	})
	return term
}

// cast sends votes, a JSON array, and returns the status and the answer.
func (term *terminal) cast(votes string) (int, string) {
	term.t.Helper()
	status, body, err := do(term.t, http.MethodPost, term.ingest+"/v1/votes", term.Token,
		fmt.Sprintf(`{"stream":%q,"votes":%s}`, term.Stream, votes))
	if err != nil {
		term.t.Fatal(err)
	}
	return status, body
}

// A ledger is the answer of /v1/ledger.
type ledger struct {
	Totals     schema.Tally `json:"totals"`
	Partitions []struct {
		Partition  int    `json:"partition"`
		State      string `json:"state"`
		Reason     string `json:"reason"`
		NextOffset int64  `json:"next_offset"`
		LogEnd     *int64 `json:"log_end"`
		schema.Tally
	} `json:"partitions"`
}

func readLedger(t *testing.T, query string) ledger {
	t.Helper()
	status, body, err := get(t, "http://"+query+"/v1/ledger")
	if err != nil || status != http.StatusOK {
		t.Fatalf("ledger: %d %s %v", status, body, err)
	}
	return decode[ledger](t, body)
}

// faces returns the three counts of the whole country over all time.
func faces(t *testing.T, query string) [3]int {
	t.Helper()
	from := time.Now().AddDate(-1, 0, 0).Format(time.DateOnly)
	to := time.Now().AddDate(0, 0, 2).Format(time.DateOnly)
	status, body, err := get(t, fmt.Sprintf("http://%s/v1/stats?from=%s&to=%s&class=all", query, from, to))
	if err != nil || status != http.StatusOK {
		t.Fatalf("stats: %d %s %v", status, body, err)
	}
	rows := decode[struct {
		Rows []struct{ Green, Yellow, Red int }
	}](t, body).Rows
	return [3]int{rows[0].Green, rows[0].Yellow, rows[0].Red}
}

func TestAVoteComesBackInTheStatistics(t *testing.T) {
	u := newUp(t)
	u.begin(t)
	term := enrolTerminal(t, u.kafka, u.ingest, u.query)

	status, body := term.cast(`[{"seq":1,"age_ms":600000,"face":"green","service":"anagrafe"},
		{"seq":2,"age_ms":300000,"face":"red","service":"tributi","reason":"waiting_time"},
		{"seq":3,"age_ms":100,"face":"blue"}]`)
	if status != http.StatusAccepted || !strings.Contains(body, `"accepted":2`) || !strings.Contains(body, `bad_face`) {
		t.Fatalf("votes: %d %s", status, body)
	}
	if status, body := term.cast(`[{"seq":1,"age_ms":600500,"face":"green","service":"anagrafe"}]`); status != http.StatusAccepted {
		t.Fatalf("the same vote again: %d %s", status, body)
	}
	eventually(t, 10*time.Second, func() error {
		if got, want := readLedger(t, u.query).Totals, (schema.Tally{Records: 6, VotesIn: 4, Counted: 2, Duplicates: 1, Voided: 1}); got != want {
			return fmt.Errorf("ledger: got %+v, want %+v", got, want)
		}
		return nil
	})
	if got, want := faces(t, u.query), [3]int{1, 0, 1}; got != want {
		t.Errorf("faces: got %v, want %v", got, want)
	}
	eventually(t, 6*time.Second, func() error {
		_, body, err := do(t, http.MethodGet, term.query+"/v1/terminals/self/watermark?stream="+term.Stream, term.Token, "")
		if !strings.Contains(body, `"highest":3`) || !strings.Contains(body, `"missing":[]`) {
			return fmt.Errorf("watermark: %s %w", body, err)
		}
		return nil
	})
}

func TestRevocationAndANewTokenTakeEffectWithinASecond(t *testing.T) {
	u := newUp(t)
	u.begin(t)
	term := enrolTerminal(t, u.kafka, u.ingest, u.query)
	vote := `[{"seq":1,"age_ms":0,"face":"green"}]`

	old := term.Token
	term.Token = decode[struct{ Token string }](t, mlf(t, "terminal", "token", "--kafka", u.kafka, term.ID, "--json")).Token
	eventually(t, time.Second, func() error {
		if status, body := term.cast(vote); status != http.StatusAccepted {
			return fmt.Errorf("new token: %d %s", status, body)
		}
		return nil
	})
	if status, _, err := do(t, http.MethodPost, term.ingest+"/v1/votes", old, `{"stream":"","votes":[]}`); status != http.StatusUnauthorized {
		t.Errorf("old token: got %d %v, want 401", status, err)
	}

	mlf(t, "terminal", "revoke", "--kafka", u.kafka, term.ID)
	eventually(t, time.Second, func() error {
		if status, body := term.cast(vote); status != http.StatusForbidden {
			return fmt.Errorf("revoked: %d %s", status, body)
		}
		return nil
	})
	if list := mlf(t, "terminal", "list", "--kafka", u.kafka, term.ID, "--json"); !strings.Contains(list, `"revoked":true`) {
		t.Errorf("list: %s", list)
	}
}

func TestUpGoesOnWhereItWasAfterAStopAndAfterAKill(t *testing.T) {
	u := newUp(t, "--demo-terminals", "3")
	u.begin(t)
	term := enrolTerminal(t, u.kafka, u.ingest, u.query)
	if status, body := term.cast(`[{"seq":1,"age_ms":0,"face":"green"}]`); status != http.StatusAccepted {
		t.Fatal(status, body)
	}
	if code := u.stop(); code != exitDone {
		t.Fatalf("stopped with exit code %d", code)
	}
	demoTokens, err := os.ReadFile(filepath.Join(u.data, "demo-terminals.json"))
	if err != nil {
		t.Fatal(err)
	}

	u.begin(t)
	if status, body := term.cast(`[{"seq":2,"age_ms":0,"face":"yellow"}]`); status != http.StatusAccepted {
		t.Fatal(status, body)
	}
	u.kill()

	u.begin(t)
	if status, body := term.cast(`[{"seq":3,"age_ms":0,"face":"red"},{"seq":2,"age_ms":0,"face":"yellow"}]`); status != http.StatusAccepted {
		t.Fatal(status, body)
	}
	eventually(t, 10*time.Second, func() error {
		if got, want := faces(t, u.query), [3]int{1, 1, 1}; got != want {
			return fmt.Errorf("faces: got %v, want %v", got, want)
		}
		return nil
	})
	again, err := os.ReadFile(filepath.Join(u.data, "demo-terminals.json"))
	if err != nil || string(again) != string(demoTokens) {
		t.Errorf("demo terminals were enrolled again: %v", err)
	}
}

func TestTheCurlLineThatUpPrintsCastsAVote(t *testing.T) {
	u := newUp(t, "--demo-terminals", "1")
	u.begin(t)
	fields := regexp.MustCompile(`Bearer ([\w-]+)'.*"stream":"([\w-]+)"`).FindStringSubmatch(u.stdout.String())
	if fields == nil {
		t.Fatalf("no curl line in:\n%s", u.stdout.String())
	}
	term := &terminal{t: t, ingest: "http://" + u.ingest, Token: fields[1], Stream: fields[2]}
	if status, body := term.cast(`[{"seq":1790000000,"age_ms":0,"face":"green"}]`); status != http.StatusAccepted {
		t.Errorf("got %d %s", status, body)
	}
}

func TestADataFolderOfANewerFormatIsRefused(t *testing.T) {
	data := t.TempDir()
	if err := os.WriteFile(filepath.Join(data, "format"), []byte("2\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	c := start(t, "up", "--data", data)
	if code := c.wait(time.Minute); code != exitFailed || !strings.Contains(c.stderr.String(), "run the newer mlf") {
		t.Errorf("got exit code %d, %s", code, c.stderr.String())
	}
}

func TestADataFolderInUseIsRefused(t *testing.T) {
	u := newUp(t)
	u.begin(t)
	c := start(t, "up", "--data", u.data)
	if code := c.wait(time.Minute); code != exitFailed || !strings.Contains(c.stderr.String(), "another mlf up") {
		t.Errorf("got exit code %d, %s", code, c.stderr.String())
	}
}

func TestAFullDiskGives503AndAMetricAndLosesNothing(t *testing.T) {
	u := newUp(t)
	u.begin(t)
	term := enrolTerminal(t, u.kafka, u.ingest, u.query)
	if status, body := term.cast(`[{"seq":1,"age_ms":0,"face":"green"}]`); status != http.StatusAccepted {
		t.Fatal(status, body)
	}
	u.stop()

	u.extra = []string{"--disk-reserve", fmt.Sprint(uint64(1) << 62)}
	u.launch(t)
	eventually(t, time.Minute, func() error {
		status, body, err := do(t, http.MethodPost, term.ingest+"/v1/votes", term.Token,
			fmt.Sprintf(`{"stream":%q,"votes":[{"seq":2,"age_ms":0,"face":"red"}]}`, term.Stream))
		if status != http.StatusServiceUnavailable || !strings.Contains(body, "no-acknowledgement") {
			return fmt.Errorf("full disk: %d %s %w", status, body, err)
		}
		return nil
	})
	eventually(t, time.Minute, func() error {
		_, metrics, err := get(t, "http://"+u.admin+"/metrics")
		if !regexp.MustCompile(`(?m)^mlf_up_disk_full_refusals_total [1-9]`).MatchString(metrics) {
			return fmt.Errorf("no refusal in the metrics: %w", err)
		}
		return nil
	})
	u.stop()

	u.extra = nil
	u.begin(t)
	if status, body := term.cast(`[{"seq":2,"age_ms":0,"face":"red"}]`); status != http.StatusAccepted {
		t.Fatal(status, body)
	}
	eventually(t, 10*time.Second, func() error {
		if got, want := faces(t, u.query), [3]int{1, 0, 1}; got != want {
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
	u := newUp(t, "--disk-reserve", "1")
	if err := os.Mkdir(u.data, 0o750); err != nil {
		t.Fatal(err)
	}
	if err := unix.Mount("tmpfs", u.data, "tmpfs", 0, "size=8m"); err != nil {
		t.Skipf("needs the right to mount a disk of its own: %v", err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(u.data, unix.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	u.begin(t)
	sim := start(t, "simulate", "--ingest", "http://"+u.ingest, "--query", "http://"+u.query, "--kafka", u.kafka,
		"--terminals", "1000", "--days", "7")
	eventually(t, 2*time.Minute, func() error {
		if !sim.running() {
			t.Fatal("the simulation ended before the disk was full")
		}
		_, body, err := get(t, "http://"+u.admin+"/readyz")
		if !strings.Contains(body, "data disk is full") {
			return fmt.Errorf("disk is not full: %s %w", body, err)
		}
		return nil
	})
	if err := unix.Mount("tmpfs", u.data, "tmpfs", unix.MS_REMOUNT, "size=512m"); err != nil {
		t.Fatal(err)
	}
	if code := sim.wait(3 * time.Minute); code != exitDone {
		t.Errorf("simulation: exit code %d\n%s%s", code, tail(sim.stdout.String()), tail(sim.stderr.String()))
	}
	if code := u.stop(); code != exitDone {
		t.Errorf("mlf up stopped with exit code %d", code)
	}
}

// TestEveryAcknowledgedVoteIsCountedOnceThroughTenKills kills mlf up at random
// moments while a country votes; the simulation compares every cell at the end.
func TestEveryAcknowledgedVoteIsCountedOnceThroughTenKills(t *testing.T) {
	if testing.Short() {
		t.Skip("kills take a minute")
	}
	const kills = 10
	u := newUp(t)
	u.begin(t)
	seed := rand.Uint64N(1 << 31)
	t.Logf("seed %d", seed)
	moments := rand.New(rand.NewPCG(seed, 0))
	sim := start(t, "simulate", "--ingest", "http://"+u.ingest, "--query", "http://"+u.query, "--kafka", u.kafka,
		"--terminals", "300", "--days", "7", "--seed", fmt.Sprint(seed))
	eventually(t, time.Minute, func() error {
		if readLedger(t, u.query).Totals.Counted == 0 {
			return errNotYet
		}
		return nil
	})
	for n := range kills {
		alive := 200*time.Millisecond + time.Duration(moments.IntN(2500))*time.Millisecond
		select {
		case <-sim.done:
			t.Fatalf("the simulation ended before kill %d", n+1)
		case <-time.After(alive):
		}
		u.kill()
		u.launch(t)
		if n%2 == 0 { // Every other time the next blow falls before it is ready.
			waitReady(t, u.command, u.admin)
		}
	}
	waitReady(t, u.command, u.admin)
	if code := sim.wait(8 * time.Minute); code != exitDone {
		t.Errorf("simulation: exit code %d\n%s%s", code, tail(sim.stdout.String()), tail(sim.stderr.String()))
	}
	l := readLedger(t, u.query)
	if !l.Totals.Balanced() || l.Totals.Quarantined != 0 {
		t.Errorf("ledger: %+v", l.Totals)
	}
	t.Logf("ledger after %d kills: %+v", kills, l.Totals)
}
