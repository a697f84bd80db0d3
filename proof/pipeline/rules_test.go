package pipeline_test

import (
	"fmt"
	"net/http"
	"path/filepath"
	"testing"
	"time"

	"mlf/ingest/broker"
	kafka "mlf/ingest/broker/embedded"
	"mlf/proof/harness"
	"mlf/schema"
)

// TestUpRaisesTheRulesOfAnOldLog: a data folder whose log began by the first rules
// goes on by the newest, once, and counts.
func TestUpRaisesTheRulesOfAnOldLog(t *testing.T) {
	u := harness.NewUp(t)
	old, err := kafka.Start(t.Context(), kafka.Config{Dir: filepath.Join(u.Data, "kafka")}, kafka.Telemetry{})
	if err != nil {
		t.Fatal(err)
	}
	client, err := broker.New(broker.Config{Brokers: []string{old.Addr()}}, broker.Telemetry{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.CreateTopics(t.Context(), broker.TopicsConfig{Partitions: 4, Replicas: 1}); err != nil {
		t.Fatal(err)
	}
	if err := client.WriteGenesis(t.Context(), schema.NewLogID(), schema.RulesV1); err != nil {
		t.Fatal(err)
	}
	client.Close()
	if err := old.Close(); err != nil {
		t.Fatal(err)
	}

	for seq := range 2 {
		u.Begin(t)
		term := harness.Enrol(t, u.Kafka, u.Ingest, u.Query)
		if status, body := term.Cast(`[{"seq":1,"age_ms":0,"face":"green"}]`); status != http.StatusAccepted {
			t.Fatal(status, body)
		}
		harness.Eventually(t, 10*time.Second, func() error {
			n := uint64(seq + 1)
			want := schema.Tally{Records: 4 + 4 + n, VotesIn: n, Counted: n} // Genesis, control, votes.
			if got := harness.ReadLedger(t, u.Query).Totals.Tally; got != want {
				return fmt.Errorf("ledger: got %+v, want %+v", got, want)
			}
			return nil
		})
		u.Stop()
	}
}
