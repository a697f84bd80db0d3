package query_test

import (
	"net/http"
	"testing"
	"time"

	"mlf/query"
	"mlf/schema"
)

// TestThePublicIsToldOfDimensions: what rows can be by is no secret, nor what their
// values are called; of which months there are data is told as far as it is published.
func TestThePublicIsToldOfDimensions(t *testing.T) {
	inBubble(t, query.DisclosureLots, nil, func(t *testing.T, g *guarded) {
		c := cell(schema.HourOf(time.Now()))
		c.Comune = roma
		g.memory.voteFor(c, schema.Red, 1, 9)
		c.Class = schema.ClassBurst
		g.memory.voteFor(c, schema.Red, 1, 9)
		pass(48 * time.Hour)
		for _, name := range []string{"region", "province", "comune", "channel", "class", "month", "hour", "hour_of_day"} {
			var d struct {
				Data   struct{ First, Last *string }
				Values []struct {
					Code        string
					First, Last *string
				}
			}
			got := g.get("/v1/dimensions/" + name)
			if got.StatusCode != http.StatusOK {
				t.Errorf("%s: got %d %s", name, got.StatusCode, got.body)
				continue
			}
			got.json(t, &d)
			if d.Data.First == nil {
				t.Errorf("%s: no data, want those published", name)
			}
			for _, v := range d.Values {
				if with := v.First != nil; name == "region" && with != (v.Code == "12") || name == "class" && with != (v.Code == "ok") {
					t.Errorf("%s %s: data %t", name, v.Code, with)
				}
			}
		}
		if got := g.get("/v1/dimensions"); got.StatusCode != http.StatusOK {
			t.Errorf("got %d %s", got.StatusCode, got.body)
		}
	})
}
