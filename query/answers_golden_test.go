package query_test

import (
	"bytes"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"mlf/query"
	"mlf/schema"
)

// TestAnswersStayAsTheyAre holds whole answers of every endpoint. -update writes
// them anew.
func TestAnswersStayAsTheyAre(t *testing.T) {
	w := newWorld(t, query.Config{Now: noon})
	country(t, w.memory)
	talkative(t, w.memory)
	var got bytes.Buffer
	for _, ask := range goldenAnswers() {
		answer := w.get(ask)
		fmt.Fprintf(&got, "== %s\n%d\n", ask, answer.StatusCode)
		for _, name := range []string{"Content-Type", "Content-Disposition", "Cache-Control", "X-MLF-Excluded", "X-MLF-Span", "X-MLF-Compare", "X-MLF-Position"} {
			for _, value := range answer.Header.Values(name) {
				fmt.Fprintf(&got, "%s: %s\n", name, value)
			}
		}
		body := strings.ReplaceAll(string(answer.body), answer.Header.Get("X-Request-ID"), "ID")
		body = strings.ReplaceAll(strings.ReplaceAll(body, "\r\n", "\\r\\n\n"), "},{", "},\n{") // A line each, to be read.
		fmt.Fprintf(&got, "%s\n", body)
		if answer.StatusCode == http.StatusOK {
			w.checkHead(ask, answer)
		}
	}
	golden(t, "answers.golden", got.Bytes())
}

// checkHead looks whether HEAD and the tag say what GET did.
func (w *world) checkHead(ask string, answer reply) {
	w.t.Helper()
	if head := w.do(http.MethodHead, ask); head.StatusCode != http.StatusOK || len(head.body) > 0 || head.Header.Get("ETag") != answer.Header.Get("ETag") {
		w.t.Errorf("%s: HEAD got %d, %d bytes, %q", ask, head.StatusCode, len(head.body), head.Header.Get("ETag"))
	}
	if same := w.get(ask+"&utm_source=x", "If-None-Match", answer.Header.Get("ETag")); same.StatusCode != http.StatusNotModified {
		w.t.Errorf("%s: the same again: got %d", ask, same.StatusCode)
	}
}

// talkative fills m with votes of Roma's offices on many days, and with reasons.
func talkative(t testing.TB, m *memory) {
	t.Helper()
	first := hour(t, "2026-10-05T08:00:00Z")
	for day := range schema.Hour(40) {
		c := cell(first + day*24)
		m.vote(c, schema.Green, uint64(20+day%7*9))
		m.vote(c, schema.Yellow, uint64(day%5))
		m.voteFor(c, schema.Red, schema.ReasonWaitingTime, uint64(1+day%3))
		m.voteFor(c, schema.Red, schema.ReasonSkipped, 1)
		if day%4 == 0 {
			c.Channel, c.Service = schema.ChannelWeb, 2
			m.voteFor(c, schema.Red, schema.ReasonUnclear, 2)
			m.voteFor(c, schema.Red, schema.ReasonTimeout, 1)
			m.voteFor(c, schema.Green, schema.ReasonClear, 3)
			m.vote(c, schema.Red, 4)
		}
	}
}

func goldenAnswers() []string {
	const quarter = "period=2026-Q4"
	selections := func(of ...string) string {
		var text string
		for i, s := range of {
			text += "&" + string(rune('a'+i)) + "=" + url.QueryEscape(s)
		}
		return text[1:]
	}
	return []string{
		"/v1/trend?period=2026&by=macro_area&compare=year&step=quarter", "/v1/trend?period=2026&by=macro_area&compare=year&step=quarter&format=csv",
		"/v1/trend?period=2026&step=month&comune=058091&interval=clustered", "/v1/trend?from=2026-11-25&to=2026-11-27&step=hour&format=csv", "/v1/trend?from=2026-11-25&to=2026-11-28&compare=previous&format=csv&csv=it",
		"/v1/trend?from=2026-01-15&to=2026-11-01&step=month&by=office&comune=058091&format=ndjson", "/v1/trend?period=2026&scale=stars5&class=all&step=year&by=channel", "/v1/trend?period=2020&by=region",
		"/v1/trend?period=2020&step=year", "/v1/trend?from=2020-01-01&to=2026-11-01&step=hour", "/v1/trend?from=2025-01-01&to=2026-11-01&step=hour", "/v1/trend?period=2026&by=scale", "/v1/trend?period=2026&step=decade", "/v1/trend?period=2026&group=comune",
		"/v1/trend?from=2027-01-01&to=2028-01-01",

		"/v1/heatmap?from=2026-10-24&to=2026-10-27", "/v1/heatmap?" + quarter + "&comune=058091&interval=clustered&format=csv", "/v1/heatmap?" + quarter + "&weekday=7&scale=stars5&class=all&format=ndjson", "/v1/heatmap?" + quarter + "&by=comune",

		"/v1/ranking?" + quarter + "&by=comune", "/v1/ranking?" + quarter + "&by=comune&min_n=5&reference=region&measure=net&format=csv", "/v1/ranking?period=2026&by=office&min_n=1&top=3&measure=red_share", "/v1/ranking?period=2026&by=comune&min_n=10&reference=class&interval=clustered&measure=mean",
		"/v1/ranking?period=2026&by=channel&measure=n&min_n=1&format=excel", "/v1/ranking?period=2026&by=service&scale=stars5&class=all&min_n=1", "/v1/ranking?" + quarter, "/v1/ranking?" + quarter + "&by=day", "/v1/ranking?" + quarter + "&by=channel&reference=region", "/v1/ranking?" + quarter + "&by=comune&min_n=0",
		"/v1/ranking?" + quarter + "&by=comune&scale=stars5&class=all&measure=net", "/v1/ranking?period=2020&by=comune",
		"/v1/ranking?period=2026-11&by=comune&compare=previous&sort=-difference", "/v1/ranking?period=2026-11&by=channel&min_n=5&compare=previous&sort=difference&measure=red_share&interval=clustered&format=csv", "/v1/ranking?period=2026-10&by=comune&min_n=1&compare=year&measure=n",
		"/v1/ranking?period=2026-11&by=comune&reference=region&measure=net&compare=2026-09-01/2026-10-15&top=1", "/v1/ranking?period=2026&by=comune&sort=difference", "/v1/ranking?period=2026&by=comune&compare=year&measure=n&sort=difference", "/v1/ranking?period=2026&by=comune&compare=2025-06-01/2026-02-01",

		"/v1/compare?" + selections("period=2026-10&comune=058091", "period=2026-11&comune=058091"), "/v1/compare?" + quarter + "&mix=all&interval=clustered&" + selections("channel=counter", "channel=web", "") + "&format=csv",
		"/v1/compare?" + quarter + "&scale=stars5&class=all&mix=b&" + selections("channel=counter", "channel=web"), "/v1/compare?" + quarter + "&a=", "/v1/compare?" + quarter + "&" + selections("", "regione=03"), "/v1/compare?" + quarter + "&" + selections("", "region=99"),
		"/v1/compare?" + quarter + "&" + selections("", "scale=stars5&class=all"), "/v1/compare?" + selections("period=2020", "period=2021"), "/v1/compare?" + quarter + "&mix=c&" + selections("", "channel=web"),

		"/v1/reasons?" + quarter, "/v1/reasons?" + quarter + "&by=channel&format=csv", "/v1/reasons?" + quarter + "&scale=stars5&class=all", "/v1/reasons?period=2020", "/v1/reasons?" + quarter + "&by=hour",

		"/v1/comuni/058091?", "/v1/comuni/058091?period=2026-10&channel=counter", "/v1/comuni/058091.csv?period=2026", "/v1/comuni/015146?scale=stars5&class=all", "/v1/comuni/999999", "/v1/comuni/058091?region=12", "/v1/comuni/058091?period=2020",
		"/v1/regions/12?" + quarter, "/v1/regions/99", "/v1/national?period=2026", "/v1/national?from=2027-01-01&to=2028-01-01",

		"/v1/explain?period=2026-10&comune=058091&group=service,day", "/v1/explain?period=2026&region=12&scale=stars5&class=all&format=csv", "/v1/participation?" + quarter + "&by=channel", "/v1/participation?period=2026&format=csv", "/v1/dimensions?", "/v1/dimensions/channel?", "/v1/dimensions/service?region=12&format=csv", "/v1/dimensions/office.csv?comune=058091", "/v1/dimensions/office", "/v1/dimensions/union", "/v1/dimensions/day_kind?", "/v1/dimensions/month?",
	}
}
