package pipeline_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"mlf/proof/harness"
	"mlf/query/client"
)

// TestWhenTerminalsVotedIsKnown: a vote that was pressed is its terminal's last one, in the
// fleet and in figures, also after a crash.
func TestWhenTerminalsVotedIsKnown(t *testing.T) {
	u := harness.NewUp(t)
	u.Begin(t)
	term := harness.Enrol(t, u.Kafka, u.Ingest, u.Query)
	harness.Enrol(t, u.Kafka, u.Ingest, u.Query) // Nobody votes there.
	now := time.Now().UTC()
	vote := func(seq int, age time.Duration) string {
		return fmt.Sprintf(`{"seq":%d,"age_ms":%d,"face":"green","service":"anagrafe"}`, seq, age.Milliseconds())
	}
	if status, body := term.Cast("[" + vote(1, time.Hour) + "," + vote(2, 48*time.Hour) + "]"); status != http.StatusAccepted || !strings.Contains(body, `"accepted":2`) {
		t.Fatalf("got %d %s", status, body)
	}
	cast, apart := now.Add(-time.Hour), time.Since(now)+time.Second // When the earlier of the two came.
	is := func(when string) {
		t.Helper()
		harness.Eventually(t, 60*time.Second, func() error { // Somebody reads every 30 s.
			_, body, err := harness.Get(t, "http://"+u.Query+"/v1/fleet")
			if err != nil {
				return err
			}
			f := harness.Decode[client.Fleet](t, body)
			for _, of := range f.Terminals {
				if voted := of.Terminal == term.ID; f.KnownSince != nil || voted != (of.LastVote != nil) || voted && of.LastVote.Sub(cast).Abs() > apart {
					return fmt.Errorf("%s: terminal %s voted at %v, known since %v: want %v of %s alone", when, of.Terminal, of.LastVote, f.KnownSince, cast, term.ID)
				}
			}
			return nil
		})
		_, body, err := harness.Get(t, "http://"+u.Query+"/v1/network?by=region")
		if err != nil {
			t.Fatal(err)
		}
		n := harness.Decode[client.Network](t, body)
		if n.KnownSince != nil || len(n.Meta.Warnings) > 0 || n.Total.Active == nil || *n.Total.Active != 1 || n.Total.Silent == nil || len(n.Rows) == 0 {
			t.Errorf("%s: got %s", when, body)
		}
		if n.Total.Claimed != *n.Total.Active+*n.Total.Idle+*n.Total.Silent {
			t.Errorf("%s: got %+v", when, n.Total)
		}
		_, body, err = harness.Get(t, "http://"+u.Query+"/v1/network.csv?by=region&at="+now.AddDate(0, 0, -10).Format(time.DateOnly))
		if err != nil || !strings.Contains(body, "region,region_name,bodies_joined,") {
			t.Errorf("%s: got %v %s", when, err, body)
		}
	}
	is("at first")
	u.Kill()
	u.Begin(t)
	is("after a crash")
}
