package pipeline_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"mlf/ingest/broker"
	"mlf/proof/harness"
	"mlf/schema"
	"mlf/schema/served"
)

// TestServedUsersComeBackAsSums: numbers that were put come back as sums, corrections
// hold, what was sent again changes nothing, and all of it is there after a restart.
func TestServedUsersComeBackAsSums(t *testing.T) {
	u := harness.NewUp(t)
	u.Begin(t)
	term := harness.Enrol(t, u.Kafka, u.Ingest, u.Query)
	day := schema.DayOf(time.Now()) - 3
	body := func(served, revision int) string {
		return fmt.Sprintf(`{"revision":%d,"rows":[{"day":%q,"served":%d},{"day":%q,"served":7,"service":"tributi"},{"day":"2149-01-01","served":1}]}`,
			revision, day, served, day+1)
	}
	put := func(body, want string) {
		t.Helper()
		harness.Eventually(t, 20*time.Second, func() error { // What was reported before is read first.
			status, answer, err := harness.Do(t, http.MethodPut, "http://"+u.Ingest+"/v1/served", term.Token, body)
			if err == nil && (status != http.StatusAccepted || !strings.HasPrefix(answer, want) || !strings.Contains(answer, `"index":2,"code":"bad_day"`)) {
				err = fmt.Errorf("got %d %s, want 202 %s", status, answer, want)
			}
			return err
		})
	}
	put(body(100, 1), `{"accepted":2,"unchanged":0,`)
	put(body(120, 2), `{"accepted":2,"unchanged":0,`)
	put(body(120, 2), `{"accepted":2,"unchanged":2,`)
	wantServed(t, u.Kafka, served.Sum{Users: 127, Known: 2})
	u.Kill()
	u.Begin(t)
	put(body(120, 2), `{"accepted":2,"unchanged":2,`)
	wantServed(t, u.Kafka, served.Sum{Users: 127, Known: 2})
}

// wantServed reads the topic as whoever answers questions does.
func wantServed(t *testing.T, kafka string, want served.Sum) {
	t.Helper()
	client, err := broker.New(broker.Config{Brokers: []string{kafka}}, broker.Telemetry{})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	var book served.Book
	err = client.FollowServed(ctx, book.Apply, func() { book.SetComplete(); cancel() })
	if err != nil || !book.Complete() {
		t.Fatalf("topic not read to its end: %v", err)
	}
	if got := book.Sums(served.Question{Next: schema.DayMax})[served.Key{}]; got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}
