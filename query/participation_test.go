package query_test

import (
	"testing"

	"mlf/query"
	"mlf/schema"
	book "mlf/schema/served"
)

type turnout struct {
	N                       uint64
	Votes, Served           *uint64
	Participation, Coverage *float64
	Comune, Channel         string
}

// What is known is set against the votes of the same places and days, what is not is
// null; numbers that come change the answer, though no vote does.
func TestParticipation(t *testing.T) {
	w := newWorld(t, query.Config{Now: noon})
	at := hour(t, "2026-11-10T08:00:00Z")
	vote := func(channel schema.Channel, day schema.Hour, n uint64) {
		c := cell(at + 24*day)
		c.Channel = channel
		w.memory.vote(c, schema.Green, n)
	}
	vote(schema.ChannelCounter, 0, 30)
	vote(schema.ChannelCounter, 1, 10)
	vote(schema.ChannelWeb, 0, 60)
	const all = "/v1/participation?period=2026-11"
	rows := func(target string) []turnout {
		t.Helper()
		return ask[struct{ Rows []turnout }](w, target).Rows
	}
	before := w.get(all)
	w.served.SetComplete()
	if got := rows(all)[0]; got.N != 100 || got.Served != nil || got.Participation != nil || got.Coverage != nil {
		t.Errorf("got %+v, want null", got)
	}
	c := cell(at)
	key := book.Key{Comune: c.Comune, Office: c.Office, Service: c.Service, Channel: schema.ChannelCounter, Day: schema.DayOf(at.Time())}
	empty := key
	empty.Day += 5
	w.served.Note(book.Served{Key: key, Revision: 1, Users: 100}, book.Served{Key: empty, Revision: 1, Users: 20})
	if got := rows(all)[0]; got.N != 100 || *got.Votes != 30 || *got.Served != 120 || *got.Participation != 0.25 || *got.Coverage != 0.3 {
		t.Errorf("got %+v", got)
	}
	if after := w.get(all); after.Header.Get("ETag") == before.Header.Get("ETag") {
		t.Error("the tag is the same")
	}
	by := rows(all + "&by=channel")
	if len(by) != 2 || by[0].Channel != "counter" || *by[0].Served != 120 || *by[0].Coverage != 0.75 || by[1].N != 60 || by[1].Served != nil {
		t.Errorf("got %+v", by)
	}
	stars := c
	stars.Scale, stars.Channel = schema.ScaleStars5, schema.ChannelCounter
	w.memory.vote(stars, 5, 6)
	if got := rows(all)[0]; got.N != 106 || *got.Votes != 36 || *got.Served != 120 {
		t.Errorf("with stars: got %+v", got)
	}
	if got := rows(all + "&scale=mlf3")[0]; got.N != 100 || *got.Votes != 30 {
		t.Errorf("faces alone: got %+v", got)
	}
	// A day that is cut has no users, a day of another comune none here.
	if got := rows("/v1/participation?from=2026-11-10T06:00:00Z&to=2026-11-12")[0]; got.N != 106 || got.Served != nil {
		t.Errorf("got %+v", got)
	}
	if got := rows(all + "&comune=015146")[0]; got.N != 0 || got.Served != nil {
		t.Errorf("got %+v", got)
	}
	page := ask[struct{ Participation turnout }](w, "/v1/comuni/058091").Participation
	if *page.Participation != 0.3 || *page.Votes != 36 {
		t.Errorf("got %+v", page)
	}
	if page := ask[struct{ Participation turnout }](w, "/v1/regions/03").Participation; page.Served != nil {
		t.Errorf("got %+v", page)
	}
	if page := ask[struct{ Participation turnout }](w, "/v1/national").Participation; *page.Served != 120 {
		t.Errorf("got %+v", page)
	}
}
