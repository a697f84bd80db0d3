package query_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"mlf/query"
	"mlf/schema"
)

// TestPagesAddUpLotsOfEveryLevel: a page of the public has what its statistics have, also
// of lots that name no office, no service or no comune, or are of several days.
func TestPagesAddUpLotsOfEveryLevel(t *testing.T) {
	inBubble(t, query.DisclosureLots, nil, func(t *testing.T, g *guarded) {
		at := func(comune schema.ComuneID, office string, service schema.ServiceID, v schema.Value, n uint64) {
			c := cell(schema.HourOf(time.Now()))
			c.Comune, c.Service = comune, service
			var err error
			if c.Office, err = schema.ParseOffice(office); err != nil {
				t.Fatal(err)
			}
			g.memory.voteFor(c, v, 1, n)
		}
		for day := range uint64(3) { // From 29 to 31 January.
			at(roma, "a", 1, schema.Red, 1)
			at(roma, "b", 1, schema.Green, day)
			at(roma, "b", 2, schema.Red, 1)
			at(milano, "c", 1, schema.Red, 2)
			pass(24 * time.Hour)
		}
		at(schema.ComuneID(58104), "d", 1, schema.Green, 2) // On 1 February, as of the month that goes on.
		pass(9 * 24 * time.Hour)
		type counts struct{ Green, Yellow, Red, N *uint64 }
		type page struct {
			Headline counts
			Reasons  []struct{ Answered uint64 }
			Days     []counts
			Places   []counts
			Coverage struct{ Offices *uint64 }
		}
		number := func(n *uint64) string {
			if n == nil {
				return "-"
			}
			return fmt.Sprint(*n)
		}
		for address, filter := range map[string]string{
			"comuni/058091": "comune=058091", "comuni/015146": "comune=015146", "comuni/058104": "comune=058104",
			"regions/12": "region=12", "national": "small=",
		} {
			const period = "from=2000-01-01&to=2000-02-10"
			var p page
			got := g.get("/v1/" + address + "?" + period)
			if got.StatusCode != http.StatusOK {
				t.Fatalf("%s: got %d %s", address, got.StatusCode, got.body)
			}
			got.json(t, &p)
			if filter == "small=" {
				filter = ""
			}
			stats := g.shown("/v1/stats?" + period + "&" + filter)
			if want := "lots " + number(p.Headline.N); stats != want {
				t.Errorf("%s: the page has %s, its statistics %s", address, want, stats)
			}
			var days, reasons, places uint64
			for _, d := range p.Days {
				if d.N != nil {
					days += *d.N
				}
			}
			for _, r := range p.Reasons {
				reasons += r.Answered
			}
			for _, c := range p.Places {
				places += *c.N
			}
			n := *p.Headline.N
			if reasons != n || days > n || p.Places != nil && places != n {
				t.Errorf("%s: %d votes, %d of places, %d of days, %d with reasons", address, n, places, days, reasons)
			}
			if p.Coverage.Offices != nil {
				t.Errorf("%s: %d offices; lots do not say how many there are", address, *p.Coverage.Offices)
			}
		}
	})
}

// TestComparisonsAddUpLotsOfEveryLevel is that for comparisons.
func TestComparisonsAddUpLotsOfEveryLevel(t *testing.T) {
	inBubble(t, query.DisclosureLots, nil, func(t *testing.T, g *guarded) {
		g.cast(milano, schema.Green, 3)
		for _, channel := range []schema.Channel{schema.ChannelCounter, schema.ChannelWeb} {
			c := cell(schema.HourOf(time.Now()))
			c.Comune, c.Channel = roma, channel
			g.memory.vote(c, schema.Green, 2)
		}
		pass(12 * 24 * time.Hour)
		var got struct {
			Selections []struct{ N uint64 }
		}
		const period = "from=2000-01-01&to=2000-02-10"
		g.get("/v1/compare?"+period+"&a=comune%3D058091&b=comune%3D015146").json(t, &got)
		if len(got.Selections) != 2 || got.Selections[0].N != 4 || got.Selections[1].N != 3 {
			t.Errorf("got %+v", got)
		}
		if stats := g.shown("/v1/stats?" + period + "&comune=058091"); stats != "lots 4" {
			t.Errorf("statistics have %s", stats)
		}
	})
}
