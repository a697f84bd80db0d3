package question

import (
	"errors"
	"net/url"
	"reflect"
	"slices"
	"testing"
	"time"
	_ "time/tzdata" // As main does.

	"mlf/query/calendar"
	"mlf/schema/schematest"
)

func vocabulary(t testing.TB) *Vocabulary {
	t.Helper()
	reg := schematest.Lists(t)
	clock, err := calendar.Rome()
	if err != nil {
		t.Fatal(err)
	}
	return NewVocabulary(reg, clock)
}

// FuzzAsk: whatever stands in a query, it is a question that keeps to the limits,
// the same each time, or the sender's mistake.
func FuzzAsk(f *testing.F) {
	for _, seed := range []string{
		"from=2026-11-01&to=2026-11-02",
		"from=2026-11-01T08:00:00Z&to=2026-11-01T09:00:00+01:00&group=region,day&class=all",
		"from=2021-11-01&to=2026-11-01&group=comune&group=service&region=12&province=058",
		"from=2026-01-01&to=2026-02-01&group=scale,week&scale=mlf3,stars5&comune=058091&service=anagrafe&channel=totem&office=A",
		"from=2026-11-01&to=2026-11-02&region=01&province=058",
		"from=now-7d/d&to=now",
		"from=1793520000&to=1793523600000&group=hour",
		"from=2026-11-01&from=2026-11-02&to=zz&group=,&class=ok,all",
		"period=2026-Q4&compare=previous&fill=zero&group=month,macro_area&small=true&category=turismo&at_least=AQIBAg",
		"period=last-30-days&compare=year-weekday&group=weekday,hour_of_day&weekday=1,2&hour_of_day=8&day_kind=working&working_day=true",
		"period=2026-W53&compare=2020-01-01/2020-02-01&population_class=under-5000&quarter=2026-Q4&year=2026",
	} {
		f.Add(seed)
	}
	v := vocabulary(f)
	now := time.Date(2026, 11, 22, 9, 17, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, query string) {
		values, err := url.ParseQuery(query)
		if err != nil {
			return
		}
		q, err := v.Ask(values, now)
		if err != nil {
			var wrong *Error
			if !errors.As(err, &wrong) || wrong.Parameter == "" || wrong.Detail == "" {
				t.Errorf("%q: got %v, want an Error", query, err)
			}
			return
		}
		again, err := v.Ask(values, now)
		if err != nil || q.String() != again.String() || !reflect.DeepEqual(q.Filters, again.Filters) {
			t.Errorf("%q: got %+v, then %+v, %v", query, q, again, err)
		}
		if q.From >= q.Next || q.Next.Time().After(q.From.Time().In(v.clock.Zone()).AddDate(yearsMax, 0, 0)) {
			t.Errorf("%q: from %v to %v", query, q.From, q.Next)
		}
		if len(q.scales) == 0 || len(q.scales) > 1 && !q.Has("scale") {
			t.Errorf("%q: adds up scales %v", query, q.scales)
		}
		if !slices.IsSorted(q.comuni) {
			t.Errorf("%q: comuni %v", query, q.comuni)
		}
		if c := q.Compare; c != nil && (c.Of.From != q.From || c.Of.Next > q.Next || c.With.Next < c.With.From) {
			t.Errorf("%q: compares %v of %v", query, c, q.Span)
		}
		frame := q.Frame(q.Span)
		if frame.Hours != nil && len(frame.Hours) != int(q.Next-q.From) {
			t.Errorf("%q: %d hours have a group", query, len(frame.Hours))
		}
	})
}
