package proxies_test

import (
	"net/http"
	"net/netip"
	"testing"

	"mlf/schema/proxies"
)

func prefixes(texts ...string) (of []netip.Prefix) {
	for _, text := range texts {
		of = append(of, netip.MustParsePrefix(text))
	}
	return of
}

func TestClientIsWhoStandsBeforeTheTrusted(t *testing.T) {
	f := func(want, connected string, p proxies.Proxies, header http.Header) {
		t.Helper()
		got := p.Client(connected, header.Values(p.Name()))
		if text := got.String(); text != want && (want != "" || got.IsValid()) {
			t.Errorf("%s with %v: got %s, want %s", connected, header, text, want)
		}
	}
	nobody := proxies.Proxies{}
	inside := proxies.Proxies{Trusted: prefixes("10.0.0.0/8", "fd00::/8")}
	standard := proxies.Proxies{Trusted: inside.Trusted, Field: proxies.Forwarded}
	x := func(fields ...string) http.Header { return http.Header{"X-Forwarded-For": fields} }
	std := func(fields ...string) http.Header { return http.Header{"Forwarded": fields} }

	f("10.0.0.1", "10.0.0.1:4711", nobody, x("1.2.3.4"))
	f("192.0.2.7", "192.0.2.7:4711", inside, x("1.2.3.4"))
	f("1.2.3.4", "10.0.0.1:4711", inside, x("1.2.3.4"))
	f("1.2.3.4", "10.0.0.1:4711", inside, x("8.8.8.8, 1.2.3.4"))                 // What the client wrote itself.
	f("1.2.3.4", "10.0.0.1:4711", inside, x("8.8.8.8", "1.2.3.4 ,10.1.1.1"))     // In two fields.
	f("10.2.2.2", "10.0.0.1:4711", inside, x("10.2.2.2"))                        // A machine inside that asks.
	f("10.1.1.1", "10.0.0.1:4711", inside, x("1.2.3.4, unknown, 10.1.1.1"))      // A proxy that does not say.
	f("10.0.0.1", "10.0.0.1:4711", inside, x("1.2.3.4, <script>"))               // No address.
	f("10.0.0.1", "10.0.0.1:4711", inside, nil)                                  // A probe.
	f("10.0.0.1", "10.0.0.1:4711", inside, std("for=1.2.3.4"))                   // The client's own: proxies here write the other.
	f("1.2.3.4", "[::ffff:10.0.0.1]:4711", inside, x("::ffff:1.2.3.4"))          // One address in two ways.
	f("2001:db8::7", "[fd00::1]:4711", inside, x("[2001:db8::7]:80"))            // With port.
	f("2001:db8::7", "[fd00::1%eth0]:4711", inside, x("2001:db8::7"))            // With zone.
	f("1.2.3.4", "10.0.0.1:4711", inside, x("1.2.3.4:5678"))                     // Azure writes ports.
	f("", "@", inside, x("1.2.3.4"))                                             // A socket of this machine.
	f("1.2.3.4", "10.0.0.1:4711", standard, std("for=1.2.3.4;proto=https"))      // RFC 7239.
	f("2001:db8::7", "10.0.0.1:4711", standard, std(`For="[2001:db8::7]:4711"`)) // Quoted.
	f("1.2.3.4", "10.0.0.1:4711", standard, std("for=8.8.8.8, for=1.2.3.4, for=10.1.1.1"))
	f("10.0.0.1", "10.0.0.1:4711", standard, std("for=_hidden"))
	f("10.0.0.1", "10.0.0.1:4711", standard, x("1.2.3.4"))
}

// FuzzNobodyChoosesAnAddress: what an untrusted client writes before what the proxy wrote
// changes nothing.
func FuzzNobodyChoosesAnAddress(f *testing.F) {
	f.Add("1.2.3.4")
	f.Add("10.0.0.1, 10.0.0.1")
	f.Add(`for="[::1", ,`)
	f.Fuzz(func(t *testing.T, written string) {
		for _, p := range []proxies.Proxies{
			{Trusted: prefixes("10.0.0.0/8")}, {Trusted: prefixes("10.0.0.0/8"), Field: proxies.Forwarded},
		} {
			h := http.Header{"X-Forwarded-For": {written, "192.0.2.7"}, "Forwarded": {written, "for=192.0.2.7"}}
			if got := p.Client("10.0.0.1:1", h.Values(p.Name())).String(); got != "192.0.2.7" {
				t.Errorf("got %s, want what the proxy says", got)
			}
		}
	})
}
