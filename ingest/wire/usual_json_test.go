package wire

import (
	"testing"

	"mlf/schema"
)

// TestUsualVotes says which votes are read the quick way.
func TestUsualVotes(t *testing.T) {
	f := func(vote string, want bool) {
		t.Helper()
		s := scanner{text: []byte(vote + ",")}
		var c claim
		if got := s.usual(criteriaOf(schema.ScaleMLF3), &c); got != want {
			t.Errorf("%s: got %v, want %v", vote, got, want)
		}
		if want && s.at != len(vote) || !want && (s.at != 0 || c != claim{}) {
			t.Errorf("%s: got byte %d, %+v", vote, s.at, c)
		}
	}
	f(`{"seq":41,"at":"2026-11-22T08:59:17Z","face":"green","service":"anagrafe"}`, true)
	f(`{"seq":42,"age_ms":2300,"face":"red","service":"tributi","reason":"waiting_time"}`, true)
	f(`{"seq":43,"age_ms":0,"face":"blue"}`, true)
	f(`{"seq":44}`, true)
	f(`{"seq":999999999999999999}`, true)
	f(`{"seq":9999999999999999999}`, false)
	f(`{"seq":01}`, false)
	f(`{"seq":1.0}`, false)
	f(`{"seq":}`, false)
	f(`{"seq":41,"face":"gr\u0065en"}`, false)
	f("{\"seq\":41,\"face\":\"gr\x1fen\"}", false)
	f(`{"seq":41,"face":"green\}`, false)
	f("{\"seq\":41,\"face\":\"green\x1f}", false)
	f(`{"seq":41,"face":null}`, false)
	f(`{"seq":41, "face":"green"}`, false)
	f(`{"face":"green","seq":41}`, false)
	f(`{"seq":41,"face":"green","face":"red"}`, false)
	f(`{"seq":41,"face":"green`, false)
	f(`{"seq":41`, false)
	f(``, false)
}

// FuzzUsual holds usual to vote: what the one takes, the other reads alike.
func FuzzUsual(f *testing.F) {
	for _, seed := range []string{
		`{"seq":41,"at":"2026-11-22T08:59:17Z","face":"green","service":"anagrafe"}`,
		`{"seq":42,"age_ms":2300,"face":"red","service":"tributi","reason":"waiting_time"}`,
		`{"seq":123456789012345678,"age_ms":0,"at":"x","face":"blue","service":"","reason":"rain"},{"seq":7}`,
	} {
		f.Add([]byte(seed))
	}
	by := criteriaOf(schema.ScaleMLF3)
	f.Fuzz(func(t *testing.T, vote []byte) {
		quick, slow := scanner{text: vote}, scanner{text: vote}
		var got, want claim
		if !quick.usual(by, &got) {
			return
		}
		if slow.open('{') {
			slow.vote(by, &want)
		}
		if got != want || quick.at != slow.at || slow.fault != "" {
			t.Errorf("%q: got %+v up to byte %d, want %+v up to %d %s", vote, got, quick.at, want, slow.at, slow.fault)
		}
	})
}
