package pipeline_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"mlf/proof/harness"
	"mlf/query/client"
	"mlf/schema"
)

// TestABodySetsUpATotem: a code that a body made at its desk becomes a terminal at the front
// door, whose votes are counted; it is closed, and what was cast after that is refused. A
// restart changes nothing of it.
func TestABodySetsUpATotem(t *testing.T) {
	u := harness.NewUp(t)
	u.Begin(t)
	harness.Run(t, "body", "add", "--kafka", u.Kafka, "--comune", "001263")
	desk := &client.Client{Base: "http://" + u.Query}
	var made client.MadeClaim
	harness.Eventually(t, 20*time.Second, func() (err error) { // It hears of the body within moments.
		made, err = desk.MakeClaim(t.Context(), "c_i692", &client.WantedClaim{Comune: "001263", Channel: "totem", Services: []string{"anagrafe"}})
		return err
	})
	if want := "http://" + u.Ingest + "/k/#c="; len(made.URL) < len(want) || made.URL[:len(want)] != want {
		t.Errorf("got %s, want %s…", made.URL, want)
	}
	claim := func(token string, want int) {
		t.Helper()
		hash := schema.HashToken([]byte(token))
		harness.Eventually(t, 20*time.Second, func() error {
			status, answer, err := harness.Do(t, http.MethodPost, "http://"+u.Ingest+"/v1/claims", "",
				fmt.Sprintf(`{"code":%q,"claim":"4f0c7b0e-5f3a-4a57-9a3c-2f1d6b8e9c%x","token_sha256":["%x"]}`, made.Code, token[0], hash[:]))
			if err == nil && status != want {
				err = fmt.Errorf("got %d %s, want %d", status, answer, want)
			}
			return err
		})
	}
	claim("a token of the device's own", http.StatusCreated)
	claim("b token of another device's", http.StatusGone)
	u.Kill()
	u.Begin(t)

	const token = "a token of the device's own"
	var stream string
	harness.Eventually(t, 20*time.Second, func() error {
		status, answer, err := harness.Do(t, http.MethodPost, "http://"+u.Ingest+"/v1/streams", token, "{}")
		if err == nil && status != http.StatusCreated {
			err = fmt.Errorf("got %d %s", status, answer)
		}
		if err == nil {
			stream = harness.Decode[struct{ Stream string }](t, answer).Stream
		}
		return err
	})
	cast := func(seq, want int, sent string) {
		t.Helper()
		harness.Eventually(t, 20*time.Second, func() error {
			status, answer, err := harness.Do(t, http.MethodPost, "http://"+u.Ingest+"/v1/votes", token,
				fmt.Sprintf(`{"stream":%q,"votes":[{"seq":%d,%s,"face":"green"}]}`, stream, seq, sent))
			if err == nil && status != want {
				err = fmt.Errorf("got %d %s, want %d", status, answer, want)
			}
			return err
		})
	}
	cast(1, http.StatusAccepted, `"age_ms":0`)
	harness.Eventually(t, 30*time.Second, func() error {
		if faces := harness.Faces(t, u.Query); faces != [3]int{1, 0, 0} {
			return fmt.Errorf("got %v, want one vote", faces)
		}
		return nil
	})
	claims, err := desk.BodyClaims(t.Context(), "c_i692", "used")
	if err != nil || claims.Total != 1 || claims.Claims[0].Hash != made.Hash || claims.Claims[0].Attempts != 2 || claims.Claims[0].By != "local" {
		t.Fatalf("got %+v, %v", claims, err)
	}
	terminal := claims.Claims[0].Terminals[0].Terminal
	harness.Eventually(t, 90*time.Second, func() error { // What was counted is looked at every 30 s.
		active, err := desk.BodyTerminals(t.Context(), "c_i692", "active")
		if err == nil && (active.Total != 1 || active.Terminals[0].LastVote == nil || time.Since(*active.Terminals[0].LastVote) > 5*time.Minute) {
			err = fmt.Errorf("got %+v, want one that has voted", active)
		}
		return err
	})
	closed, err := desk.CloseTerminal(t.Context(), "c_i692", terminal, time.Time{})
	if err != nil || closed.State != "closed" || closed.Device != claims.Claims[0].Device {
		t.Fatalf("got %+v, %v", closed, err)
	}
	revoked, err := desk.RevokeTerminal(t.Context(), "c_i692", terminal)
	if err != nil || revoked.State != "revoked" {
		t.Fatalf("got %+v, %v", revoked, err)
	}
	cast(2, http.StatusForbidden, `"age_ms":0`)
	if body, err := desk.Body(t.Context(), "c_i692"); err != nil || body.Terminals.Revoked != 1 || body.Terminals.Claimed != 0 {
		t.Errorf("got %+v, %v", body, err)
	}
}
