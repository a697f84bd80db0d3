package query

import (
	"errors"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"testing"
	"time"

	"mlf/schema"
	"mlf/schema/registry"
)

// FuzzAsk: whatever stands in a query, it is a question that keeps to the limits,
// the same each time, or the sender's mistake.
func FuzzAsk(f *testing.F) {
	for _, seed := range []string{
		"from=2026-11-01&to=2026-11-02",
		"from=2026-11-01T08:00:00Z&to=2026-11-01T09:00:00+01:00&group=region,day&class=all&format=csv",
		"from=2021-11-01&to=2026-11-01&group=comune&group=service&top=10&region=12&province=058",
		"from=2026-01-01&to=2026-02-01&group=scale,week&scale=mlf3,stars5&comune=058091&service=anagrafe&channel=totem&office=A",
		"from=2026-11-01&to=2026-11-02&region=01&province=058",
		"from=now-7d/d&to=now&_=1&utm_source=%zz",
		"from=1793520000&to=1793523600000&group=hour",
		"from=2026-11-01&from=2026-11-02&to=%zz;&group=,&top=-1&class=ok,all",
	} {
		f.Add(seed, "text/csv;q=0.5, */*")
	}
	zone := rome(f)
	clock := clock{time.Date(2026, 11, 22, 9, 17, 0, 0, time.UTC), zone}
	reg, err := registry.Load()
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, query, accept string) {
		r := &http.Request{URL: &url.URL{Path: "/v1/stats", RawQuery: query}, Header: http.Header{"Accept": {accept}}}
		q, err := ask(r, reg, clock)
		if err != nil {
			var p *problem
			if !errors.As(err, &p) || p.Status != http.StatusBadRequest {
				t.Errorf("%q: got %v, want a 400", query, err)
			}
			return
		}
		again, err := ask(r, reg, clock)
		if err != nil || !reflect.DeepEqual(q, again) {
			t.Errorf("%q: got %+v, then %+v, %v", query, q, again, err)
		}
		if q.From >= q.Next || q.Next.Time().After(q.From.Time().In(zone).AddDate(yearsMax, 0, 0)) {
			t.Errorf("%q: from %v to %v", query, q.From, q.Next)
		}
		if q.top < 0 || q.top > topMax || len(q.Scales) == 0 || q.nothing && len(q.Provinces) > 0 {
			t.Errorf("%q: got %+v", query, q)
		}
		if len(q.Scales) > 1 && !slices.Contains(q.Group, schema.ColumnScale) {
			t.Errorf("%q: adds up scales %v", query, q.Scales)
		}
	})
}
