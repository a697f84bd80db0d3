package bulletin_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"mlf/query/bulletin"
	"mlf/query/calendar"
	"mlf/query/disclosure"
	"mlf/query/question"
	"mlf/schema"
	"mlf/schema/registry"
	"mlf/schema/schematest"
)

// A paper is what is published, as a test has it.
type paper struct {
	releases []schema.Release
	lots     *disclosure.Lots
	turnout  []schema.Turnout // Of every release; nil: not known.
}

func (p *paper) Releases() []schema.Release { return p.releases }
func (p *paper) Lots() *disclosure.Lots     { return p.lots }
func (p *paper) Turnout(uint32, schema.Day) ([]schema.Turnout, bool) {
	return p.turnout, p.turnout != nil
}

func day(m time.Month, d int) schema.Day {
	return schema.Day(calendar.DayOf(calendar.MonthOf(2026, m), d))
}

type printer struct {
	*bulletin.Press
	source *paper
}

// press returns a press of lots of October, published on 4 November.
func press(t testing.TB, lots ...schema.Lot) printer {
	t.Helper()
	names := schematest.Lists(t)
	clock, err := calendar.Rome()
	if err != nil {
		t.Fatal(err)
	}
	account := schema.ReleaseMonth{First: day(time.October, 1), Waiting: 5}
	for i := range lots {
		account.Counted += lots[i].N()
	}
	account.Counted += account.Waiting
	source := &paper{
		releases: []schema.Release{{Number: 1, Attempt: 7, Today: day(time.November, 4), K: 3, Months: []schema.ReleaseMonth{account}, Written: time.Date(2026, 11, 4, 3, 0, 0, 0, time.UTC)}},
		lots:     disclosure.NewLots(clock, disclosure.PlacesOf(names, registry.Date(day(time.November, 4)))).With(1, lots),
	}
	return printer{bulletin.New(source, names, clock), source}
}

func (p printer) ask(t testing.TB, values question.Values) *bulletin.Document {
	t.Helper()
	e, err := p.Ask("2026-10", values, time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC))
	if err != nil {
		t.Fatal(err)
	}
	d, err := e.Document(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// rows returns of each row of a table the fields of the names, with blanks between.
func rows(t *testing.T, d *bulletin.Document, table string, names ...string) string {
	t.Helper()
	var text bytes.Buffer
	if err := d.WriteJSON(&text); err != nil {
		t.Fatal(err)
	}
	var all map[string]json.RawMessage
	if err := json.Unmarshal(text.Bytes(), &all); err != nil {
		t.Fatalf("%v: %s", err, text.String())
	}
	var list []map[string]any
	if err := json.Unmarshal(all[table], &list); err != nil {
		list = []map[string]any{nil}
		if err := json.Unmarshal(all[table], &list[0]); err != nil {
			t.Fatal(err)
		}
	}
	var of []string
	for _, row := range list {
		var values []string
		for _, name := range names {
			values = append(values, fmt.Sprint(row[name]))
		}
		of = append(of, strings.Join(values, " "))
	}
	return strings.Join(of, "; ")
}

func lot(level schema.LotLevel, s schema.Spot, values ...uint64) schema.Lot {
	s.Scale = max(s.Scale, schema.ScaleMLF3)
	l := schema.Lot{LotLabel: schema.LotLabel{Level: level, Spot: s}, First: day(time.October, 1), Last: day(time.October, 31)}
	copy(l.Values[:], values)
	return l
}

const (
	roma   = schema.ComuneID(58091)
	milano = schema.ComuneID(15146)
)

// country has lots of all levels.
func country() []schema.Lot {
	lazio := lot(schema.LotRegion, schema.Spot{}, 4)
	lazio.Region = 12
	stars := lot(schema.LotChannel, schema.Spot{Comune: roma, Service: 1, Channel: schema.ChannelWeb, Scale: schema.ScaleStars5}, 1, 1, 1, 1, 1)
	return []schema.Lot{
		lot(schema.LotOffice, schema.Spot{Comune: roma, Office: "eur", Service: 1, Channel: schema.ChannelCounter}, 10, 0, 30),
		lot(schema.LotChannel, schema.Spot{Comune: roma, Service: 1, Channel: schema.ChannelCounter}, 0, 5, 5),
		lot(schema.LotService, schema.Spot{Comune: roma, Service: 1}, 3),
		lot(schema.LotChannel, schema.Spot{Comune: milano, Service: 4, Channel: schema.ChannelWeb}, 0, 0, 50),
		lazio, stars,
	}
}

func TestTables(t *testing.T) {
	p := press(t, country()...)
	p.source.turnout = []schema.Turnout{
		{Comune: roma, Service: 1, Channel: schema.ChannelCounter, Votes: 50, Users: 200}, {Comune: milano, Service: 4, Channel: schema.ChannelWeb, Votes: 50, Users: 100},
	}
	f := func(values question.Values, table, names, want string) {
		t.Helper()
		if got := rows(t, p.ask(t, values), table, strings.Fields(names)...); got != want {
			t.Errorf("%s of %v: got %s, want %s", table, values, got, want)
		}
	}
	f(nil, "headline", "n green_share weekly_mean status previous_n", "107 0.794392523364486 24.161290322580644 [P] <nil>")
	f(nil, "macro_areas", "macro_area n status", "nord-ovest 50 [P]; centro 57 [P]")
	f(nil, "places", "level code n status", "region 03 50 [P]; region 12 57 [P]")
	f(question.Values{"region": {"12"}}, "places", "level code n status", "province 058 53 [Q P]") // Four are of the region alone.
	f(question.Values{"province": {"058"}}, "places", "level code n status", "comune 058091 53 [Q P]")
	f(question.Values{"comune": {"058091"}}, "places", "level code n", "office eur 40")
	f(question.Values{"comune": {"058091"}}, "headline", "n status", "53 [Q P]")
	f(nil, "channels", "channel n status", "counter 50 [Q P]; web 50 [Q P]")
	f(question.Values{"comune": {"058091"}}, "services", "service n status", "anagrafe 53 [Q P]")
	f(nil, "coverage", "comuni_of comuni offices services channels", "7894 2 1 2 2")
	f(nil, "participation", "by code n votes served participation", "all  112 100 300 0.3333333333333333; "+
		"macro_area centro 62 50 200 0.25; macro_area nord-ovest 50 50 100 0.5; region 03 50 50 100 0.5; region 12 62 50 200 0.25; "+
		"channel counter 50 50 200 0.25; channel web 55 50 100 0.5; category anagrafe-stato-civile 58 50 200 0.25; category tributi-finanze 50 50 100 0.5")
	f(question.Values{"region": {"03"}}, "participation", "by code served", "all  100; macro_area nord-ovest 100; province 015 100; channel web 100; category tributi-finanze 100")
	f(nil, "revisions", "vintage release published n n_change", "1 1 2026-11-04 107 <nil>")
	f(nil, "meta", "vintage published waiting k provisional generated_at", "1 112 3 3 true 2026-11-04T03:00:00Z")
	p.source.turnout = nil
	if got := rows(t, press(t, country()...).ask(t, nil), "participation", "by", "n", "served"); !strings.HasPrefix(got, "all 112 <nil>; ") {
		t.Errorf("nothing known: got %s", got)
	}
}

// TestAPressWithoutReleases says so: what is not there yet may come within minutes.
func TestAPressWithoutReleases(t *testing.T) {
	p := press(t)
	p.source.releases = nil
	if _, err := p.Ask("2026-10", nil, time.Now()); !errors.Is(err, disclosure.ErrUnpublished) {
		t.Errorf("got %v, want %v", err, disclosure.ErrUnpublished)
	}
}

// BenchmarkBulletin makes the nation's bulletin of a month of 600,000 lots, and a
// comune's.
func BenchmarkBulletin(b *testing.B) {
	names := schematest.Lists(b)
	var lots []schema.Lot
	for i, c := range names.ComuniAt(registry.Date(day(time.October, 1))) {
		for k := range 76 {
			l := lot(schema.LotChannel, schema.Spot{Comune: c.ID, Service: schema.ServiceID(1 + k%7), Channel: schema.Channel(1 + k%2)}, uint64(i%3), 1, 2)
			l.First, l.Last = day(time.October, 1+k%28), day(time.October, 3+k%28)
			lots = append(lots, l)
		}
	}
	p := press(b, lots...)
	for name, values := range map[string]question.Values{"nation": nil, "comune": {"comune": {"058091"}}} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				p.source.releases[0].Attempt++ // Another bulletin, so that it is made.
				p.ask(b, values)
			}
		})
	}
}
