package harness

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"mlf/query/client"
)

// A Terminal is an enrolled terminal with its stream, as a test plays it.
type Terminal struct {
	t              *testing.T
	Ingest, Query  string // URLs.
	ID, Token      string
	Stream, Answer string
}

// Enrol enrols one terminal in Roma, asks for its stream, and waits for
// nothing: an enrolment takes effect within a second.
func Enrol(t *testing.T, kafka, ingest, query string) *Terminal {
	t.Helper()
	return EnrolIn(t, "058091", kafka, ingest, query)
}

// EnrolIn enrols one in another comune.
func EnrolIn(t *testing.T, comune, kafka, ingest, query string) *Terminal {
	t.Helper()
	line := Run(t, "terminal", "enrol", "--kafka", kafka, "--comune", comune, "--channel", "counter",
		"--services", "anagrafe,tributi", "--since", "2026-01-01", "--json")
	e := Decode[struct{ Terminal, Token string }](t, line)
	term := &Terminal{t: t, Ingest: "http://" + ingest, Query: "http://" + query, ID: e.Terminal, Token: e.Token}
	Eventually(t, time.Second, func() error {
		status, body, err := Do(t, http.MethodPost, term.Ingest+"/v1/streams", term.Token, "{}")
		if err != nil || status != http.StatusCreated {
			return fmt.Errorf("stream: %d %s %w", status, body, err)
		}
		term.Stream = Decode[struct{ Stream string }](t, body).Stream
		return nil
	})
	return term
}

// Cast sends votes, a JSON array, and returns the status and the answer.
func (term *Terminal) Cast(votes string) (int, string) {
	term.t.Helper()
	status, body, err := Do(term.t, http.MethodPost, term.Ingest+"/v1/votes", term.Token,
		fmt.Sprintf(`{"stream":%q,"votes":%s}`, term.Stream, votes))
	if err != nil {
		term.t.Fatal(err)
	}
	return status, body
}

// ReadLedger asks mlf query at host:port for its ledger.
func ReadLedger(t *testing.T, query string) client.Ledger {
	t.Helper()
	status, body, err := Get(t, "http://"+query+"/v1/ledger")
	if err != nil || status != http.StatusOK {
		t.Fatalf("ledger: %d %s %v", status, body, err)
	}
	return Decode[client.Ledger](t, body)
}

// Faces asks mlf query at host:port for, and returns, the three counts of the whole country over all time.
func Faces(t *testing.T, query string) [3]int {
	t.Helper()
	from := time.Now().AddDate(-1, 0, 0).Format(time.DateOnly)
	to := time.Now().AddDate(0, 0, 2).Format(time.DateOnly)
	status, body, err := Get(t, fmt.Sprintf("http://%s/v1/stats?from=%s&to=%s&class=all", query, from, to))
	if err != nil || status != http.StatusOK {
		t.Fatalf("stats: %d %s %v", status, body, err)
	}
	rows := Decode[struct {
		Rows []struct{ Green, Yellow, Red int }
	}](t, body).Rows
	return [3]int{rows[0].Green, rows[0].Yellow, rows[0].Red}
}
