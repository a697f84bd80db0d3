package foreign_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	"mlf/ingest/call"
	"mlf/ingest/call/cdr"
	"mlf/ingest/uplink"
	"mlf/proof/country/foreign"
	"mlf/schema"
)

// The weathers under which the models are held to their truth.
func fine() foreign.Weather { return foreign.Weather{} }

func bad() foreign.Weather {
	return foreign.Weather{Lost: 0.3, Twice: 0.3, Late: 0.3, LateMax: 5 * time.Minute, Cuts: 2, Boots: 0.5}
}

func awful() foreign.Weather {
	return foreign.Weather{Lost: 0.7, Twice: 0.5, Late: 0.6, LateMax: 12 * time.Hour, Cuts: 6, Boots: 0.9}
}

func play(t testing.TB, seed uint64, weather foreign.Weather) *foreign.Play {
	t.Helper()
	p, err := foreign.New(foreign.Config{
		Seed: seed, First: schema.HourOf(time.Date(2026, 10, 24, 12, 0, 0, 0, time.UTC)), Hours: 72,
		Boxes: 8, Devices: 2, Exchanges: 2, Sites: 4, Weather: weather,
	})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// seeds calls f with plays of a few seeds in every weather.
func seeds(t *testing.T, f func(t *testing.T, p *foreign.Play)) {
	first := rand.Uint64()
	for name, weather := range map[string]foreign.Weather{"fine": fine(), "bad": bad(), "awful": awful()} {
		for i := range uint64(4) {
			t.Run(fmt.Sprintf("%s/%d", name, first+i), func(t *testing.T) { f(t, play(t, first+i, weather)) })
		}
	}
}

// A session names one of a box or device.
type session struct {
	source string
	number int
}

// A meterOf counts one session as whoever reads it should: each report that is newer than
// all before it adds by how much totals have grown, around 65,536 or not.
type meterOf struct {
	naive  naivety
	known  bool
	newest uint64
	last   [5]uint64
	at     schema.Instant // Of a box without sessions.
	count  foreign.Totals
}

// A naivety is what somebody may get wrong.
type naivety int

const (
	right naivety = iota
	takesWhatIsOlder
	takesFallenForReset // Where totals have only gone around.
	countsTheBase
	takesHandForBox // Counts what was sent from a console.
)

func (m *meterOf) take(number uint64, totals [5]uint64, bits int, fromZero bool) {
	if m.known && number <= m.newest && m.naive != takesWhatIsOlder {
		return
	}
	for i, now := range totals {
		switch {
		case m.naive == takesFallenForReset && m.known && now < m.last[i]:
			m.count[i] += now
		case m.known, fromZero, m.naive == countsTheBase:
			m.count[i] += (now - m.last[i]) & (1<<bits - 1)
		}
	}
	m.known, m.newest, m.last = true, number, totals
}

// count reads all requests of boxes and devices.
func count(t *testing.T, p *foreign.Play, naive naivety) map[session]*meterOf {
	t.Helper()
	fromZero := make(map[session]bool)
	for _, told := range p.Truth.Told {
		fromZero[session{told.Source, told.Session}] = told.FromZero
	}
	counts := make(map[session]*meterOf)
	of := func(s session) *meterOf {
		if counts[s] == nil {
			counts[s] = &meterOf{naive: naive}
		}
		return counts[s]
	}
	for _, r := range p.Requests {
		switch path, event, _ := strings.Cut(r.Path, "?event="); path {
		case "/v1/uplinks/ttn3", "/v1/uplinks/chirpstack4":
			u, reading := frame(t, &r, strings.TrimPrefix(path, "/v1/uplinks/"), event)
			if reading.Kind != uplink.Counters || u.Simulated && naive != takesHandForBox {
				continue
			}
			var totals [5]uint64
			for i, n := range reading.Counters {
				totals[i] = uint64(n)
			}
			s := session{u.Device, sessionOfBox(t, r.Body)}
			of(s).take(u.Frame, totals, 16, fromZero[s])
		case "/v1/uplinks/skiply", "/v1/uplinks/sigfox":
			if u, reading, ok := unmarked(t, &r); ok {
				s := session{u.Device, 0}
				of(s).takeUnmarked(u, reading, fromZero[s])
			}
		case "/v1/counters":
			_, seq, totals, err := uplink.ReadCounters(schema.ScaleMLF3, r.Body)
			if err != nil {
				t.Fatalf("%s: %v", r.Body, err)
			}
			var body struct{ Epoch string }
			number, err := strconv.Atoi(strings.TrimPrefix(decode(t, r.Body, &body).Epoch, "boot-"))
			if err != nil {
				t.Fatal(err)
			}
			of(session{r.Source, number}).take(seq, totals, 53, true)
		}
	}
	return counts
}

// frame reads a request of a network; nothing of one that is no uplink.
func frame(t *testing.T, r *foreign.Request, network, event string) (uplink.Uplink, uplink.Reading) {
	t.Helper()
	n, err := uplink.ParseNetwork(network)
	if err != nil {
		t.Fatal(err)
	}
	u, err := uplink.Read(n, event, r.Body)
	if errors.Is(err, uplink.ErrOther) {
		return u, uplink.Reading{}
	}
	if err != nil {
		t.Fatalf("%s: %v", r.Body, err)
	}
	if u.Device != r.Source || u.Port != 2 || u.At > r.At {
		t.Errorf("got %+v at %d of %s", u, r.At, r.Source)
	}
	reading, err := uplink.Smilio(u.Payload)
	if err != nil {
		t.Fatalf("%s: %v", r.Body, err)
	}
	return u, reading
}

// sessionOfBox returns the number of the session, which is the end of the address.
func sessionOfBox(t *testing.T, body []byte) int {
	t.Helper()
	var b struct {
		IDs struct {
			DevAddr string `json:"dev_addr"`
		} `json:"end_device_ids"`
		DevAddr string `json:"devAddr"`
	}
	address := decode(t, body, &b).IDs.DevAddr + b.DevAddr
	n, err := strconv.ParseUint(address[2:], 16, 24)
	if err != nil {
		t.Fatal(err)
	}
	return int(n)
}

func decode[T any](t *testing.T, body []byte, into *T) *T {
	t.Helper()
	if err := json.Unmarshal(body, into); err != nil {
		t.Fatalf("%s: %v", body, err)
	}
	return into
}

// TestWhatArrivedSaysWhatTheTruthSays: counting what arrived, report by report, comes to
// what the newest report of each session says, and never to more than was pressed.
func TestWhatArrivedSaysWhatTheTruthSays(t *testing.T) {
	seeds(t, func(t *testing.T, p *foreign.Play) {
		counts := count(t, p, right)
		sums := make(map[string]foreign.Totals)
		for _, told := range p.Truth.Told {
			s := session{told.Source, told.Session}
			got := counts[s]
			if got == nil {
				t.Errorf("%v: nothing arrived, want %v", s, told.Counted())
				continue
			}
			if got.count != told.Counted() {
				t.Errorf("%v: got %v, want %v", s, got.count, told.Counted())
			}
			within(t, s.source, told.AtLeast(), told.Counted())
			sums[s.source] = sums[s.source].Plus(told.Counted())
			delete(counts, s)
		}
		if len(counts) > 0 {
			t.Errorf("sessions that the truth does not know: %v", counts)
		}
		for _, source := range p.Sources {
			least, most := p.Truth.Known(source.Name, false)
			_, imported := p.Truth.Known(source.Name, true)
			within(t, source.Name, least, most)
			within(t, source.Name, most, imported)
			within(t, source.Name, imported, p.Truth.PressedBy(source.Name))
			if sum, told := sums[source.Name]; told && sum != most {
				t.Errorf("%s: got %v, want %v", source.Name, most, sum)
			}
			if source.Kind == foreign.Exchange && imported != p.Truth.PressedBy(source.Name) {
				t.Errorf("%s: got %v, want all of %v", source.Name, imported, p.Truth.PressedBy(source.Name))
			}
		}
	})
}

// TestWhoIsNaiveIsFound: the models do what naive readers get wrong.
func TestWhoIsNaiveIsFound(t *testing.T) {
	f := func(naive naivety, want bool) {
		t.Helper()
		p := play(t, 12, bad())
		counts, differ := count(t, p, naive), false
		for _, told := range p.Truth.Told {
			s := session{told.Source, told.Session}
			differ = differ || counts[s].count != told.Counted()
			delete(counts, s)
		}
		if found := differ || len(counts) > 0; found != want {
			t.Errorf("naivety %d: found %v, want %v", naive, found, want)
		}
	}
	f(right, false)
	f(takesWhatIsOlder, true)
	f(takesFallenForReset, true)
	f(countsTheBase, true)
	f(takesHandForBox, true)
}

// within tells where less is more than most.
func within(t *testing.T, source string, less, most foreign.Totals) {
	t.Helper()
	for i := range less {
		if less[i] > most[i] {
			t.Errorf("%s: got %v, want at most %v", source, less, most)
			return
		}
	}
}

// losing is the site whose form loses ratings without words, whatever the weather.
const losing = "site-3"

// TestOnAFineDayAllIsTold: nothing lost, no power cut: what is told is what was pressed,
// but for the form that loses some.
func TestOnAFineDayAllIsTold(t *testing.T) {
	p := play(t, 7, fine())
	for _, source := range p.Sources {
		want := p.Truth.PressedBy(source.Name)
		least, most := p.Truth.Known(source.Name, false)
		if source.Name == losing {
			if most == want || most == (foreign.Totals{}) {
				t.Errorf("%s: got %v of %v, want some lost", source.Name, most, want)
			}
			continue
		}
		if least != want || most != want {
			t.Errorf("%s: got %v to %v, want %v", source.Name, least, most, want)
		}
		for i, n := range want {
			if (n > 0) != (i < int(source.Scale.Max())) {
				t.Errorf("%s of %v: pressed %v", source.Name, source.Scale, want)
			}
		}
	}
	wraps := 0
	for _, told := range p.Truth.Told {
		if told.Session != 0 {
			t.Errorf("%s has session %d without a power cut", told.Source, told.Session)
		}
		if got, want := told.Counted(), p.Truth.PressedBy(told.Source); got != want || told.AtLeast() != want || want == (foreign.Totals{}) {
			t.Errorf("%s: got %v, want %v", told.Source, got, want)
		}
		if told.First[0] < 1<<16 && told.Newest[0] >= 1<<16 {
			wraps++
		}
	}
	if len(p.Truth.Told) != 10 || wraps != 2 {
		t.Errorf("got %d sessions, of which %d wrap: want 10 and 2", len(p.Truth.Told), wraps)
	}
	for _, v := range p.Truth.Votes {
		if !v.Arrived && v.Source != losing {
			t.Errorf("%+v did not arrive", v)
		}
	}
}

// TestPressedIsTheSumOfItsHours: votes with an identity are pressed as well.
func TestPressedIsTheSumOfItsHours(t *testing.T) {
	p := play(t, 8, bad())
	votes := make(map[foreign.Cell]uint64)
	for _, v := range p.Truth.Votes {
		votes[foreign.Cell{Source: v.Source, Hour: v.At.Hour(), Value: v.Value, Test: v.Test}]++
	}
	for cell, n := range p.Truth.Pressed {
		if strings.HasPrefix(cell.Source, "site-") || strings.HasPrefix(cell.Source, "exchange-") {
			if votes[cell] != n {
				t.Errorf("%+v: got %d votes, want %d", cell, votes[cell], n)
			}
			delete(votes, cell)
		}
	}
	if len(votes) > 0 {
		t.Errorf("votes that nobody pressed: %v", votes)
	}
}

// TestCallsAreTheSameInWebhooksAndFiles: by their identities, whatever came how often.
func TestCallsAreTheSameInWebhooksAndFiles(t *testing.T) {
	seeds(t, func(t *testing.T, p *foreign.Play) {
		serials := make(map[string]string)
		for _, source := range p.Sources {
			serials[source.Name] = source.Serial
		}
		keypad := call.KeypadOf(schema.ScaleMLF3, false)
		pushed, filed := make(map[[16]byte]call.Call), make(map[[16]byte]schema.Value)
		for _, r := range p.Requests {
			if kind, ok := strings.CutPrefix(r.Path, "/v1/calls/"); ok {
				c := pushedCall(t, kind, r.Body)
				pushed[c.Identity()] = c
			}
		}
		for _, f := range p.Files {
			for _, c := range calls(t, &f, serials[f.Source]) {
				v, _ := keypad.Value(c.Key)
				filed[c.Identity()] = v
				if w, ok := pushed[c.Identity()]; ok && (w.Key != c.Key || w.HasAt && w.At != c.At) {
					t.Errorf("pushed %+v, filed %+v", w, c)
				}
			}
		}
		for _, v := range p.Truth.Votes {
			if !strings.HasPrefix(v.Source, "exchange-") {
				continue
			}
			id, err := call.IDOf(serials[v.Source], v.ID)
			if err != nil {
				t.Fatal(err)
			}
			identity := call.Call{ID: id}.Identity()
			if _, came := pushed[identity]; came != v.Arrived || filed[identity] != v.Value {
				t.Errorf("%+v: pushed %v, filed %d", v, came, filed[identity])
			}
			delete(filed, identity)
		}
		for identity, v := range filed {
			if v != schema.Voided {
				t.Errorf("%x is in a file and nobody pressed", identity)
			}
		}
	})
}

func pushedCall(t *testing.T, code string, body []byte) call.Call {
	t.Helper()
	kind, err := call.ParseKind(code)
	if err != nil {
		t.Fatal(err)
	}
	c, err := call.Read(kind, body)
	if err != nil {
		t.Fatalf("%s: %v", body, err)
	}
	return c
}

func calls(t *testing.T, f *foreign.File, serial string) (all []call.Call) {
	t.Helper()
	file := cdr.NewMaster(bytes.NewReader(f.Body), cdr.Config{Serial: serial})
	for {
		c, err := file.Next()
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, c)
	}
}

// TestRatingsHaveIdentities: what arrived has each rating of the truth that did, under
// its id, and bots beside.
func TestRatingsHaveIdentities(t *testing.T) {
	seeds(t, func(t *testing.T, p *foreign.Play) {
		type rating struct {
			ID    string
			Value schema.Value
			Test  bool
			Bind  string
		}
		arrived, filled := make(map[string]rating), make(map[string]uint64)
		var bots, plain uint64
		for _, r := range p.Requests {
			if r.Path != "/v1/ratings/{site}" {
				continue
			}
			if r.Header["Origin"] == "" {
				t.Errorf("%s: no origin", r.Body)
			}
			var got rating
			if r.Value > 0 {
				filled[string(r.Body)]++
				plain++
				continue
			}
			if decode(t, r.Body, &got).Bind != "" {
				bots++
				continue
			}
			if before, ok := arrived[got.ID]; ok && before != got {
				t.Errorf("got %+v and %+v", before, got)
			}
			arrived[got.ID] = got
		}
		if bots != p.Truth.Bots {
			t.Errorf("got %d ratings of bots, want %d", bots, p.Truth.Bots)
		}
		for _, v := range p.Truth.Votes {
			if !strings.HasPrefix(v.Source, "site-") {
				continue
			}
			if v.ID == "" {
				if v.Arrived {
					plain--
				}
				continue
			}
			got, ok := arrived[v.ID]
			if ok != v.Arrived || ok && (got.Value != v.Value || got.Test != v.Test) {
				t.Errorf("got %+v, %v, want %+v", got, ok, v)
			}
			delete(arrived, v.ID)
		}
		for body, n := range filled { // An event that fired twice.
			if !strings.Contains(body, "freeText=null") {
				plain -= n - 1
			}
		}
		if plain != 0 {
			t.Errorf("%d forms more than ratings", int64(plain))
		}
		if len(arrived) > 0 {
			t.Errorf("ratings that nobody gave: %v", arrived)
		}
	})
}

func TestAPlayFollowsFromItsSeed(t *testing.T) {
	one, same, other := play(t, 9, bad()), play(t, 9, bad()), play(t, 10, bad())
	if !reflect.DeepEqual(one, same) {
		t.Error("the same seed gives another play")
	}
	if reflect.DeepEqual(one.Truth.Pressed, other.Truth.Pressed) {
		t.Error("another seed gives the same votes")
	}
}

// TestTheWeatherChangesNoVote: only a power cut does, for a dark box cannot be pressed.
func TestTheWeatherChangesNoVote(t *testing.T) {
	weather := bad()
	weather.Cuts = 0
	if !reflect.DeepEqual(play(t, 9, fine()).Truth.Pressed, play(t, 9, weather).Truth.Pressed) {
		t.Error("bad weather changes votes")
	}
}

// TestBadWeatherIsBad: what the models are for does happen in them.
func TestBadWeatherIsBad(t *testing.T) {
	p := play(t, 11, awful())
	var doubled, reordered, overtaken, sessions, lost int
	seen := make(map[string]int)
	newest := make(map[string]schema.Instant)
	for _, r := range p.Requests {
		if seen[string(r.Body)]++; seen[string(r.Body)] == 2 {
			doubled++
		}
		if strings.HasPrefix(r.Path, "/v1/uplinks/ttn3") {
			u, _ := frame(t, &r, "ttn3", "")
			if u.At < newest[u.Device] {
				reordered++
			}
			newest[u.Device] = max(newest[u.Device], u.At)
		}
	}
	for _, told := range p.Truth.Told {
		sessions = max(sessions, told.Session)
		if told.AtLeast() != told.Counted() {
			overtaken++
		}
	}
	for _, v := range p.Truth.Votes {
		if !v.Arrived {
			lost++
		}
	}
	for i := 1; i < len(p.Requests); i++ {
		if p.Requests[i].At < p.Requests[i-1].At {
			t.Fatal("requests are not in the order in which they arrive")
		}
	}
	if doubled < 100 || reordered < 20 || overtaken < 5 || sessions < 5 || lost < 100 || p.Truth.Simulated < 5 || p.Truth.Bots < 5 {
		t.Errorf("got %d doubled, %d reordered, %d overtaken, %d sessions, %d lost, %d simulated, %d bots: want some of each",
			doubled, reordered, overtaken, sessions, lost, p.Truth.Simulated, p.Truth.Bots)
	}
}

func TestWhatCannotBePlayedIsRefused(t *testing.T) {
	f := func(change func(*foreign.Config), want string) {
		t.Helper()
		cfg := foreign.Config{Hours: 1}
		change(&cfg)
		if _, err := foreign.New(cfg); err == nil && want != "" || err != nil && err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	const shares = "weather: want shares from 0 to 1"
	f(func(*foreign.Config) {}, "")
	f(func(c *foreign.Config) { c.Hours = 0 }, "play: want 1 to 9600 hours")
	f(func(c *foreign.Config) { c.Hours = 9601 }, "play: want 1 to 9600 hours")
	f(func(c *foreign.Config) { c.Boxes = -1 }, "play: want 0 to 250000 sources of each kind")
	f(func(c *foreign.Config) { c.Sites = 250_001 }, "play: want 0 to 250000 sources of each kind")
	f(func(c *foreign.Config) { c.Sites, c.Hours = 30, 9600 }, "play: want at most 250000 hours of all sources together")
	f(func(c *foreign.Config) { c.Weather.Lost = 1.1 }, shares)
	f(func(c *foreign.Config) { c.Weather.Boots = -0.1 }, shares)
	f(func(c *foreign.Config) { c.Weather.LateMax = foreign.LateLimit + 1 }, "weather: want delays of at most 720h0m0s")
	f(func(c *foreign.Config) { c.Weather.Cuts = 25 }, "weather: want 0 to 24 power cuts a day")
}
