package network_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"mlf/query/answer"
	"mlf/query/answer/meta"
	"mlf/query/calendar"
	"mlf/query/network"
	"mlf/query/question"
	"mlf/schema"
	bodies "mlf/schema/network"
	"mlf/schema/registry"
	"mlf/schema/schematest"
)

// until is the end of 27 November 2026 in Rome.
func until() time.Time { return time.Date(2026, 11, 27, 23, 0, 0, 0, time.UTC) }

func day(t interface{ Fatal(args ...any) }, text string) registry.Date {
	d, err := registry.ParseDate(text)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// A country is bodies and terminals, and when these were seen.
type country struct {
	t       testing.TB
	network *bodies.Network
	lists   *registry.Registry
	seen    map[schema.TerminalID]network.Seen
	next    schema.TerminalID

	since    time.Time
	signless bool // Signs are still being read.
}

func newCountry(t testing.TB) *country {
	t.Helper()
	lists := schematest.Lists(t)
	return &country{t: t, network: bodies.New(new(schema.Terminals)), lists: lists, seen: make(map[schema.TerminalID]network.Seen), next: 1}
}

func (c *country) put(record func() (string, []byte, error)) {
	c.t.Helper()
	key, value, err := record()
	if err == nil {
		err = errors.Join(c.network.Terminals().Apply(key, value), c.network.Apply(key, value))
	}
	if err != nil {
		c.t.Fatal(err)
	}
}

func (c *country) body(code string, kind bodies.BodyType, joined string, members ...schema.ComuneID) {
	c.t.Helper()
	b := &bodies.Body{Code: schema.BodyCode(code), Type: kind, Name: code, Joined: day(c.t, joined)}
	for _, m := range members {
		b.Members = append(b.Members, bodies.Member{Comune: m})
	}
	c.put(b.RegistryRecord)
}

func (c *country) order(code string, ordered string, terminals uint32) {
	c.t.Helper()
	c.next++
	o := &bodies.Order{ID: fmt.Sprint(c.next), Body: schema.BodyCode(code), Ordered: day(c.t, ordered), Lines: []bodies.Line{{Product: bodies.ProductKit, Quantity: terminals}}}
	c.put(o.RegistryRecord)
}

// terminal enrols one, on 1 November 2026 unless change says otherwise.
func (c *country) terminal(comune schema.ComuneID, seen network.Seen, change func(*schema.Enrolment)) schema.TerminalID {
	c.t.Helper()
	c.next++
	e := schema.Enrolment{
		Terminal: c.next, Token: schema.HashToken(fmt.Append(nil, c.next)), Comune: comune, Channel: schema.ChannelTotem, Scale: schema.ScaleMLF3,
		Services: []schema.EnrolledService{{Code: "anagrafe", ID: 1}}, Since: time.Date(2026, 11, 1, 8, 0, 0, 0, time.UTC),
	}
	if change != nil {
		change(&e)
	}
	c.put(e.RegistryRecord)
	c.seen[e.Terminal] = seen
	return e.Terminal
}

// Network and Seen make it a Source.
func (c *country) Network() *bodies.Network { return c.network }

func (c *country) Seen(_ context.Context, by time.Time) (network.Sightings, error) {
	if !by.Equal(until()) {
		return network.Sightings{}, fmt.Errorf("asked for %v", by)
	}
	return network.Sightings{Of: c.seen, Since: c.since, Signs: !c.signless}, nil
}

// The comuni: Sestriere 910 residents and Torino in Piemonte, Aosta in Valle d'Aosta.
const (
	sestriere = 1263
	torino    = 1272
	aosta     = 7003
)

// piemonte is a country with one of each.
func piemonte(t testing.TB) *country {
	t.Helper()
	c := newCountry(t)
	c.body("c_i692", bodies.TypeComune, "2026-01-01", sestriere)
	c.body("c_l219", bodies.TypeComune, "2026-01-01", torino)
	c.body("c_a326", bodies.TypeComune, "2026-11-28", aosta) // Tomorrow.
	c.body("uc_x", bodies.TypeUnion, "2026-01-01", sestriere, torino)
	c.body("two", bodies.TypeAssociation, "2026-01-01", sestriere, aosta) // In two regions.
	c.body("m_x", bodies.TypeMinistry, "2026-01-01")

	c.order("c_i692", "2026-02-01", 2)
	c.order("c_i692", "2026-11-28", 7) // Tomorrow.
	c.order("uc_x", "2026-11-27", 3)
	c.order("unknown", "2026-03-01", 1)

	newest := until().Add(-time.Millisecond)
	c.terminal(sestriere, network.Seen{Vote: newest}, nil)
	c.terminal(sestriere, network.Seen{Vote: until().AddDate(0, 0, -30)}, nil)                         // The first moment of thirty days,
	c.terminal(sestriere, network.Seen{Vote: until().AddDate(0, 0, -30).Add(-time.Nanosecond)}, nil)   // and the one before.
	c.terminal(sestriere, network.Seen{Vote: until(), Sign: newest}, nil)                              // A vote of tomorrow, and a sign of today.
	c.terminal(sestriere, network.Seen{Vote: newest}, func(e *schema.Enrolment) { e.Test = true })     // Not counted,
	c.terminal(sestriere, network.Seen{Vote: newest}, func(e *schema.Enrolment) { e.Since = until() }) // nor this: it is of tomorrow.
	c.terminal(torino, network.Seen{}, func(e *schema.Enrolment) { e.Body = "uc_x" })                  // The union's.
	c.terminal(aosta, network.Seen{Vote: newest}, func(e *schema.Enrolment) { e.Body = "m_x" })        // The ministry's, in Aosta.
	c.terminal(aosta, network.Seen{Vote: newest}, nil)                                                 // Aosta has not joined.
	closed := c.terminal(torino, network.Seen{Vote: newest}, nil)
	c.put(schema.Closure{Terminal: closed, At: newest}.RegistryRecord)
	later := c.terminal(torino, network.Seen{Vote: newest}, nil)
	c.put(schema.Closure{Terminal: later, At: until()}.RegistryRecord) // Tomorrow.
	revoked := c.terminal(torino, network.Seen{Vote: newest}, nil)
	c.put(schema.Revocation{Terminal: revoked, At: newest}.RegistryRecord)
	later = c.terminal(torino, network.Seen{Vote: newest}, nil)
	c.put(schema.Revocation{Terminal: later, At: until()}.RegistryRecord)                          // Tomorrow.
	c.terminal(torino, network.Seen{Vote: newest}, func(e *schema.Enrolment) { e.Revoked = true }) // Nobody knows when.
	return c
}

func TestFigures(t *testing.T) {
	c := piemonte(t)
	f := func(byRegion, byClass bool, want ...string) {
		t.Helper()
		rows, total := network.Figures(network.Question{Day: day(t, "2026-11-27"), Until: until(), ByRegion: byRegion, ByClass: byClass}, c.network, c.lists, c.seen)
		var got []string
		line := func(name string, x network.Counts) {
			got = append(got, fmt.Sprintf("%s: bodies %d %d %d %d, comuni %d, terminals %d ordered %d = %d+%d+%d, %d %d", name, x.Joined, x.Ordered, x.Enrolled, x.Active,
				x.Comuni, x.TerminalsOrdered, x.TerminalsClaimed, x.TerminalsActive, x.TerminalsIdle, x.TerminalsSilent, x.TerminalsClosed, x.TerminalsRevoked))
		}
		for _, r := range rows {
			line(fmt.Sprintf("%v %s", r.Region, r.Class), r.Counts)
		}
		line("all", total)
		if strings.Join(got, "\n") != strings.Join(want, "\n") {
			t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	}
	all := "all: bodies 5 2 4 3, comuni 3, terminals 6 ordered 9 = 6+1+2, 1 2"
	f(true, true,
		"01 under-5000: bodies 1 1 1 1, comuni 1, terminals 2 ordered 4 = 2+1+1, 0 0",
		"01 from-200000: bodies 1 0 1 1, comuni 1, terminals 0 ordered 3 = 2+0+1, 1 2",
		"01 : bodies 1 1 1 0, comuni 0, terminals 3 ordered 0 = 0+0+0, 0 0", // The union.
		"02 5000-40000: bodies 0 0 0 0, comuni 1, terminals 0 ordered 2 = 2+0+0, 0 0",
		"00 : bodies 2 0 1 1, comuni 0, terminals 1 ordered 0 = 0+0+0, 0 0", // Association, ministry, and who is not known.
		all)
	f(true, false,
		"01 : bodies 3 2 3 2, comuni 2, terminals 5 ordered 7 = 4+1+2, 1 2",
		"02 : bodies 0 0 0 0, comuni 1, terminals 0 ordered 2 = 2+0+0, 0 0",
		"00 : bodies 2 0 1 1, comuni 0, terminals 1 ordered 0 = 0+0+0, 0 0",
		all)
	f(false, true,
		"00 under-5000: bodies 1 1 1 1, comuni 1, terminals 2 ordered 4 = 2+1+1, 0 0",
		"00 5000-40000: bodies 0 0 0 0, comuni 1, terminals 0 ordered 2 = 2+0+0, 0 0",
		"00 from-200000: bodies 1 0 1 1, comuni 1, terminals 0 ordered 3 = 2+0+1, 1 2",
		"00 : bodies 3 1 2 1, comuni 0, terminals 4 ordered 0 = 0+0+0, 0 0",
		all)
	f(false, false, "00 : "+strings.TrimPrefix(all, "all: "), all)

	rows, total := network.Figures(network.Question{Day: day(t, "2009-01-01"), Until: time.Date(2009, 1, 1, 23, 0, 0, 0, time.UTC), ByRegion: true}, c.network, c.lists, c.seen)
	if len(rows) != 0 || total != (network.Counts{}) {
		t.Errorf("before there was anything: got %+v, %+v", rows, total)
	}
}

// TestRowsAddUp: whatever rows are by, they come to the same sum, and terminals that may
// vote are active, idle or silent.
func TestRowsAddUp(t *testing.T) {
	lists := newCountry(t).lists
	comuni := lists.ComuniAt(day(t, "2026-11-27"))
	rapid.Check(t, func(rt *rapid.T) {
		c := &country{t: t, network: bodies.New(new(schema.Terminals)), lists: lists, seen: make(map[schema.TerminalID]network.Seen), next: 1}
		pick := func() schema.ComuneID { return comuni[rapid.IntRange(0, len(comuni)-1).Draw(rt, "comune")].ID }
		for i := range rapid.IntRange(0, 6).Draw(rt, "bodies") {
			kind := rapid.SampledFrom([]bodies.BodyType{bodies.TypeComune, bodies.TypeUnion}).Draw(rt, "type")
			c.body(fmt.Sprint("b", i), kind, "2026-01-01", pick())
			if rapid.Bool().Draw(rt, "ordered") {
				c.order(fmt.Sprint("b", i), "2026-02-01", 1)
			}
		}
		for range rapid.IntRange(0, 12).Draw(rt, "terminals") {
			ago := func() time.Time {
				return until().Add(-time.Duration(rapid.IntRange(1, 60*24).Draw(rt, "hours ago")) * time.Hour)
			}
			id := c.terminal(pick(), network.Seen{Vote: ago(), Sign: ago()}, func(e *schema.Enrolment) {
				if e.Since = ago(); rapid.Bool().Draw(rt, "of a body") {
					e.Body = schema.BodyCode(fmt.Sprint("b", rapid.IntRange(0, 6).Draw(rt, "body")))
				}
			})
			switch rapid.IntRange(0, 5).Draw(rt, "end") {
			case 0:
				c.put(schema.Closure{Terminal: id, At: ago()}.RegistryRecord)
			case 1:
				c.put(schema.Revocation{Terminal: id, At: ago()}.RegistryRecord)
			}
		}
		var first network.Counts
		for i, by := range [][2]bool{{false, false}, {true, false}, {false, true}, {true, true}} {
			_, total := network.Figures(network.Question{Day: day(rt, "2026-11-27"), Until: until(), ByRegion: by[0], ByClass: by[1]}, c.network, lists, c.seen)
			if i == 0 {
				first = total
			}
			if total != first || total.TerminalsClaimed != total.TerminalsActive+total.TerminalsIdle+total.TerminalsSilent ||
				total.Active > total.Enrolled || total.Enrolled > total.Joined || total.Ordered > total.Joined {
				rt.Fatalf("by %v: got %+v, want %+v", by, total, first)
			}
		}
	})
}

// ask makes the answer to values, as the service would.
func ask(t *testing.T, c *country, values question.Values) (*answer.Document, error) {
	t.Helper()
	clock, err := calendar.Rome()
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 11, 27, 22, 30, 0, 0, time.UTC) // Half past eleven in Rome.
	e := network.Endpoint(c)
	inquiry, err := e.Ask(question.NewVocabulary(c.lists, clock), values, now)
	if err != nil {
		return nil, err
	}
	if len(inquiry.Questions()) != 0 || inquiry.Settled() || inquiry.Name() == "" {
		t.Error("it counts votes, or never changes")
	}
	return inquiry.Answer(t.Context(), answer.Reading{Moment: meta.Moment{At: now, Disclosure: "none"}})
}

func TestAnswer(t *testing.T) {
	c := piemonte(t)
	d, err := ask(t, c, question.Values{"by": {"region"}})
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	if err := d.WriteJSON(&text); err != nil {
		t.Fatal(err)
	}
	want := `"at":"2026-11-27","known_since":null,"total":{"bodies_joined":5,"bodies_ordered":2,"bodies_enrolled":4,"bodies_active":3,"comuni":3,"terminals_ordered":6,"terminals_claimed":9,` +
		`"terminals_active":6,"terminals_idle":1,"terminals_silent":2,"terminals_closed":1,"terminals_revoked":2},"rows":[` +
		`{"region":"01","region_name":"Piemonte","bodies_joined":3,"bodies_ordered":2,"bodies_enrolled":3,"bodies_active":2,"comuni":2,"terminals_ordered":5,"terminals_claimed":7,` +
		`"terminals_active":4,"terminals_idle":1,"terminals_silent":2,"terminals_closed":1,"terminals_revoked":2},`
	if !strings.HasPrefix(text.String(), want) || !strings.Contains(text.String(), `{"region":null,"region_name":null,"bodies_joined":2,`) {
		t.Errorf("got\n%s\nwant\n%s", text.String(), want)
	}
	sheet := d.Table()
	header := "region,region_name,bodies_joined,bodies_ordered,bodies_enrolled,bodies_active,comuni,terminals_ordered,terminals_claimed,terminals_active,terminals_idle,terminals_silent,terminals_closed,terminals_revoked\r\n"
	if got := string(sheet.AppendCSVHeader(nil)); got != header {
		t.Errorf("got %s", got)
	}
	if got := string(sheet.AppendCSV(nil, 1)); got != "02,Valle d'Aosta/Vallée d'Aoste,0,0,0,0,1,0,2,2,0,0,0,0\r\n" {
		t.Errorf("got %s", got)
	}
	if got := string(sheet.AppendCSV(nil, 2)); got != ",,2,0,1,1,0,1,0,0,0,0,0,0\r\n" {
		t.Errorf("got %s", got)
	}
	if d, err = ask(t, c, question.Values{}); err != nil || string(d.Table().AppendCSV(nil, 0)) != "01,Piemonte,under-5000,Meno di 5.000 residenti,1,1,1,1,1,2,4,2,1,1,0,0\r\n" {
		t.Errorf("got %v, %s", err, d.Table().AppendCSV(nil, 0))
	}
	if d, err = ask(t, c, question.Values{"by": {"population_class,region"}, "at": {"2026-11-27"}}); err != nil || d.Rows() != 5 || strings.Join(d.Meta.By, ",") != "region,population_class" {
		t.Errorf("got %v, %d rows by %v", err, d.Rows(), d.Meta.By)
	}

	f := func(parameter string, values question.Values) {
		t.Helper()
		_, err := ask(t, c, values)
		var wrong *question.Error
		if !errors.As(err, &wrong) || wrong.Parameter != parameter {
			t.Errorf("%v: got %v, want an error of %s", values, err, parameter)
		}
	}
	f("at", question.Values{"at": {"2026-11-28"}})
	f("at", question.Values{"at": {"yesterday"}})
	f("at", question.Values{"at": {"2026-11-01", "2026-11-02"}})
	f("by", question.Values{"by": {"comune"}})
	f("by", question.Values{"by": {""}})
}

// TestWhatIsNotKnownIsNotSaid: of terminals that nobody has seen it is not said that they
// are silent, where they may have been seen.
func TestWhatIsNotKnownIsNotSaid(t *testing.T) {
	c := piemonte(t)
	f := func(what, warning, row string, change func()) {
		t.Helper()
		c.since, c.signless = time.Time{}, false
		change()
		d, err := ask(t, c, question.Values{"by": {"region"}})
		if err != nil {
			t.Fatal(err)
		}
		var codes []string
		for _, w := range d.Meta.Warnings {
			if codes = append(codes, w.Code); w.Text == "" {
				t.Errorf("%s: a warning says nothing", what)
			}
		}
		if got := strings.Join(codes, ","); got != warning {
			t.Errorf("%s: got warnings %q, want %q", what, got, warning)
		}
		if got := string(d.Table().AppendCSV(nil, 0)); got != "01,Piemonte,3,2,3,"+row+"\r\n" {
			t.Errorf("%s: got %s, want %s", what, got, row)
		}
		var text strings.Builder
		if err := d.WriteJSON(&text); err != nil {
			t.Fatal(err)
		}
		if silent := strings.Contains(text.String(), `"terminals_silent":null`); silent != (warning != "") {
			t.Errorf("%s: got %s", what, text.String())
		}
		if got, want := strings.Contains(text.String(), `"known_since":null`), c.since.IsZero(); got != want {
			t.Errorf("%s: got %s", what, text.String())
		}
		head := string(d.Meta.Head().Append(nil, d.Meta))
		if got := strings.Contains(head, `"warnings":[{"code":"`+warning+`","text":"`); got != (warning != "") {
			t.Errorf("%s: got head %s", what, head)
		}
	}
	begin := until().AddDate(0, 0, -30)
	const all, votes, signs = "2,2,5,7,4,1,2,1,2", ",2,5,7,,,,1,2", "2,2,5,7,4,,,1,2"
	f("all is known", "", all, func() {})
	f("since the first of the days, and as long before as clocks are apart", "", all, func() { c.since = begin.Add(-5 * time.Minute) })
	f("a moment of the days is not known", "votes-not-known", votes, func() { c.since = begin.Add(-5*time.Minute + time.Millisecond) })
	f("nothing is known", "votes-not-known", votes, func() { c.since, c.signless = until(), true })
	f("signs are read", "signs-not-known", signs, func() { c.signless = true })
	active := c.terminal(torino, network.Seen{Vote: until().Add(-time.Hour), Later: true}, func(e *schema.Enrolment) { e.Test = true })
	f("one for tests, whose signs are later", "", all, func() {})
	c.seen[active] = network.Seen{}
	c.terminal(torino, network.Seen{Vote: until().Add(-time.Hour), Later: true}, nil)
	f("one that voted, and whose signs are later", "", "2,2,5,8,5,1,2,1,2", func() {})
	c.terminal(torino, network.Seen{Later: true}, nil)
	f("one that did not", "signs-not-known", "2,2,5,9,5,,,1,2", func() {})
}
