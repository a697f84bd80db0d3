package foreign_test

import (
	"errors"
	"strings"
	"testing"

	"mlf/ingest/uplink"
	"mlf/proof/country/foreign"
)

// unmarked reads what a network pushed that tells of no sessions; false where it tells of
// no counters either.
func unmarked(t *testing.T, r *foreign.Request) (uplink.Uplink, uplink.Reading, bool) {
	t.Helper()
	network, err := uplink.ParseNetwork(strings.TrimPrefix(r.Path, "/v1/uplinks/"))
	if err != nil {
		t.Fatal(err)
	}
	u, err := uplink.Read(network, "", r.Body)
	if errors.Is(err, uplink.ErrOther) && !r.Event {
		return u, uplink.Reading{}, false
	}
	if err != nil || u.Device != r.Source {
		t.Fatalf("%s: %v", r.Body, err)
	}
	reading, err := uplink.Smilio(u.Payload)
	if err != nil {
		t.Fatalf("%s: %v", r.Body, err)
	}
	counts := reading.Kind == uplink.Counters || reading.Kind == uplink.Boot
	if counts != r.Event {
		t.Errorf("%s: is an event: %v, want %v", r.Body, r.Event, counts)
	}
	return u, reading, counts
}

// takeUnmarked counts as whoever reads frames without sessions should: where a total has
// fallen, it has gone around if a vote a second could have done that, else all of them
// have begun anew.
func (m *meterOf) takeUnmarked(u uplink.Uplink, reading uplink.Reading, fromZero bool) {
	if m.known && u.Frame <= m.newest && m.naive != takesWhatIsOlder {
		return
	}
	m.known, fromZero, m.newest = true, fromZero || m.known || m.naive == countsTheBase, u.Frame
	before, at := m.last, m.at
	m.at = u.At
	for i, n := range reading.Counters {
		m.last[i] = uint64(n)
	}
	if !fromZero || reading.Kind == uplink.Boot {
		return
	}
	var around foreign.Totals
	votes, fell := uint64(0), false
	for i, now := range m.last {
		fell = fell || now < before[i]
		around[i] = (now - before[i]) & (1<<16 - 1)
		votes += around[i]
	}
	if fell && (m.naive == takesFallenForReset || votes > 50+uint64(u.At-at)/1000) {
		around = m.last
	}
	m.count = m.count.Plus(around)
}
