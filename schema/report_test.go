package schema_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"mlf/schema"
	"mlf/schema/votepb"
)

func servedUsers() schema.Served {
	return schema.Served{
		ServedKey: schema.ServedKey{Comune: 58091, Office: "eur", Service: 1, Channel: schema.ChannelCounter, Day: 20782},
		Users:     120, Revision: 1,
	}
}

// servedSeeds are one of each kind.
func servedSeeds() []schema.Served {
	called := servedUsers()
	called.Users, called.Revision = 150, 1_795_611_600_000
	called.Tickets = schema.Tickets{Queue: 1<<64 - 1, First: 1, Last: 61, Before: 90}
	return []schema.Served{
		servedUsers(),
		called,
		{ServedKey: schema.ServedKey{Comune: 1001, Channel: schema.ChannelDigital}, Revision: 1},
		{ServedKey: schema.ServedKey{Comune: 1001, Channel: schema.ChannelDigital}, Revision: 2, Withdrawn: true},
		{
			ServedKey: schema.ServedKey{Comune: 999999, Office: schema.OfficeCode(strings.Repeat("o", schema.OfficeCodeMax)), Service: 65535, Channel: schema.ChannelDigital, Day: schema.DayMax},
			Users:     schema.UsersMax, Revision: schema.RevisionMax,
			Tickets: schema.Tickets{Queue: 1, First: schema.TicketMax, Last: schema.TicketMax, Before: schema.UsersMax},
		},
	}
}

// TestGoldenServed fixes the records of served users, key and value.
func TestGoldenServed(t *testing.T) {
	var text bytes.Buffer
	for _, s := range servedSeeds() {
		record := schema.AppendServed(nil, &s)
		fmt.Fprintf(&text, "# %s: %d users, revision %d: %d bytes\n%s\n", s.String(), s.Users, s.Revision, len(record), hexLines(record))
	}
	golden(t, "served.golden", text.Bytes())
}

func TestServedRoundTrip(t *testing.T) {
	for _, want := range servedSeeds() {
		value := schema.AppendServed([]byte("x"), &want)[1:]
		got, err := schema.DecodeServed(want.String(), value)
		if err != nil || got != want {
			t.Errorf("got %+v, error %v, want %+v", got, err, want)
		}
		var generated votepb.Served
		if err := proto.Unmarshal(value, &generated); err != nil {
			t.Fatal(err)
		}
		if generated.GetComune() != uint32(want.Comune) || generated.GetOffice() != string(want.Office) || generated.GetService() != uint32(want.Service) ||
			generated.GetChannel() != uint32(want.Channel) || generated.GetDay() != uint32(want.Day) || generated.GetUsers() != want.Users ||
			generated.GetRevision() != want.Revision || generated.GetQueue() != want.Tickets.Queue || generated.GetFirst() != want.Tickets.First ||
			generated.GetLast() != want.Tickets.Last || generated.GetBefore() != want.Tickets.Before || generated.GetWithdrawn() != want.Withdrawn {
			t.Errorf("the generated code reads %v, want %+v", &generated, want)
		}
	}
}

func TestServedRefusals(t *testing.T) {
	good := servedUsers()
	key := good.String()
	f := func(want error, parts ...string) {
		t.Helper()
		got, err := schema.DecodeServed(key, sealed([]byte(strings.Join(parts, ""))))
		if !errors.Is(err, want) || err != nil && got != (schema.Served{}) {
			t.Errorf("%q: got %+v, error %v, want %v", parts, got, err, want)
		}
	}
	const format, comune, office, service, channel, day, users, revision = "\x08\x01", "\x10\xeb\xc5\x03", "\x1a\x03eur", "\x20\x01", "\x28\x01", "\x30\xae\xa2\x01", "\x38\x78", "\x40\x01"
	undecodable := schema.ErrUndecodable
	f(nil, format, comune, office, service, channel, day, users, revision)
	f(nil, revision, users, day, channel, service, office, comune, format)
	f(undecodable)
	f(undecodable, comune, office, service, channel, day, users, revision)
	f(schema.ErrFormat, "\x08\x02", "\x72\x01x")
	f(undecodable, format, comune, "\x1a\x03est", service, channel, day, users, revision)     // Another key's.
	f(undecodable, format, comune, "\x1a\x03e/r", service, channel, day, users, revision)     // No office code.
	f(undecodable, format, comune, office, "\x20\x81\x80\x04", channel, day, users, revision) // Service 65,537 is not 1.
	f(undecodable, format, comune, office, service, "\x28\x81\x02", day, users, revision)     // Channel 257 is not 1.
	f(undecodable, format, comune, office, service, "\x28\x06", day, users, revision)
	f(undecodable, format, comune, office, service, channel, day, "\x38\xc1\x84\x3d", revision) // 1,000,001 users.
	f(undecodable, format, comune, office, service, channel, day, users)                        // No revision.
	f(undecodable, format, comune, office, service, channel, day, users, revision, revision)
	f(undecodable, format, comune, office, service, channel, day, users, revision, "\x48\x01")                 // Tickets of other users,
	f(undecodable, format, comune, office, service, channel, day, users, revision, "\x50\x01\x58\x79")         // of no queue,
	f(undecodable, format, comune, office, service, channel, day, users, revision, "\x48\x01\x50\x02\x58\x01") // that run backwards.
	f(nil, format, comune, office, service, channel, day, users, revision, "\x48\x01\x50\x01\x58\x79")
	f(undecodable, format, comune, office, service, channel, day, users, revision, "\x68\x01") // Users, and withdrawn.
	f(undecodable, format, comune, office, service, channel, day, revision, "\x68\x02")
	f(nil, format, comune, office, service, channel, day, revision, "\x68\x01")
	f(undecodable, format, comune, office, service, channel, day, users, revision, "\x70\x01")

	value := schema.AppendServed(nil, &good)
	for i := range value {
		value[i] ^= 4
		if _, err := schema.DecodeServed(key, value); !errors.Is(err, undecodable) {
			t.Errorf("byte %d changed: got %v, want %v", i, err, undecodable)
		}
		value[i] ^= 4
	}
}

func TestDays(t *testing.T) {
	f := func(text string, want schema.Day) {
		t.Helper()
		got, err := schema.ParseDay(text)
		if err != nil || got != want || got.String() != text {
			t.Errorf("%s: got %d (%s), %v, want %d", text, got, got, err, want)
		}
	}
	f("1970-01-01", 0)
	f("2026-11-25", 20782)
	f("2024-02-29", 19782)
	f("2149-06-06", schema.DayMax)
	for _, text := range []string{"", "1969-12-31", "2149-06-07", "2026-02-29", "2026-11-25T00:00:00Z", "25/11/2026"} {
		if got, err := schema.ParseDay(text); err == nil {
			t.Errorf("%q: got %v, want an error", text, got)
		}
	}
	rome, err := time.LoadLocation("Europe/Rome")
	if err != nil {
		t.Fatal(err)
	}
	if got := schema.DayOf(time.Date(2026, 11, 24, 23, 30, 0, 0, time.UTC).In(rome)).String(); got != "2026-11-25" {
		t.Errorf("half past midnight in Rome: got %s", got)
	}
	if got := schema.DayOf(time.Date(1960, 1, 1, 0, 0, 0, 0, time.UTC)); got != 0 {
		t.Errorf("before 1970: got %d", got)
	}
}

// FuzzServed: whatever DecodeServed accepts, it reads again from what AppendServed
// writes, under the same key.
func FuzzServed(f *testing.F) {
	for _, s := range servedSeeds() {
		f.Add(s.String(), schema.AppendServed(nil, &s))
	}
	f.Fuzz(func(t *testing.T, key string, body []byte) {
		want, err := schema.DecodeServed(key, sealed(body[:max(0, len(body)-5)]))
		if err != nil {
			return
		}
		got, err := schema.DecodeServed(want.String(), schema.AppendServed(nil, &want))
		if err != nil || got != want || want.String() != key {
			t.Fatalf("got %+v, error %v, want %+v", got, err, want)
		}
	})
}
