package schema_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"mlf/schema"
)

func TestTicketKeysOfADayAreThoseOfTheDayBeforeAndOne(t *testing.T) {
	s := schema.NewTicketSecret(time.Unix(1_793_610_000, 0))
	midnight := time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)
	before := s.Keys(schema.TicketDayOf(midnight.Add(-time.Nanosecond)))
	after := s.Keys(schema.TicketDayOf(midnight))
	if after[1] != before[0] || after[2] != before[1] {
		t.Error("a ticket of yesterday is not good today")
	}
	if after[0] == before[0] || after[0] == before[1] || after[0] == before[2] {
		t.Error("today's key was there yesterday")
	}
	if evening := s.Keys(schema.TicketDayOf(midnight.In(time.FixedZone("", -3600)).Add(24*time.Hour - 1))); evening != after {
		t.Error("the keys changed within a day of UTC")
	}
	if other := schema.NewTicketSecret(s.Made); other.Keys(1) == s.Keys(1) {
		t.Error("two secrets have the same keys")
	}
}

// TestGoldenTickets fixes how keys are made from a secret. Processes of different
// builds that make others do not resume each other's sessions.
func TestGoldenTickets(t *testing.T) {
	s := schema.TicketSecret{Made: time.Unix(1_793_610_000, 0).UTC(), Secret: bytes.Repeat([]byte{7}, 32)}
	key, value, err := s.RegistryRecord()
	if err != nil {
		t.Fatal(err)
	}
	text := fmt.Appendf(nil, "%s\n%s\n", key, value)
	for _, k := range s.Keys(20_779) {
		text = fmt.Appendf(text, "%x\n", k)
	}
	golden(t, "tickets.golden", text)
}

func TestTheLastTicketSecretHolds(t *testing.T) {
	var terminals schema.Terminals
	if got := terminals.TicketSecret(); got != nil {
		t.Errorf("got %v before there was one", got)
	}
	newer, older := schema.NewTicketSecret(time.Unix(2, 0)), schema.NewTicketSecret(time.Unix(1, 0))
	for _, s := range []schema.TicketSecret{newer, older} { // The log's order decides, as compaction does.
		apply(t, &terminals, s.RegistryRecord)
	}
	got := terminals.TicketSecret()
	if !bytes.Equal(got.Secret, older.Secret) || !got.Made.Equal(older.Made) {
		t.Errorf("got %v, want %v", got, older)
	}
	apply(t, &terminals, older.RegistryRecord)
	key, _, err := older.RegistryRecord()
	if err != nil {
		t.Fatal(err)
	}
	for _, value := range []string{``, `{}`, `{"secret":"c2hvcnQ="}`, `{"secret":` + strings.Repeat("1", 32)} {
		if err := terminals.Apply(key, []byte(value)); err == nil || !strings.Contains(err.Error(), key) {
			t.Errorf("%q: got %v, want an error with the key", value, err)
		}
	}
	if terminals.TicketSecret() != got {
		t.Error("the pointer changed, and the secret did not")
	}
}
