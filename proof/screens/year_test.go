package screens_test

import (
	"os"
	"testing"
	"time"

	"mlf/command"
	"mlf/proof/harness"
)

func TestMain(m *testing.M) { harness.Main(m) }

// A year is how much of the country votes: a test's, or what the screens are meant for.
type year struct{ terminals, votesPerDay string }

// size is that of tests; a million votes, in five minutes, with MLF_TEST_SCREENS=million.
func size() year {
	if os.Getenv("MLF_TEST_SCREENS") == "million" {
		return year{"3000", "0.95"}
	}
	return year{"300", "2"}
}

// aYear starts mlf up, lets terminals vote for a year that ends now, and returns where
// the pages are. MLF_TEST_SCREENS_AT names a service that is there already.
func aYear(t *testing.T) (home string, up *harness.Up) {
	t.Helper()
	if at := os.Getenv("MLF_TEST_SCREENS_AT"); at != "" {
		return at + "/", nil
	}
	up = harness.NewUp(t, "--publish", "off")
	up.Begin(t)
	of := size()
	simulation := harness.Start(t, "simulate", "--ingest", "http://"+up.Ingest, "--query", "http://"+up.Query, "--kafka", up.Kafka,
		"--days", "365", "--terminals", of.terminals, "--votes-per-day", of.votesPerDay, "--seed", "1")
	if code := simulation.Wait(20 * time.Minute); code != command.ExitDone {
		t.Fatalf("simulate: exit code %d\n%s", code, harness.Tail(simulation.Stderr()))
	}
	again(t, up) // All is counted that its first release is to have.
	return pagesOf(up), up
}

// again ends mlf up, and starts it with flags.
func again(t *testing.T, up *harness.Up, flags ...string) {
	t.Helper()
	if code := up.Stop(); code != command.ExitDone {
		t.Fatalf("up: exit code %d\n%s", code, harness.Tail(up.Stderr()))
	}
	up.Flags = flags
	up.Begin(t)
}

func pagesOf(up *harness.Up) string { return "http://" + up.Query + "/" }
