package ingest

import (
	"testing"
	"time"

	"mlf/schema"
)

func TestIssuedForgetsWhoAskedLongAgo(t *testing.T) {
	var r issued
	now := time.Unix(1_800_000_000, 0)
	for i := range issuersMax {
		if wait, ok := r.take(schema.TerminalID(i), now); wait != 0 || !ok {
			t.Fatalf("terminal %d: got %v, %v, want a stream", i, wait, ok)
		}
	}
	if _, ok := r.take(issuersMax, now); ok {
		t.Error("got a stream beyond the limit of terminals, want none")
	}
	now = now.Add(issueWindow)
	if _, ok := r.take(issuersMax, now); !ok {
		t.Error("got no stream an hour later, want one")
	}
	if len(r.by) != 1 {
		t.Errorf("got %d terminals remembered, want 1", len(r.by))
	}
}
