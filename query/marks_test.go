package query_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"mlf/query"
	"mlf/schema"
	"mlf/schema/annotation"
)

// A shown is a figure whose count may be hidden.
type shown struct {
	N          *uint64
	GreenShare *float64 `json:"green_share"`
	Status     []string
}

func (s shown) String() string {
	if s.N == nil {
		return "null" + strings.Join(s.Status, "")
	}
	return fmt.Sprint(*s.N, strings.Join(s.Status, ""))
}

type shownTrend struct {
	Series []struct {
		Total, CompareTotal shown
		Points, Compare     []shown
	}
}

// TestBreaks: a figure whose time holds a day of a break, and whose votes it may be about,
// says so; others do not.
func TestBreaks(t *testing.T) {
	w := newWorld(t, query.Config{Now: noon})
	w.notes.SetComplete()
	for _, at := range []string{"2026-06-10T08:00:00Z", "2026-07-10T08:00:00Z", "2026-08-10T08:00:00Z"} {
		for _, comune := range []schema.ComuneID{roma, milano} {
			c := cell(hour(t, at))
			c.Comune = comune
			w.memory.vote(c, schema.Green, 40)
		}
	}
	const trend = "/v1/trend?from=2026-06-01&to=2026-09-01&step=month"
	f := func(target, want string) {
		t.Helper()
		var got []string
		for _, s := range ask[shownTrend](w, target).Series {
			got = append(got, fmt.Sprint(s.Total, s.Points))
		}
		if text := strings.Join(got, " "); text != want {
			t.Errorf("%s: got %s, want %s", target, text, want)
		}
	}
	before := w.get(trend + "&by=comune")
	w.note(annotation.Break, "roma", "2026-07-31", map[string][]string{"comune": {"058091"}, "channel": {"totem", "counter"}})
	w.note(annotation.Event, "event", "2026-06-01", nil)
	w.note(annotation.Break, "nowhere", "2026-06-01", map[string][]string{"service": {"not of this registry"}})
	if again := w.get(trend+"&by=comune", "If-None-Match", before.Header.Get("ETag")); again.StatusCode != http.StatusOK {
		t.Errorf("after a break: got %d", again.StatusCode)
	}
	f(trend+"&by=comune", "120A [40A 40A 40A] 120B [40A 40B 40A]")
	f(trend+"&by=region", "120A [40A 40A 40A] 120B [40A 40B 40A]")
	f(trend, "240B [80A 80B 80A]")
	f(trend+"&comune=015146", "120A [40A 40A 40A]")
	f(trend+"&channel=counter&by=channel", "240B [80A 80B 80A]")
	status := func(target, path string, want ...string) {
		t.Helper()
		var got []string
		for _, s := range strings.SplitAfter(string(w.get(target).body), path)[1:] {
			if _, s, ok := strings.Cut(s, `"status":`); ok {
				got = append(got, s[:strings.Index(s, "]")+1])
			}
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%s: got %v, want %v", target, got, want)
		}
	}
	const july = "period=2026-07"
	status("/v1/stats?group=comune&"+july, `"comune":`, `["A"]`, `["B"]`)
	status("/v1/stats?group=day&fill=zero&from=2026-07-30&to=2026-08-01", `"day":`, `["A"]`, `["B"]`)
	status("/v1/ranking?by=comune&"+july, `"comune":`, `["A"]`, `["B"]`)
	status("/v1/ranking?by=comune&period=2026-08", `"comune":`, `["A"]`, `["A"]`)
	status("/v1/compare?a=period%3D2026-07&b=period%3D2026-08&c=period%3D2026-07%26comune%3D015146", `"selection":`, `["B"]`, `["A"]`, `["A"]`)
	status("/v1/reasons?by=comune&"+july, `"face":"green"`, `["A"]`, `["B"]`)
	status("/v1/heatmap?"+july, `"total":`, `["B"]`)
	status("/v1/heatmap?"+july+"&channel=web", `"total":`, `["A"]`)
	status("/v1/comuni/058091?"+july, `"headline":`, `["B"]`)
	status("/v1/comuni/058091?"+july, `"service":`, `["B"]`)
	status("/v1/comuni/058091?"+july, `"day":"2026-07-31"`, `["B"]`)
	status("/v1/comuni/058091?"+july, `"day":"2026-07-30"`, `["A"]`)
	status("/v1/national?"+july, `"region":`, `["A"]`, `["B"]`)
	status("/v1/comuni/015146?"+july, `"headline":`, `["A"]`)
}

// enrolled puts a terminal of a comune's counter, from a time on, to another if it was
// revoked.
func (w *world) enrolled(comune schema.ComuneID, since, revoked string) {
	w.t.Helper()
	at, err := time.Parse(time.DateOnly, since)
	if err != nil {
		w.t.Fatal(err)
	}
	e := &schema.Enrolment{
		Terminal: schema.NewTerminalID(), Comune: comune, Channel: schema.ChannelCounter, Scale: schema.ScaleMLF3,
		Services: []schema.EnrolledService{{Code: "anagrafe", ID: 1}}, Since: at,
	}
	put := func(key string, value []byte, err error) {
		if err == nil {
			err = w.terms.Apply(key, value)
		}
		if err != nil {
			w.t.Fatal(err)
		}
	}
	put(e.RegistryRecord())
	if revoked != "" {
		if at, err = time.Parse(time.DateOnly, revoked); err != nil {
			w.t.Fatal(err)
		}
		put(schema.Revocation{Terminal: e.Terminal, At: at}.RegistryRecord())
	}
}

// TestNobodyWasThere: no votes of a place where no terminal was is no 0; where one was,
// and where it is not told by place or not known, it is.
func TestNobodyWasThere(t *testing.T) {
	now := noon()
	w := newWorld(t, query.Config{Now: func() time.Time { return now }})
	for _, comune := range []schema.ComuneID{roma, milano} {
		c := cell(hour(t, "2026-07-10T08:00:00Z"))
		c.Comune = comune
		w.memory.vote(c, schema.Green, 40)
	}
	w.enrolled(roma, "2026-07-05", "")
	w.enrolled(milano, "2026-05-01", "2026-08-01")
	const trend = "/v1/trend?from=2026-06-01&to=2026-10-01&step=month"
	f := func(target, want string) {
		t.Helper()
		var got []string
		for _, s := range ask[shownTrend](w, target).Series {
			got = append(got, fmt.Sprint(s.Points))
		}
		if text := strings.Join(got, " "); text != want {
			t.Errorf("%s: got %s, want %s", target, text, want)
		}
	}
	f(trend+"&by=comune", "[0A 40A 0A 0A] [0A 40A 0A 0A]") // Not all terminals are known.
	w.terms.SetComplete()
	f(trend+"&by=comune", "[0A 40A 0A nullM] [nullM 40A 0A 0A]")
	f(trend+"&by=province", "[0A 40A 0A nullM] [nullM 40A 0A 0A]")
	f(trend+"&by=channel", "[0A 80A 0A 0A]")
	f(trend, "[0A 80A 0A 0A]")
	rows := ask[struct{ Rows []shown }](w, "/v1/stats?from=2026-06-01&to=2026-10-01&group=comune,month&fill=zero").Rows
	if text := fmt.Sprint(rows); text != "[0A 40A 0A nullM nullM 40A 0A 0A]" {
		t.Errorf("statistics: got %s", text)
	}
	type page struct {
		Headline shown
		Days     []shown
	}
	got := ask[page](w, "/v1/comuni/015146?from=2026-07-30&to=2026-08-03")
	if text := fmt.Sprint(got.Headline, got.Days); text != "0A [0A 0A 0A nullM]" {
		t.Errorf("page: got %s", text)
	}
	if got := ask[page](w, "/v1/comuni/015146?period=2026-09"); got.Headline.String() != "nullM" {
		t.Errorf("page: got %s", got.Headline)
	}
	if got := ask[page](w, "/v1/regions/03?period=2026-07"); fmt.Sprint(got.Headline, got.Days[:2]) != "40A [0A 0A]" {
		t.Errorf("page: got %s %s", got.Headline, got.Days[:2])
	}
	tag := w.get(trend + "&by=comune").Header.Get("ETag")
	w.enrolled(milano, "2026-08-15", "")
	if again := w.get(trend+"&by=comune", "If-None-Match", tag); again.StatusCode != http.StatusNotModified {
		t.Errorf("within two seconds: got %d", again.StatusCode)
	}
	now = now.Add(3 * time.Second)
	if again := w.get(trend+"&by=comune", "If-None-Match", tag); again.StatusCode != http.StatusOK {
		t.Errorf("after that: got %d", again.StatusCode)
	}
}

// TestFiguresThatLackVotesSaySo: what is shown of them are the others, and where there is
// none, it is not 0.
func TestFiguresThatLackVotesSaySo(t *testing.T) {
	inBubble(t, query.DisclosureLots, nil, func(t *testing.T, g *guarded) {
		g.cast(roma, schema.Green, 5)
		pass(24 * time.Hour)
		g.cast(roma, schema.Red, 1)
		pass(24 * time.Hour)
		g.cast(roma, schema.Red, 2)
		pass(30 * time.Hour)
		const days = "from=2000-01-29&to=2000-02-01"
		got := ask[shownTrend](g.world, "/v1/trend?"+days+"&step=day").Series[0]
		if text := fmt.Sprint(got.Total, got.Points); text != "5QRP [5PL nullQP nullQP]" && text != "5QP [5PL nullQP nullQP]" {
			t.Errorf("got %s", text)
		}
		f := func(target, want string) {
			t.Helper()
			if got := string(g.get(target).body); !strings.Contains(got, want) {
				t.Errorf("%s: got %s, want %s", target, got, want)
			}
		}
		page := ask[struct {
			Headline shown
			Days     []shown
		}](g.world, "/v1/regions/12?"+days)
		if text := fmt.Sprint(page.Headline, page.Days[1:]); text != "8PL [nullQP nullQP]" {
			t.Errorf("page: got %s", text)
		}
		f("/v1/ranking?by=comune&min_n=1&from=2000-01-29&to=2000-01-31", `"status":["Q","P"]`)
		f("/v1/reasons?from=2000-01-29&to=2000-01-31", `"status":["Q","P"]`)
		f("/v1/compare?a=from%3D2000-01-29%26to%3D2000-01-31&b=from%3D2000-01-01%26to%3D2000-02-01", `"status":["Q","P"]`)
		f("/v1/compare?a=from%3D2000-01-29%26to%3D2000-01-31&b=from%3D2000-01-01%26to%3D2000-02-01", `"status":["P","L"]`)
	})
}
