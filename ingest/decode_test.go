package ingest

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"mlf/schema"
	"mlf/schema/votepb"
)

// enrolled returns a terminal with the services anagrafe (1) and tributi (2).
func enrolled(c schema.Channel, s schema.Scale) *schema.Enrolment {
	return &schema.Enrolment{
		Terminal: 1, Comune: 58091, Channel: c, Scale: s, Since: time.UnixMilli(0),
		Services: []schema.EnrolledService{{Code: "anagrafe", ID: 1}, {Code: "tributi", ID: 2}},
	}
}

func formOf(s schema.Scale) *form {
	return &form{words: newWords(), enrolled: enrolled(schema.ChannelCounter, s), votesMax: 10}
}

func TestDecodeJSON(t *testing.T) {
	var s scanner
	var m message
	f := func(votes string, want ...claim) {
		t.Helper()
		if err := s.decodeJSON([]byte(`{"stream":"s","votes":[`+votes+`]}`), formOf(schema.ScaleMLF3), &m); err != nil {
			t.Errorf("%s: %v", votes, err)
			return
		}
		if len(m.claims) != len(want) || len(want) > 0 && !reflect.DeepEqual(m.claims, want) {
			t.Errorf("%s: got %+v, want %+v", votes, m.claims, want)
		}
	}
	green := claim{seq: 1, value: schema.Green, service: 1}
	f(``)
	f(`{"seq":1,"face":"green"}`, green)
	f(` { "face" : "green" , "seq" : 1 } `, green)
	f(`{"seq":1,"face":"green","later":[{"seq":9,"x":[true,false,null,-1.5e+3]}]}`, green)
	f(`{"seq":9,"face":"red","seq":1,"face":"green"}`, green)
	f(`{"seq":1,"face":"green","face":"blue"}`, claim{seq: 1, service: 1})
	f(`{"\u0073eq":1,"face":"gr\u0065en"}`, green)
	f(`{"Seq":1,"face":"green"}`, claim{value: schema.Green, service: 1})
	f(`{"seq":1,"face":"green","service":null,"reason":null,"at":null,"age_ms":null,"value":null}`, green)
	f(`{"seq":1,"face":"green","service":"tributi","service":null}`, green)

	f(`5,null,"x",[],{}`, claim{service: 1}, claim{service: 1}, claim{service: 1}, claim{service: 1}, claim{service: 1})
	for _, seq := range []string{`0`, `-1`, `-0`, `1.0`, `1e0`, `9007199254740992`, `99999999999999999999999`, `"1"`, `null`, `true`, `[1]`} {
		f(`{"seq":`+seq+`,"face":"green"}`, claim{value: schema.Green, service: 1})
	}
	f(`{"seq":9007199254740991,"face":"green"}`, claim{seq: schema.SeqMax, value: schema.Green, service: 1})
	for _, face := range []string{`"blue"`, `"Green"`, `""`, `5`, `null`, `{"face":"green"}`} {
		f(`{"seq":1,"face":`+face+`}`, claim{seq: 1, service: 1})
	}
	f(`{"seq":1,"value":3}`, claim{seq: 1, service: 1}) // Not this terminal's way to say it.

	f(`{"seq":1,"face":"green","service":"tributi"}`, claim{seq: 1, value: schema.Green, service: 2})
	for _, service := range []string{`"nozze"`, `""`, `5`, `["anagrafe"]`, `false`} {
		f(`{"seq":1,"face":"green","service":`+service+`}`, claim{seq: 1, value: schema.Green, badService: true})
	}
	f(`{"seq":1,"face":"green","reason":"skipped"}`, claim{seq: 1, value: schema.Green, service: 1, reason: schema.ReasonSkipped})
	for _, reason := range []string{`"unclear"`, `"rain"`, `""`, `5`, `{}`} { // unclear: web and digital only.
		f(`{"seq":1,"face":"green","reason":`+reason+`}`, claim{seq: 1, value: schema.Green, service: 1, reason: schema.ReasonOther, unknownReason: true})
	}
	f(`{"seq":1,"face":"green","age_ms":2300}`, claim{seq: 1, value: schema.Green, service: 1, age: 2300, ageState: valid})
	for _, age := range []string{`-1`, `1.5`, `"5"`, `true`, `99999999999999999999`} {
		if err := s.decodeJSON([]byte(`{"stream":"s","votes":[{"seq":1,"age_ms":`+age+`}]}`), formOf(schema.ScaleMLF3), &m); err != nil || m.claims[0].ageState != invalid {
			t.Errorf("age_ms %s: got %+v, %v, want it invalid", age, m.claims, err)
		}
	}
	f(`{"seq":1,"face":"green","at":"1970-01-01T00:00:01Z"}`, claim{seq: 1, value: schema.Green, service: 1, wall: 1000, wallState: valid})
	f(`{"seq":1,"face":"green","at":1}`, claim{seq: 1, value: schema.Green, service: 1, wallState: invalid})
}

func TestDecodeJSONRefuses(t *testing.T) {
	var s scanner
	var m message
	f := func(body, want string) {
		t.Helper()
		if err := s.decodeJSON([]byte(body), formOf(schema.ScaleMLF3), &m); err == nil || err.Error() != want {
			t.Errorf("%.60s: got %v, want %s", body, err, want)
		}
	}
	const incomplete = "the members stream (a string) and votes (an array) are both needed"
	f(``, "byte 0: want an object")
	f(`[]`, "byte 0: want an object")
	f(`{}`, incomplete)
	f(`{"stream":"s"}`, incomplete)
	f(`{"stream":"s","votes":null}`, incomplete)
	f(`{"stream":null,"votes":[]}`, incomplete)
	f(`{"stream":5,"votes":[]}`, "byte 10: want a string")
	f(`{"stream":"s","votes":{}}`, "byte 22: want an array")
	f(`{"stream":"s","votes":[]} x`, "byte 26: want the end of the text")
	f(`{"stream":"s","votes":[]`, "byte 24: want ',' or '}'")
	f(`{"stream":"s","votes":[,]}`, "byte 23: want a value")
	f(`{"stream":"s","votes":[{"seq":1,}]}`, "byte 32: want a string")
	f(`{"stream":"s","votes":[{"seq":01}]}`, "byte 31: want ',' or '}'")
	f(`{"stream":"s","votes":[{"seq":1.}]}`, "byte 32: want a digit")
	f(`{"stream":"s","votes":[{"seq":nul}]}`, "byte 30: want a value")
	f("{\"stream\":\"s\n\"}", "byte 12: want no control character in a string")
	f(`{"stream":"\x"}`, "byte 11: want a known escape")
	f(`{"stream":"\u12g4"}`, "byte 11: want four hexadecimal digits")
	f(`{"stream":"s`, "byte 12: want the end of a string")
	f(`{"later":`+strings.Repeat("[", 100)+strings.Repeat("]", 100)+`}`, "byte 72: want less nesting")
	f(`{"stream":"s","votes":[`+strings.Repeat("{},", 10)+`{}]}`, "too many votes")
}

// FuzzJSON holds decodeJSON to what encoding/json makes of the same body.
func FuzzJSON(f *testing.F) {
	for _, seed := range []string{
		`{"stream":"s","sent_at":"2026-11-22T09:00:00.120Z","votes":[{"seq":41,"at":"2026-11-22T08:59:17Z","face":"green","service":"anagrafe"}]}`,
		`{"stream":"s","votes":[{"seq":42,"age_ms":2300,"face":"red","service":"tributi","reason":"waiting_time"},{"seq":1e3,"face":"blue"},null]}`,
		`{"votes":[{"\u0073eq":-0,"value":3,"seq":41.0}],"stream":"\ud83d\ude00\ud83d\n"}`,
		`{"stream":"s","votes":null,"x":{"y":[[[]]],"z":-1.5E-3}}`,
		`{"stream":"s","votes":[{"seq":null,"at":5,"age_ms":"x","service":1,"reason":[]}],"sent_at":7}`,
		"{\"stream\":\"\xff\",\"votes\":[]}",
		`{"stream":"s","votes":[{"seq":1,"age_ms":99999999999999999999,"face":"green"},{"seq":007,"face":"red"}]}`,
		`{"stream":"s","votes":[{"seq":1,"age_ms":5,"at":"2026-11-22T08:59:17Z","face":"gr\u0065en","service":"anagrafe","reason":"rain"},{"seq":2,"face":"red","reason":"staff","service":"x"}]}`,
	} {
		f.Add([]byte(seed), false)
		f.Add([]byte(seed), true)
	}
	var s scanner
	var got message
	f.Fuzz(func(t *testing.T, body []byte, stars bool) {
		scale := schema.ScaleMLF3
		if stars {
			scale = schema.ScaleStars5
		}
		form := formOf(scale)
		err := s.decodeJSON(body, form, &got)
		if nesting(body) > depthMax || errors.Is(err, errTooManyVotes) {
			return // Limits of this decoder's own.
		}
		want, ok := meaning(body, form)
		if ok != (err == nil) {
			t.Fatalf("%q: got %v, encoding/json accepts: %v", body, err, ok)
		}
		if ok {
			same(t, body, &got, want)
		}
	})
}

// nesting is no less than the depth of body, strings included.
func nesting(body []byte) int {
	return strings.Count(string(body), "[") + strings.Count(string(body), "{")
}

// same compares what was decoded. encoding/json replaces what is not UTF-8.
func same(t *testing.T, body []byte, got, want *message) {
	t.Helper()
	if text := string([]rune(string(got.stream))); text != string(want.stream) {
		t.Errorf("%q: got stream %q, want %q", body, text, want.stream)
	}
	if got.sent != want.sent || got.sentState != want.sentState {
		t.Errorf("%q: got sent_at %v %v, want %v %v", body, got.sent, got.sentState, want.sent, want.sentState)
	}
	if len(got.claims) != len(want.claims) || len(got.claims) > 0 && !reflect.DeepEqual(got.claims, want.claims) {
		t.Errorf("%q: got %+v, want %+v", body, got.claims, want.claims)
	}
}

// meaning decodes body by encoding/json, member by member.
func meaning(body []byte, f *form) (*message, bool) {
	var top map[string]json.RawMessage
	if json.Unmarshal(body, &top) != nil || top == nil {
		return nil, false
	}
	m := new(message)
	stream, ok := text(top["stream"])
	var votes []json.RawMessage
	if !ok || json.Unmarshal(rawOf(top, "votes"), &votes) != nil || votes == nil {
		return nil, false
	}
	m.stream = []byte(stream)
	m.sent, m.sentState = instant(top["sent_at"])
	for _, vote := range votes {
		m.claims = append(m.claims, claimOf(vote, f))
	}
	return m, true
}

func rawOf(members map[string]json.RawMessage, key string) json.RawMessage {
	if raw, ok := members[key]; ok {
		return raw
	}
	return json.RawMessage("null")
}

func claimOf(vote json.RawMessage, f *form) claim {
	c := claim{service: f.enrolled.DefaultService()}
	var members map[string]json.RawMessage
	if json.Unmarshal(vote, &members) != nil {
		return c
	}
	null := func(key string) bool { return string(rawOf(members, key)) == "null" }
	if n, ok := plain(members["seq"]); ok && n >= 1 && n <= int64(schema.SeqMax) {
		c.seq = schema.Seq(n)
	}
	c.wall, c.wallState = instant(members["at"])
	if n, ok := plain(members["age_ms"]); ok {
		c.age, c.ageState = n, valid
	} else if !null("age_ms") {
		c.age, c.ageState = n, invalid
	}
	if f.faces() {
		face, _ := text(members["face"])
		c.value, _ = schema.ParseFace(face)
	} else if n, ok := plain(members["value"]); ok && n >= 1 && n <= int64(f.enrolled.Scale.Max()) {
		c.value = schema.Value(n)
	}
	if code, ok := text(members["service"]); ok || !null("service") {
		var known bool
		c.service, known = f.enrolled.Service([]byte(code))
		c.badService = !known
	}
	if code, ok := text(members["reason"]); ok || !null("reason") {
		r, err := schema.ParseReason(code)
		if c.reason = r; err != nil || !r.OfferedOn(f.enrolled.Channel) {
			c.reason, c.unknownReason = schema.ReasonOther, true
		}
	}
	return c
}

func text(raw json.RawMessage) (string, bool) {
	var s *string
	if json.Unmarshal(raw, &s) != nil || s == nil {
		return "", false
	}
	return *s, true
}

func instant(raw json.RawMessage) (schema.Instant, given) {
	if len(raw) == 0 || string(raw) == "null" {
		return 0, absent
	}
	s, _ := text(raw)
	at, ok := packageTime(s)
	if !ok {
		return 0, invalid
	}
	return schema.InstantOf(at), valid
}

var shape = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]([01]\d|2[0-3]):[0-5]\d)$`)

// packageTime reads text by package time, which takes more than RFC 3339.
func packageTime(text string) (time.Time, bool) {
	at, err := time.Parse(time.RFC3339, text)
	return at, err == nil && shape.MatchString(text)
}

var digits = regexp.MustCompile(`^(0|[1-9][0-9]*)$`)

// plain reads a plain integer; one too large is none.
func plain(raw json.RawMessage) (int64, bool) {
	n, err := strconv.ParseInt(string(raw), 10, 64)
	if err != nil || !digits.Match(raw) {
		return 0, false
	}
	return n, true
}

// FuzzProto holds decodeProto to what the generated code makes of the same body.
func FuzzProto(f *testing.F) {
	seed, err := proto.Marshal(&votepb.VotesRequest{Stream: "s", SentAt: proto.String("2026-11-22T09:00:00Z"), Votes: []*votepb.VoteMessage{
		{Seq: proto.Int64(41), At: proto.String("2026-11-22T08:59:17Z"), Face: proto.String("green"), Service: proto.String("anagrafe")},
		{Seq: proto.Int64(-1), AgeMs: proto.Int64(-5), Value: proto.Int32(-3), Reason: proto.String("rain")},
		{},
		{Seq: proto.Int64(1_000_000), AgeMs: proto.Int64(30_000_000), Face: proto.String("red"), Service: proto.String("tributi"), Reason: proto.String("staff")},
		{Seq: proto.Int64(128), AgeMs: proto.Int64(1 << 60), Face: proto.String("blue"), Service: proto.String("unknown"), Reason: proto.String("unknown")},
	}})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(seed, false)
	f.Add(seed, true)
	f.Add([]byte{}, false)
	f.Add([]byte("\x0a\x01s\x1a\x02\x08\x01\x1b\x1c\xf8\x01\x05"), false)
	var got message
	f.Fuzz(func(t *testing.T, body []byte, stars bool) {
		scale := schema.ScaleMLF3
		if stars {
			scale = schema.ScaleSmiley4
		}
		form := formOf(scale)
		err := decodeProto(body, form, &got)
		if errors.Is(err, errTooManyVotes) || errors.Is(err, errIncomplete) {
			return // Limits of this decoder's own.
		}
		var request votepb.VotesRequest
		if wantErr := proto.Unmarshal(body, &request); (wantErr == nil) != (err == nil) {
			t.Fatalf("%q: got %v, the generated code %v", body, err, wantErr)
		}
		if err != nil {
			return
		}
		want := &message{stream: []byte(request.GetStream())}
		if request.SentAt != nil {
			want.sent, want.sentState = readInstant([]byte(request.GetSentAt()))
		}
		for _, v := range request.GetVotes() {
			want.claims = append(want.claims, claimOfProto(v, form))
		}
		same(t, body, &got, want)
	})
}

func claimOfProto(v *votepb.VoteMessage, f *form) claim {
	c := claim{service: f.enrolled.DefaultService()}
	if v.Seq != nil {
		c.readSeq(v.GetSeq(), true)
	}
	if v.At != nil {
		c.readWall([]byte(v.GetAt()))
	}
	if v.AgeMs != nil {
		c.readAge(v.GetAgeMs(), true)
	}
	if f.faces() {
		c.value, _ = schema.ParseFace(v.GetFace())
	} else {
		f.readValue(&c, int64(v.GetValue()), true)
	}
	if v.Service != nil {
		f.readService(&c, []byte(v.GetService()))
	}
	if v.Reason != nil {
		f.readReason(&c, []byte(v.GetReason()))
	}
	return c
}

func TestParseTime(t *testing.T) {
	f := func(text, want string) {
		t.Helper()
		got, ok := parseTime([]byte(text))
		if s := fmt.Sprint(got.Time().Format(time.RFC3339Nano), " ", ok); s != want {
			t.Errorf("%s: got %s, want %s", text, s, want)
		}
	}
	const none = "1970-01-01T00:00:00Z false"
	f("2026-11-22T08:59:17Z", "2026-11-22T08:59:17Z true")
	f("2026-11-22T08:59:17.1Z", "2026-11-22T08:59:17.1Z true")
	f("2026-11-22T08:59:17.123987654321Z", "2026-11-22T08:59:17.123Z true")
	f("2026-11-22T08:59:17.25+01:30", "2026-11-22T07:29:17.25Z true")
	f("2026-11-22T23:59:17-23:59", "2026-11-23T23:58:17Z true")
	f("2024-02-29T00:00:00Z", "2024-02-29T00:00:00Z true")
	f("0000-01-01T00:00:00Z", "0000-01-01T00:00:00Z true")
	f("9999-12-31T23:59:59.999Z", "9999-12-31T23:59:59.999Z true")
	f("2023-02-29T00:00:00Z", none)
	f("2100-02-29T00:00:00Z", none)
	f("2026-00-01T00:00:00Z", none)
	f("2026-11-00T00:00:00Z", none)
	f("2026-11-22T24:00:00Z", none)
	f("2026-12-31T23:59:60Z", none)
	f("2026-11-22t08:59:17z", none)
	f("2026-11-22 08:59:17Z", none)
	f("2026-11-22T08:59:17", none)
	f("2026-11-22T08:59:17.Z", none)
	f("2026-11-22T08:59:17,5Z", none)
	f("2026-11-22T08:59:17+24:00", none)
	f("2026-11-22T08:59:17+0100", none)
	f("", none)
}

// FuzzTime holds parseTime to package time.
func FuzzTime(f *testing.F) {
	for _, seed := range []string{
		"2026-11-22T08:59:17Z", "2024-02-29T23:59:59.9999+23:59", "0000-02-29T00:00:00-00:01", "1969-12-31T23:59:59.9995Z", "2026-11-22T8:59:17Z", "2026-11-22T08:59:17,5Z",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, ok := parseTime([]byte(text))
		want, wantOK := packageTime(text)
		if ok != wantOK {
			t.Fatalf("%q: got %v, package time %v", text, ok, wantOK)
		}
		if ok && got != schema.InstantOf(want) {
			t.Errorf("%q: got %v, want %v", text, got.Time(), want)
		}
	})
}
