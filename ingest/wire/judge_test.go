package wire

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
		var err error
		if e.Since, err = time.Parse(time.RFC3339, since); err != nil {
			t.Fatal(err)
		}
		var s scanner
		var m message
		var v Verdict
		body := fmt.Sprintf(`{"stream":"s",%s"votes":[{"seq":1,"face":"green",%s}]}`, sentAt, vote)
		if err := s.decodeJSON([]byte(body), &criteria{newWords(), e, 1}, &m); err != nil {
			t.Fatalf("%s: %v", body, err)
		}
		v.judge(&m, e, now)
		got := v.Votes[0].At.Time().Format(time.RFC3339Nano)
		if v.Votes[0].LateClock {
			if v.Votes[0].At != now || len(v.warnings) != 1 {
				t.Fatalf("%s: got %+v, want a vote of the hour of arrival with a warning", body, v)
			}
			word, detail := v.warnings[0].code.Text()
			got, _, _ = strings.Cut(detail, "; counted in the hour of arrival")
			if word != "bad_time" || got == detail {
				t.Errorf("%s: got %s: %s, want bad_time and in which hour it is counted", body, word, detail)
			}
		} else if len(v.warnings) > 0 {
			t.Errorf("%s: got %+v, want no warning", body, v.warnings)
		}
		if got != want || v.accepted != 1 {
			t.Errorf("%s: got %s, want %s", body, got, want)
		}
	}
	const (
		long  = "2020-01-01T00:00:00Z"
		far   = `"sent_at":"2031-01-01T00:00:10Z",` // A wall clock that is far off.
		exact = `"sent_at":"2026-11-22T09:00:00Z",`

		neither  = "neither age_ms nor at"
		badAge   = "age_ms is no number from 0"
		badWall  = "at is no RFC 3339 time with a zone"
		badSent  = "sent_at is no RFC 3339 time with a zone"
		noSent   = "at needs sent_at beside it"
		lateSent = "sent_at is 24 h old or more: a body made long ago, or a slow clock"
		torn     = "age_ms and at differ by more than 5 min"
		ahead    = "the vote's time is more than 2 min ahead"
		before   = "the vote's time is before the terminal's enrolment"
		old      = "the vote's time is more than 400 days ago"
	)
	f(``, `"age_ms":0`, long, "2026-11-22T09:00:00Z")
	f(``, `"age_ms":2300`, long, "2026-11-22T08:59:57.7Z")
	f(``, `"age_ms":1.5`, long, "2026-11-22T08:59:59.998Z")
	f(far, `"at":"2031-01-01T00:00:03.5Z"`, long, "2026-11-22T08:59:53.5Z")
	f(far, `"at":"2031-01-01T01:00:03.5+01:00"`, long, "2026-11-22T08:59:53.5Z")

	// The age wins, and what cannot be used is as good as absent.
	f(far, `"at":"2031-01-01T00:00:00Z","age_ms":5`, long, "2026-11-22T08:59:59.995Z")
	f(far, `"at":"x","age_ms":5`, long, "2026-11-22T08:59:59.995Z")
	f(``, `"at":"1970-01-01T00:00:07Z","age_ms":5`, long, "2026-11-22T08:59:59.995Z")
	f(`"sent_at":"x",`, `"at":"2026-11-20T00:00:00Z","age_ms":5`, long, "2026-11-22T08:59:59.995Z")
	for _, age := range []string{`-1`, `-0.3`, `"x"`, `""`, `null`, `true`, `[5]`, `1e300`, `92233720368547758070`} {
		f(far, `"at":"2031-01-01T00:00:00Z","age_ms":`+age, long, "2026-11-22T08:59:50Z")
	}

	f(far, `"later":1`, long, neither)
	f(far, `"age_ms":-1`, long, badAge)
	f(far, `"age_ms":9223372036854775807`, long, badAge)
	f(far, `"at":"yesterday"`, long, badWall)
	f(far, `"at":"2031-01-01T00:00:00"`, long, badWall)
	f(far, `"at":"yesterday","age_ms":-1`, long, badWall)
	f(``, `"at":"2026-11-22T09:00:00Z"`, long, noSent)
	f(`"sent_at":null,`, `"at":"2026-11-22T09:00:00Z"`, long, noSent)
	f(`"sent_at":"x",`, `"at":"2026-11-22T09:00:00Z"`, long, badSent)
	f(`"sent_at":5,`, `"at":"2026-11-22T09:00:00Z","age_ms":"x"`, long, badSent)

	// Two clocks that contradict each other: nobody knows which is right.
	f(exact, `"at":"2026-11-22T08:55:00Z","age_ms":0`, long, "2026-11-22T09:00:00Z")
	f(exact, `"at":"2026-11-22T08:54:59.999Z","age_ms":0`, long, torn)
	f(exact, `"at":"2026-11-22T09:00:00Z","age_ms":300000`, long, "2026-11-22T08:55:00Z")
	f(exact, `"at":"2026-11-22T09:00:00Z","age_ms":300001`, long, torn)
	f(far, `"at":"2030-12-29T12:00:10Z","age_ms":2300`, long, torn)
	f(exact, `"at":"2026-11-22T08:59:00Z","age_ms":216000000`, long, torn)
	f(exact, `"at":"0000-01-01T00:00:00Z","age_ms":9007199254740991`, long, torn)

	// A body of long ago or a slow clock, and what it cannot be taken for: a
	// clock that was never set, and one that is ahead.
	for _, vote := range []string{`"age_ms":2300`, `"at":"2026-11-21T09:00:00Z"`, `"at":"2026-11-21T08:59:00Z","age_ms":60000`} {
		f(`"sent_at":"2026-11-21T09:00:00Z",`, vote, long, lateSent)
		f(`"sent_at":"2026-11-21T09:00:00Z",`, vote, "2026-11-21T09:00:00Z", lateSent)
	}
	f(`"sent_at":"2026-11-20T09:00:00Z",`, `"at":"2026-11-20T09:00:00Z"`, "2026-11-20T09:00:00Z", lateSent)
	f(`"sent_at":"2026-11-20T09:00:00Z",`, `"at":"2026-11-20T09:00:00Z"`, "2026-11-20T09:00:00.001Z", "2026-11-22T09:00:00Z")
	f(`"sent_at":"2026-11-21T09:00:00.001Z",`, `"at":"2026-11-21T08:59:59.001Z"`, long, "2026-11-22T08:59:59Z")
	f(`"sent_at":"2026-11-21T09:00:00.001Z",`, `"age_ms":1000`, long, "2026-11-22T08:59:59Z")
	f(`"sent_at":"1970-01-01T00:10:00Z",`, `"at":"1970-01-01T00:09:00Z"`, long, "2026-11-22T08:59:00Z")
	f(`"sent_at":"1970-01-01T00:10:00Z",`, `"at":"1970-01-01T00:09:00Z","age_ms":60100`, long, "2026-11-22T08:58:59.9Z")
	f(`"sent_at":"2026-11-20T09:00:00Z",`, `"later":1`, long, neither)

	f(far, `"at":"2031-01-01T00:02:10Z"`, long, "2026-11-22T09:02:00Z")
	f(far, `"at":"2031-01-01T00:02:10.001Z"`, long, ahead)
	f(``, `"age_ms":1000`, "2026-11-22T08:59:59Z", "2026-11-22T08:59:59Z")
	f(``, `"age_ms":1001`, "2026-11-22T08:59:59Z", before)
	f(``, `"age_ms":34560000000`, long, "2025-10-18T09:00:00Z")
	f(``, `"age_ms":34560000001`, long, old)
	f(``, `"age_ms":9007199254740991`, long, old)
}

// A closed terminal drains: what was cast before is taken, and what nobody knows the time of.
func TestVotesOfAClosedTerminal(t *testing.T) {
	const now = schema.Instant(1795338000000) // 2026-11-22T09:00:00Z.
	f := func(closedAt, vote, want string) {
		t.Helper()
		e := enrolled(schema.ChannelCounter, schema.ScaleMLF3)
		e.Since = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
		if closedAt != "" {
			var err error
			if e.Closed, err = time.Parse(time.RFC3339, closedAt); err != nil {
				t.Fatal(err)
			}
		}
		var s scanner
		var m message
		var v Verdict
		body := fmt.Sprintf(`{"stream":"s","votes":[{"seq":1,"face":"red",%s}]}`, vote)
		if err := s.decodeJSON([]byte(body), &criteria{newWords(), e, 1}, &m); err != nil {
			t.Fatal(err)
		}
		v.judge(&m, e, now)
		if len(v.Votes) != 1 || v.Votes[0].Seq != 1 {
			t.Fatalf("%s: got %+v, want the vote's seq on the log", vote, v.Votes)
		}
		if got := fmt.Sprintf("%d %s", v.Votes[0].Value, v.AppendAnswer(nil)); got != want {
			t.Errorf("closed %s, %s: got %s, want %s", closedAt, vote, got, want)
		}
	}
	const (
		taken  = `1 {"accepted":1,"rejected":[],"warnings":[]}`
		late   = `1 {"accepted":1,"rejected":[],"warnings":[{"index":0,"seq":1,"code":"bad_time","detail":"neither age_ms nor at; counted in the hour of arrival"}]}`
		closed = `0 {"accepted":0,"rejected":[{"index":0,"seq":1,"code":"closed","detail":"cast after the terminal was closed"}],"warnings":[]}`
	)
	f("", `"age_ms":0`, taken)
	f("2026-11-22T08:00:00Z", `"age_ms":3600000`, taken)
	f("2026-11-22T08:00:00Z", `"age_ms":3480000`, taken) // Two minutes after.
	f("2026-11-22T08:00:00Z", `"age_ms":3479999`, closed)
	f("2026-11-22T08:00:00Z", `"age_ms":0`, closed)
	f("2026-11-22T08:00:00Z", `"age_ms":0,"service":"x","reason":"y"`, closed)
	f("2026-11-22T08:00:00Z", `"later":1`, late)
	f("2026-11-22T10:00:00Z", `"age_ms":0`, taken) // It closes in an hour.
}

// The count tells a burst by the terminal's own clock, where it can be used.
func TestWallClockGoesOnTheLog(t *testing.T) {
	const now = schema.Instant(1795338000000) // 2026-11-22T09:00:00Z.
	e := enrolled(schema.ChannelCounter, schema.ScaleMLF3)
	e.Since = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	f := func(sentAt, vote, want string) {
		t.Helper()
		var s scanner
		var m message
		var v Verdict
		body := fmt.Sprintf(`{"stream":"s",%s"votes":[{"seq":1,%s}]}`, sentAt, vote)
		if err := s.decodeJSON([]byte(body), &criteria{newWords(), e, 1}, &m); err != nil {
			t.Fatalf("%s: %v", body, err)
		}
		v.judge(&m, e, now)
		got := "none"
		if v.Votes[0].Wall != 0 {
			got = v.Votes[0].Wall.Time().Format(time.RFC3339Nano)
		}
		if got != want {
			t.Errorf("%s: got wall clock %s, want %s", body, got, want)
		}
		header := &schema.BatchHeader{Comune: 1, Channel: 1, Scale: 1, Ingested: now}
		if record := schema.AppendVoteBatch(nil, header, v.Votes); (record[1] == 1) != (want == "none") {
			t.Errorf("%s: got format %d, want 1 without a wall clock and 2 with", body, record[1])
		}
	}
	const sent = `"sent_at":"2026-11-22T09:00:10Z",`
	f(sent, `"face":"green","at":"2026-11-22T09:00:08.5Z"`, "2026-11-22T09:00:08.5Z")
	f(sent, `"face":"green","at":"2026-11-22T10:00:08.5+01:00"`, "2026-11-22T09:00:08.5Z")
	f(sent, `"face":"green","at":"2026-11-22T09:00:08.5Z","age_ms":1700`, "2026-11-22T09:00:08.5Z")
	f(sent, `"face":"green","at":"2026-11-22T09:00:08.5Z","age_ms":"x"`, "2026-11-22T09:00:08.5Z")
	f(`"sent_at":"1970-01-01T00:10:00Z",`, `"face":"green","at":"1970-01-01T00:00:07Z"`, "1970-01-01T00:00:07Z")
	f(`"sent_at":"0000-01-01T00:10:00Z",`, `"face":"green","at":"0000-01-01T00:09:00Z"`, "0000-01-01T00:09:00Z")
	f(`"sent_at":"9999-12-31T23:59:00Z",`, `"face":"green","at":"9999-12-31T23:59:00Z"`, "9999-12-31T23:59:00Z")
	f(sent, `"face":"green","age_ms":1500`, "none")
	f(sent, `"face":"green","age_ms":1500,"at":"09:00:08"`, "none")
	f(``, `"face":"green","age_ms":1500,"at":"2026-11-22T09:00:08Z"`, "none")
	f(sent, `"face":"green","at":"2026-11-22T09:10:00Z"`, "none")               // Ahead.
	f(sent, `"face":"green","at":"2026-11-22T08:00:00Z","age_ms":1500`, "none") // Contradicted.
	f(`"sent_at":"2026-11-20T09:00:00Z",`, `"face":"green","at":"2026-11-20T09:00:00Z"`, "none")
	f(sent, `"at":"2026-11-22T09:00:08.5Z"`, "none") // Voided.
}

func TestEveryWarningIsGiven(t *testing.T) {
	e := enrolled(schema.ChannelTotem, schema.ScaleMLF3)
	var s scanner
	var m message
	var v Verdict
	body := `{"stream":"s","votes":[
		{"seq":7,"face":"red","service":"nozze","reason":"unclear"},
		{"seq":8,"service":"nozze","reason":"unclear"}]}`
	if err := s.decodeJSON([]byte(body), &criteria{newWords(), e, 10}, &m); err != nil {
		t.Fatal(err)
	}
	v.judge(&m, e, 1795338000000)
	const want = `{"accepted":1,"rejected":[{"index":1,"seq":8,"code":"bad_face","detail":"want green, yellow or red"}],"warnings":[` +
		`{"index":0,"seq":7,"code":"bad_time","detail":"neither age_ms nor at; counted in the hour of arrival"},` +
		`{"index":0,"seq":7,"code":"unknown_service","detail":"not a service of this terminal; counted as unspecified"},` +
		`{"index":0,"seq":7,"code":"unknown_reason","detail":"not a reason of this channel; counted as other"}]}`
	if got := string(v.AppendAnswer(nil)); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	wantVotes := []schema.Vote{
		{Seq: 7, At: 1795338000000, Value: schema.Red, Reason: schema.ReasonOther, LateClock: true},
		{Seq: 8, At: 1795338000000},
	}
	if v.Votes[0] != wantVotes[0] || v.Votes[1] != wantVotes[1] {
		t.Errorf("got %+v, want %+v", v.Votes, wantVotes)
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
func decoders(tb testing.TB, votes int) map[string]func(*Reader, *schema.Enrolment) error {
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
	return map[string]func(*Reader, *schema.Enrolment) error{
		"JSON":        func(r *Reader, e *schema.Enrolment) error { return r.JSON(usual, e, votes) },
		"spaced JSON": func(r *Reader, e *schema.Enrolment) error { return r.JSON(spaced, e, votes) },
		"loose JSON":  func(r *Reader, e *schema.Enrolment) error { return r.JSON(loose, e, votes) },
		"protobuf":    func(r *Reader, e *schema.Enrolment) error { return r.Protobuf(message, e, votes) },
	}
}

func TestVotesCostNoAllocation(t *testing.T) {
	e := enrolled(schema.ChannelCounter, schema.ScaleMLF3)
	for name, decode := range decoders(t, 1000) {
		r := NewReader()
		var v *Verdict
		var record, answer []byte
		allocs := testing.AllocsPerRun(20, func() {
			if err := decode(r, e); err != nil {
				t.Fatal(err)
			}
			v = r.Judge(e, 1795338000120)
			record = schema.AppendVoteBatch(record[:0], &schema.BatchHeader{Comune: 1, Channel: 1, Scale: 1, Ingested: 1795338000120}, v.Votes)
			answer = v.AppendAnswer(answer[:0])
		})
		if allocs != 0 {
			t.Errorf("%s: got %v allocations for 1,000 votes, want none", name, allocs)
		}
		if v.accepted != 1000 || len(v.warnings) != 0 {
			t.Errorf("%s: got %d accepted, %v", name, v.accepted, v.warnings)
		}
	}
}

func BenchmarkDecode(b *testing.B) {
	e := enrolled(schema.ChannelCounter, schema.ScaleMLF3)
	for _, n := range []int{1, 100, 1000} {
		for name, decode := range decoders(b, n) {
			b.Run(name+"/"+strconv.Itoa(n), func(b *testing.B) {
				r := NewReader()
				b.ReportAllocs()
				for b.Loop() {
					if err := decode(r, e); err != nil {
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
	var v Verdict
	if err := s.decodeJSON(requestOf(1000), &criteria{newWords(), e, 1000}, &m); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		v.judge(&m, e, 1795338000120)
	}
	b.ReportMetric(1000*float64(b.N)/b.Elapsed().Seconds(), "votes/s")
}
