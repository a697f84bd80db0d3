package public

import (
	"testing"

	"mlf/query/access"
)

func TestQuotasAreRead(t *testing.T) {
	f := func(text string, want access.Rate, ok bool) {
		t.Helper()
		got, err := parseRate(text)
		if got != want || (err == nil) != ok {
			t.Errorf("%q: got %+v, %v", text, got, err)
		}
	}
	f("", access.Rate{}, true)
	f("600/10", access.Rate{Burst: 600, PerSecond: 10}, true)
	f("5/0.5", access.Rate{Burst: 5, PerSecond: 0.5}, true)
	f("off", access.Rate{Off: true}, true)
	for _, wrong := range []string{"600", "0/1", "1/0", "-1/1", "a/b", "1/NaN", "10/s"} {
		f(wrong, access.Rate{}, false)
	}
}

// TestWhatThePublicIsShownIsChecked: flags that cannot be are refused before anything
// starts.
func TestWhatThePublicIsShownIsChecked(t *testing.T) {
	f := func(flags Flags, ok bool) {
		t.Helper()
		if err := flags.Check(); (err == nil) != ok {
			t.Errorf("%+v: got %v", flags, err)
		}
	}
	f(Flags{}, true)
	f(Flags{DisclosureK: 1}, false)
	f(Flags{DisclosureK: 5, Issuer: "https://login.example.it", Audience: "mlf"}, true)
	f(Flags{Issuer: "https://login.example.it"}, false)
	f(Flags{Issuer: "http://login.example.it", Audience: "mlf"}, false)
	f(Flags{TrustedProxies: []string{"10.0.0.0/8", "::1/128"}}, true)
	f(Flags{TrustedProxies: []string{"10.0.0.1"}}, false)
	f(Flags{QuotaPublic: "1"}, false)
	f(Flags{QuotaPublic: "off", QuotaKnown: "100/1"}, true)
}
