package ingest

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"mlf/schema"
	"mlf/schema/votepb"
)

func TestVoteTime(t *testing.T) {
	const now = schema.Instant(1795338000000) // 2026-11-22T09:00:00Z.
	e := enrolled(schema.ChannelCounter, schema.ScaleMLF3)
	f := func(sentAt, vote string, since, want string) {
		t.Helper()
		e.Since, _ = time.Parse(time.RFC3339, since)
		var s scanner
		var m message
		var v verdict
		body := fmt.Sprintf(`{"stream":"s",%s"votes":[{"seq":1,"face":"green",%s}]}`, sentAt, vote)
		if err := s.decodeJSON([]byte(body), &form{newWords(), e, 1}, &m); err != nil {
			t.Fatalf("%s: %v", body, err)
		}
		v.judge(&m, e, now)
		vt := v.votes[0]
		got := vt.At.Time().Format(time.RFC3339Nano)
		if vt.LateClock {
			got = "late " + got
		}
		if got != want || vt.LateClock != (len(v.warnings) == 1 && v.warnings[0].code == badTime) || v.accepted != 1 {
			t.Errorf("%s: got %s %+v, want %s", body, got, v.warnings, want)
		}
	}
	const (
		long = "2020-01-01T00:00:00Z"
		late = "late 2026-11-22T09:00:00Z"
		sent = `"sent_at":"2031-01-01T00:00:10Z",` // A wall clock that is far off.
	)
	f(``, `"age_ms":0`, long, "2026-11-22T09:00:00Z")
	f(``, `"age_ms":2300`, long, "2026-11-22T08:59:57.7Z")
	f(sent, `"at":"2031-01-01T00:00:03.5Z"`, long, "2026-11-22T08:59:53.5Z")
	f(sent, `"at":"2031-01-01T01:00:03.5+01:00"`, long, "2026-11-22T08:59:53.5Z")
	f(sent, `"at":"2031-01-01T00:00:00Z","age_ms":5`, long, "2026-11-22T08:59:59.995Z")
	f(sent, `"at":"x","age_ms":5`, long, "2026-11-22T08:59:59.995Z")

	f(sent, `"later":1`, long, late)
	f(sent, `"age_ms":-1`, long, late)
	f(sent, `"at":"2031-01-01T00:00:00Z","age_ms":-1`, long, "2026-11-22T08:59:50Z")
	f(sent, `"age_ms":1.5`, long, "2026-11-22T08:59:59.998Z")
	f(sent, `"age_ms":9223372036854775807`, long, late)
	f(sent, `"age_ms":92233720368547758070`, long, late)
	f(``, `"at":"2026-11-22T09:00:00Z"`, long, late)
	f(`"sent_at":"x",`, `"at":"2026-11-22T09:00:00Z"`, long, late)
	f(`"sent_at":5,`, `"at":"2026-11-22T09:00:00Z"`, long, late)
	f(sent, `"at":"yesterday"`, long, late)

	f(sent, `"at":"2031-01-01T00:02:10Z"`, long, "2026-11-22T09:02:00Z")
	f(sent, `"at":"2031-01-01T00:02:10.001Z"`, long, late)
	f(``, `"age_ms":1000`, "2026-11-22T08:59:59Z", "2026-11-22T08:59:59Z")
	f(``, `"age_ms":1001`, "2026-11-22T08:59:59Z", late)
	f(``, `"age_ms":34560000000`, long, "2025-10-18T09:00:00Z")
	f(``, `"age_ms":34560000001`, long, late)
}

func TestEveryWarningIsGiven(t *testing.T) {
	e := enrolled(schema.ChannelTotem, schema.ScaleMLF3)
	var s scanner
	var m message
	var v verdict
	body := `{"stream":"s","votes":[
		{"seq":7,"face":"red","service":"nozze","reason":"unclear"},
		{"seq":8,"service":"nozze","reason":"unclear"}]}`
	if err := s.decodeJSON([]byte(body), &form{newWords(), e, 10}, &m); err != nil {
		t.Fatal(err)
	}
	v.judge(&m, e, 1795338000000)
	const want = `{"accepted":1,"rejected":[{"index":1,"seq":8,"code":"bad_face","detail":"want green, yellow or red"}],"warnings":[` +
		`{"index":0,"seq":7,"code":"bad_time","detail":"no usable time of the vote; counted in the hour of arrival"},` +
		`{"index":0,"seq":7,"code":"unknown_service","detail":"not a service of this terminal; counted as unspecified"},` +
		`{"index":0,"seq":7,"code":"unknown_reason","detail":"not a reason of this channel; counted as other"}]}`
	if got := string(appendAnswer(nil, &v)); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	wantVotes := []schema.Vote{
		{Seq: 7, At: 1795338000000, Value: schema.Red, Reason: schema.ReasonOther, LateClock: true},
		{Seq: 8, At: 1795338000000},
	}
	if v.votes[0] != wantVotes[0] || v.votes[1] != wantVotes[1] {
		t.Errorf("got %+v, want %+v", v.votes, wantVotes)
	}
}

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

// requestOf is a request of n ordinary votes.
func requestOf(n int) []byte {
	var b strings.Builder
	b.WriteString(`{"stream":"AAAAAQECAwQFBgcIAQIDBAUGBwgCvAECAwQFBgcICQoLDA0ODxA","sent_at":"2026-11-22T09:00:00.120Z","votes":[`)
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"seq":%d,"at":"2026-11-22T08:%02d:17Z","face":"green","service":"tributi","reason":"waiting_time"}`, 1_000_000+i, i%60)
	}
	b.WriteString(`]}`)
	return []byte(b.String())
}

// looseRequestOf is the same with everything written in another way.
func looseRequestOf(n int) []byte {
	loosen := strings.NewReplacer(`,"at"`, `.0,"age_ms":"x","at"`, `T08:`, `t09:`, `17Z`, `17,000+0100`, `green`, `Green`, `tributi`, `TRIBUTI`, `waiting_time`, `Waiting_Time`)
	return []byte(loosen.Replace(string(requestOf(n))))
}

// decoders read the same votes in each of the ways that there are: as terminals
// write JSON, as they might, and protobuf.
func decoders(tb testing.TB, votes int) map[string]func(*intake, *form) error {
	tb.Helper()
	usual := requestOf(votes)
	spaced := bytes.ReplaceAll(usual, []byte(","), []byte(", "))
	loose := looseRequestOf(votes)
	request := votepb.VotesRequest{Stream: "s", SentAt: proto.String("2026-11-22T09:00:00.120Z")}
	for i := range votes {
		request.Votes = append(request.Votes, &votepb.VoteMessage{
			Seq: proto.Int64(1_000_000 + int64(i)), AgeMs: proto.Int64(int64(i) * 30_000),
			Face: proto.String("green"), Service: proto.String("tributi"), Reason: proto.String("waiting_time"),
		})
	}
	message, err := proto.Marshal(&request)
	if err != nil {
		tb.Fatal(err)
	}
	return map[string]func(*intake, *form) error{
		"JSON":        func(in *intake, f *form) error { return in.scanner.decodeJSON(usual, f, &in.message) },
		"spaced JSON": func(in *intake, f *form) error { return in.scanner.decodeJSON(spaced, f, &in.message) },
		"loose JSON":  func(in *intake, f *form) error { return in.scanner.decodeJSON(loose, f, &in.message) },
		"protobuf":    func(in *intake, f *form) error { return decodeProto(message, f, &in.message) },
	}
}

func TestVotesCostNoAllocation(t *testing.T) {
	e := enrolled(schema.ChannelCounter, schema.ScaleMLF3)
	f := &form{newWords(), e, 1000}
	for name, decode := range decoders(t, 1000) {
		in, out := new(intake), new(entry)
		allocs := testing.AllocsPerRun(20, func() {
			if err := decode(in, f); err != nil {
				t.Fatal(err)
			}
			in.verdict.judge(&in.message, e, 1795338000120)
			out.record = schema.AppendVoteBatch(out.record[:0], &schema.BatchHeader{Comune: 1, Channel: 1, Scale: 1, Ingested: 1795338000120}, in.verdict.votes)
			out.answer = appendAnswer(out.answer[:0], &in.verdict)
		})
		if allocs != 0 {
			t.Errorf("%s: got %v allocations for 1,000 votes, want none", name, allocs)
		}
		if in.verdict.accepted != 1000 || len(in.verdict.warnings) != 0 {
			t.Errorf("%s: got %d accepted, %v", name, in.verdict.accepted, in.verdict.warnings)
		}
	}
}

func BenchmarkDecode(b *testing.B) {
	f := &form{newWords(), enrolled(schema.ChannelCounter, schema.ScaleMLF3), 1000}
	for _, n := range []int{1, 100, 1000} {
		for name, decode := range decoders(b, n) {
			b.Run(name+"/"+strconv.Itoa(n), func(b *testing.B) {
				in := new(intake)
				b.ReportAllocs()
				for b.Loop() {
					if err := decode(in, f); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "votes/s")
			})
		}
	}
}

func BenchmarkJudge(b *testing.B) {
	e := enrolled(schema.ChannelCounter, schema.ScaleMLF3)
	var s scanner
	var m message
	var v verdict
	if err := s.decodeJSON(requestOf(1000), &form{newWords(), e, 1000}, &m); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		v.judge(&m, e, 1795338000120)
	}
	b.ReportMetric(1000*float64(b.N)/b.Elapsed().Seconds(), "votes/s")
}
