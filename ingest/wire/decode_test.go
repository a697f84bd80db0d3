package wire

import (
	"cmp"
	"encoding/json"
	"errors"
	"math/big"
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

func criteriaOf(s schema.Scale) *criteria {
	return &criteria{words: newWords(), enrolled: enrolled(schema.ChannelCounter, s), votesMax: 10}
}

func TestDecodeJSON(t *testing.T) {
	var s scanner
	var m message
	f := func(votes string, want ...claim) {
		t.Helper()
		if err := s.decodeJSON([]byte(`{"stream":"s","votes":[`+votes+`]}`), criteriaOf(schema.ScaleMLF3), &m); err != nil {
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
	for _, seq := range []string{`0`, `-1`, `-0`, `1.5`, `1.0000000000000000001`, `15e-1`, `9007199254740992`, `99999999999999999999999`, `"x"`, `null`, `true`, `[1]`} {
		f(`{"seq":`+seq+`,"face":"green"}`, claim{value: schema.Green, service: 1})
	}
	for _, seq := range []string{`1.0`, `1e0`, `10E-1`, `"1"`, `"1.0"`} {
		f(`{"seq":`+seq+`,"face":"green"}`, green)
	}
	for _, seq := range []string{`9007199254740991`, `9007199254740991.00`, `9.007199254740991e15`, `"9007199254740991"`} {
		f(`{"seq":`+seq+`,"face":"green"}`, claim{seq: schema.SeqMax, value: schema.Green, service: 1})
	}
	for _, face := range []string{`"GREEN"`, `"Green"`, `"gr\u0065eN"`} {
		f(`{"seq":1,"face":`+face+`}`, green)
	}
	for _, face := range []string{`"blue"`, `"green "`, `""`, `5`, `null`, `{"face":"green"}`} {
		f(`{"seq":1,"face":`+face+`}`, claim{seq: 1, service: 1})
	}
	f(`{"seq":1,"value":3}`, claim{seq: 1, service: 1}) // Not this terminal's way to say it.

	for _, service := range []string{`"tributi"`, `"TRIBUTI"`, `"Tributi"`} {
		f(`{"seq":1,"face":"green","service":`+service+`}`, claim{seq: 1, value: schema.Green, service: 2})
	}
	for _, service := range []string{`"nozze"`, `""`, `5`, `["anagrafe"]`, `false`} {
		f(`{"seq":1,"face":"green","service":`+service+`}`, claim{seq: 1, value: schema.Green, badService: true})
	}
	for _, reason := range []string{`"skipped"`, `"Skipped"`, `"SKIPPED"`} {
		f(`{"seq":1,"face":"green","reason":`+reason+`}`, claim{seq: 1, value: schema.Green, service: 1, reason: schema.ReasonSkipped})
	}
	for _, reason := range []string{`"unclear"`, `"rain"`, `""`, `5`, `{}`} { // unclear: web and digital only.
		f(`{"seq":1,"face":"green","reason":`+reason+`}`, claim{seq: 1, value: schema.Green, service: 1, reason: schema.ReasonOther, unknownReason: true})
	}
	for _, age := range []string{`2300`, `2300.0`, `2300.4`, `2299.5`, `2.3e3`, `23E+2`, `"2300"`, `" 2300.4 "`} {
		f(`{"seq":1,"face":"green","age_ms":`+age+`}`, claim{seq: 1, value: schema.Green, service: 1, age: 2300, ageState: valid})
	}
	for _, age := range []string{`-1`, `-0.3`, `"five"`, `""`, `"5 s"`, `true`, `99999999999999999999`, `1e400`} {
		if err := s.decodeJSON([]byte(`{"stream":"s","votes":[{"seq":1,"age_ms":`+age+`}]}`), criteriaOf(schema.ScaleMLF3), &m); err != nil || m.claims[0].ageState != invalid {
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
		if err := s.decodeJSON([]byte(body), criteriaOf(schema.ScaleMLF3), &m); err == nil || err.Error() != want {
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
		`{"stream":"s","votes":[{"seq":"41","age_ms":2300.5,"value":5.0,"at":"2026-11-22 08:59:17,5 +0100"},{"seq":4.1e1,"age_ms":" 23e2 ","value":"3","face":"GREEN"},{"seq":-0.0,"age_ms":-0e999999999999999999999}]}`,
		`{"stream":"s","votes":[{"seq":9007199254740991.0,"age_ms":9007199254740991.5,"at":"2026-12-31t23:59:60z[Europe/Rome]"},{"seq":0.41e2,"age_ms":0.00000000005e10,"reason":"SKIPPED","service":"Tributi"}]}`,
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
		by := criteriaOf(scale)
		err := s.decodeJSON(body, by, &got)
		if nesting(body) > depthMax || errors.Is(err, ErrTooMany) {
			return // Limits of this decoder's own.
		}
		want, ok := meaning(body, by)
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
func meaning(body []byte, f *criteria) (*message, bool) {
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

func claimOf(vote json.RawMessage, f *criteria) claim {
	c := claim{service: f.enrolled.DefaultService()}
	var members map[string]json.RawMessage
	if json.Unmarshal(vote, &members) != nil {
		return c
	}
	null := func(key string) bool { return string(rawOf(members, key)) == "null" }
	if n := rational(members["seq"]); n != nil && n.IsInt() && n.Sign() > 0 {
		c.seq = schema.Seq(n.Num().Int64())
	}
	c.wall, c.wallState = instant(members["at"])
	if n := rational(members["age_ms"]); n != nil {
		n.Add(n, big.NewRat(1, 2))
		c.age, c.ageState = new(big.Int).Quo(n.Num(), n.Denom()).Int64(), valid
		if c.age > numberMax {
			c.age, c.ageState = 0, invalid
		}
	} else if !null("age_ms") {
		c.ageState = invalid
	}
	if f.faces() {
		face, _ := text(members["face"])
		c.value, _ = schema.ParseFace(fold(face))
	} else if n := rational(members["value"]); n != nil && n.IsInt() && n.Num().Int64() <= int64(f.enrolled.Scale.Max()) {
		c.value = schema.Value(n.Num().Int64())
	}
	if code, ok := text(members["service"]); ok || !null("service") {
		var known bool
		c.service, known = f.enrolled.Service([]byte(fold(code)))
		c.badService = !known
	}
	if code, ok := text(members["reason"]); ok || !null("reason") {
		r, err := schema.ParseReason(fold(code))
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

// fold is the lower case of ASCII letters, in which the codes of these tests are.
func fold(code string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'A' && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	}, code)
}

var shape = regexp.MustCompile(`^[ \t\n\r]*(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d)(?::(\d\d)([.,]\d+)?)? ?(?:([+-]|\x{2212})([01]\d|2[0-3])(?::?([0-5]\d))?|[zZ]|[uU][tT][cC])(?s:\[.*\])?[ \t\n\r]*$`)

// packageTime reads text by package time, once it is written as that wants it.
func packageTime(text string) (time.Time, bool) {
	m := shape.FindStringSubmatch(text)
	if m == nil {
		return time.Time{}, false
	}
	date, minute, second, fraction, sign, hours, minutes := m[1], m[2], m[3], m[4], m[5], m[6], m[7]
	if second == "60" {
		second, fraction = "59", ".999"
	}
	zone := "Z"
	if sign != "" {
		zone = strings.ReplaceAll(sign, "\u2212", "-") + hours + ":" + cmp.Or(minutes, "00")
	}
	at, err := time.Parse(time.RFC3339, date+"T"+minute+":"+cmp.Or(second, "00")+strings.ReplaceAll(fraction, ",", ".")+zone)
	return at, err == nil
}

var decimal = regexp.MustCompile(`^[ \t\n\r]*(-?)((?:0|[1-9][0-9]*)(?:\.[0-9]+)?)(?:[eE]([+-]?[0-9]+))?[ \t\n\r]*$`)

// rational reads a number from 0 to less than 2^53, bare or in a string; nil for
// none. Other than a float it rounds nothing.
func rational(raw json.RawMessage) *big.Rat {
	written := string(raw)
	if s, ok := text(raw); ok {
		written = s
	}
	m := decimal.FindStringSubmatch(written)
	if m == nil {
		return nil
	}
	n, _ := new(big.Rat).SetString(m[2])
	if n.Sign() == 0 {
		return n
	}
	exponent, err := strconv.Atoi(cmp.Or(m[3], "0"))
	if err != nil || max(exponent, -exponent) > 10_000 {
		exponent = 10_000 // Too large in any case, or so small that only its being there matters.
		if strings.HasPrefix(m[3], "-") {
			exponent = -exponent
		}
	}
	power := new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(max(exponent, -exponent))), nil))
	if exponent < 0 {
		power.Inv(power)
	}
	n.Mul(n, power)
	if m[1] == "-" || n.Cmp(new(big.Rat).SetInt64(int64(schema.SeqMax)+1)) >= 0 {
		return nil
	}
	return n
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
		by := criteriaOf(scale)
		err := decodeProto(body, by, &got)
		if errors.Is(err, ErrTooMany) || errors.Is(err, errIncomplete) {
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
			want.claims = append(want.claims, claimOfProto(v, by))
		}
		same(t, body, &got, want)
	})
}

func claimOfProto(v *votepb.VoteMessage, f *criteria) claim {
	c := claim{service: f.enrolled.DefaultService()}
	if v.Seq != nil {
		c.setSeq(v.GetSeq())
	}
	if v.At != nil {
		c.readWall([]byte(v.GetAt()))
	}
	if v.AgeMs != nil {
		c.setAge(v.GetAgeMs())
	}
	if f.faces() {
		c.value, _ = schema.ParseFace(fold(v.GetFace()))
	} else {
		f.readValue(&c, integer(int64(v.GetValue())))
	}
	if v.Service != nil {
		f.readService(&c, []byte(v.GetService()))
	}
	if v.Reason != nil {
		f.readReason(&c, []byte(v.GetReason()))
	}
	return c
}

func TestReasonsOfAChannel(t *testing.T) {
	f := func(c schema.Channel, code string, want claim) {
		t.Helper()
		by := &criteria{newWords(), enrolled(c, schema.ScaleMLF3), 10}
		var got claim
		if by.readReason(&got, []byte(code)); got != want {
			t.Errorf("%v, %s: got %+v, want %+v", c, code, got, want)
		}
	}
	unknown := claim{reason: schema.ReasonOther, unknownReason: true}
	for _, c := range schema.Channels() {
		for r := schema.Reason(1); r <= schema.ReasonMax; r++ {
			want := unknown
			if r.OfferedOn(c) {
				want = claim{reason: r}
			}
			f(c, r.String(), want)
			f(c, strings.ToUpper(r.String()), want)
		}
		f(c, "", unknown)
	}
	f(schema.ChannelWeb, "clear", claim{reason: schema.ReasonClear})
	f(schema.ChannelDigital, "complete", claim{reason: schema.ReasonComplete})
	f(schema.ChannelDigital, "sure", claim{reason: schema.ReasonSure})
	f(schema.ChannelWeb, "no_trouble", claim{reason: schema.ReasonNoTrouble})
	f(schema.ChannelCounter, "clear", unknown)
}

func TestCaseOfWordsDoesNotDecide(t *testing.T) {
	e := enrolled(schema.ChannelCounter, schema.ScaleMLF3)
	e.Services = []schema.EnrolledService{{Code: "Tari", ID: 7}, {Code: "tari", ID: 8}, {Code: "imu", ID: 9}}
	by := &criteria{newWords(), e, 10}
	f := func(code string, want schema.ServiceID) {
		t.Helper()
		var c claim
		if by.readService(&c, []byte(code)); c.service != want || c.badService != (want == schema.ServiceUnspecified) {
			t.Errorf("%s: got %+v, want service %d", code, c, want)
		}
	}
	f("tari", 8)
	f("Tari", 7)
	f("TARI", 7)
	f("IMU", 9)
	f("im\u00fa", schema.ServiceUnspecified)
	f("", schema.ServiceUnspecified)
	var c claim
	if by.readReason(&c, []byte("S\u212aIPPED")); !c.unknownReason { // The Kelvin sign is no K.
		t.Errorf("got %+v, want an unknown reason", c)
	}
	body, err := proto.Marshal(&votepb.VotesRequest{Stream: "s", Votes: []*votepb.VoteMessage{
		{Seq: proto.Int64(1), Face: proto.String("Red"), Service: proto.String("Imu"), Reason: proto.String("STAFF"), At: proto.String("1970-01-01 01:00:01 +0100")},
	}})
	if err != nil {
		t.Fatal(err)
	}
	var m message
	if err := decodeProto(body, by, &m); err != nil {
		t.Fatal(err)
	}
	want := claim{seq: 1, value: schema.Red, service: 9, reason: schema.ReasonStaff, wall: 1000, wallState: valid}
	if m.claims[0] != want {
		t.Errorf("protobuf: got %+v, want %+v", m.claims[0], want)
	}
}
