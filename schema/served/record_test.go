package served_test

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"mlf/schema"
	"mlf/schema/served"
	"mlf/schema/votepb"
)

var update = flag.Bool("update", false, "rewrite the golden file in testdata") //nolint:gochecknoglobals // A flag must exist before main.

// golden compares got with the golden file. A difference means that what was written
// before cannot be read the same way.
func golden(t *testing.T, got []byte) {
	t.Helper()
	const file = "testdata/served.golden"
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s: got\n%s\nwant\n%s", file, got, want)
	}
}

// hexLines writes record in lines of 32 bytes.
func hexLines(record []byte) string {
	var text strings.Builder
	for part := range slices.Chunk(record, 32) {
		fmt.Fprintf(&text, "%x\n", part)
	}
	return text.String()
}

// sealed returns body with its checksum.
func sealed(body []byte) []byte { return schema.AppendChecksum(bytes.Clone(body), 0) }

func servedUsers() served.Served {
	return served.Served{
		Key:   served.Key{Comune: 58091, Office: "eur", Service: 1, Channel: schema.ChannelCounter, Day: 20782},
		Users: 120, Revision: 1,
	}
}

// servedSeeds are one of each kind.
func servedSeeds() []served.Served {
	called := servedUsers()
	called.Users, called.Revision = 150, 1_795_611_600_000
	called.Tickets = served.Tickets{Queue: 1<<64 - 1, First: 1, Last: 61, Before: 90}
	return []served.Served{
		servedUsers(),
		called,
		{Key: served.Key{Comune: 1001, Channel: schema.ChannelDigital}, Revision: 1},
		{Key: served.Key{Comune: 1001, Channel: schema.ChannelDigital}, Revision: 2, Withdrawn: true},
		{
			Key:   served.Key{Comune: 999999, Office: schema.OfficeCode(strings.Repeat("o", schema.OfficeCodeMax)), Service: 65535, Channel: schema.ChannelDigital, Day: schema.DayMax},
			Users: served.UsersMax, Revision: served.RevisionMax,
			Tickets: served.Tickets{Queue: 1, First: served.TicketMax, Last: served.TicketMax, Before: served.UsersMax},
		},
	}
}

// TestGoldenServed fixes the records of served users, key and value.
func TestGoldenServed(t *testing.T) {
	var text bytes.Buffer
	for _, s := range servedSeeds() {
		record := served.Append(nil, &s)
		fmt.Fprintf(&text, "# %s: %d users, revision %d: %d bytes\n%s\n", s.String(), s.Users, s.Revision, len(record), hexLines(record))
	}
	golden(t, text.Bytes())
}

func TestServedRoundTrip(t *testing.T) {
	for _, want := range servedSeeds() {
		value := served.Append([]byte("x"), &want)[1:]
		got, err := served.Decode(want.String(), value)
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
		got, err := served.Decode(key, sealed([]byte(strings.Join(parts, ""))))
		if !errors.Is(err, want) || err != nil && got != (served.Served{}) {
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

	value := served.Append(nil, &good)
	for i := range value {
		value[i] ^= 4
		if _, err := served.Decode(key, value); !errors.Is(err, undecodable) {
			t.Errorf("byte %d changed: got %v, want %v", i, err, undecodable)
		}
		value[i] ^= 4
	}
}

// FuzzServed: whatever DecodeServed accepts, it reads again from what AppendServed
// writes, under the same key.
func FuzzServed(f *testing.F) {
	for _, s := range servedSeeds() {
		f.Add(s.String(), served.Append(nil, &s))
	}
	f.Fuzz(func(t *testing.T, key string, body []byte) {
		want, err := served.Decode(key, sealed(body[:max(0, len(body)-5)]))
		if err != nil {
			return
		}
		got, err := served.Decode(want.String(), served.Append(nil, &want))
		if err != nil || got != want || want.String() != key {
			t.Fatalf("got %+v, error %v, want %+v", got, err, want)
		}
	})
}
