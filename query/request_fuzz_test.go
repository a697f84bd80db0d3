package query_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"mlf/query"
	"mlf/schema"
)

// FuzzRequest: whatever stands in path, query and headers, the answer is as
// schema/openapi.yaml describes it, and no mistake of the sender is the server's.
func FuzzRequest(f *testing.F) {
	for _, seed := range []struct{ target, header, value string }{
		{"/v1/stats?from=2026-11-01&to=2026-11-02&group=comune,hour&format=csv", "Accept", "text/csv;q=0.5, */*"},
		{"/v1/stats?from=2026-11-01&to=2026-11-02&top=3", "If-None-Match", `W/"1-2", "*"`},
		{"/v1/stats?period=this-month&compare=year&fill=zero&group=weekday,small&format=excel", "Accept", "*/*"},
		{"/v1/stats?period=2026-11&group=day,macro_area&limit=1&cursor=AQIBAgAA&at_least=AQIBAQ", "Accept", ""},
		{"/v1/trend.csv?period=2026&by=office&compare=year&interval=clustered&csv=it", "Accept", "text/csv"},
		{"/v1/trend?from=2026-03-29&to=2026-03-30T12:00Z&step=hour&compare=2026-10-25/2026-10-26&fill=zero", "Accept", ""},
		{"/v1/heatmap?period=last-30-days&scale=stars5&weekday=7&format=ndjson", "Accept", "*/*"},
		{"/v1/ranking?period=2026-11&by=comune&reference=class&measure=net&min_n=1&top=2&class=all", "Accept", "application/vnd.apache.parquet"},
		{"/v1/ranking.csv?period=2026-11&by=comune&compare=previous&sort=-difference&interval=clustered", "Accept", ""},
		{"/v1/compare?period=2026-11&mix=all&a=comune%3D058091&b=region%3D12%26period%3Dtoday&h=", "If-None-Match", "*"},
		{"/v1/reasons?period=2026-11&by=channel&interval=clustered", "Accept", "text/csv"},
		{"/v1/ledger", "If-None-Match", "*"},
		{"/embed/comune/058091?lang=de&theme=dark", "If-None-Match", "*"},
		{"/embed/comune/058091.png?lang=en", "Accept-Language", "de;q=0.1, *"},
		{"/embed/comune/058999", "Accept", "text/html"},
		{"/embed/frame.js", "Accept-Encoding", "br;q=0, gzip"},
		{"/v1/terminals/self/watermark?stream=x", "Authorization", "Bearer x"},
		{"/v1/registry/comuni?q=san%20&limit=5", "Accept-Language", "de-AT;q=0.3,*"},
		{"/v1/registry/comuni?code=058091&code=058091,9", "Origin", "null"},
		{"/v1/registry/services", "Accept-Encoding", "gzip, identity;q=0"},
		{"/v1/registry/labels?lang=", "Range", "bytes=0-"},
		{"/assets/../assets/messages/it.json?", "If-Modified-Since", "Sun, 22 Nov 2026 09:00:00 GMT"},
		{"//v1/./stats", "X-Forwarded-For", "::1"},
	} {
		f.Add(seed.target, seed.header, seed.value)
	}
	w := newWorld(f, query.Config{})
	w.memory.vote(schema.Cell{Comune: 58091, Channel: schema.ChannelCounter, Scale: schema.ScaleMLF3, Class: schema.ClassOK, Hour: hour(f, "2026-11-01T09:00:00Z")}, schema.Green, 7)
	w.terms.SetComplete()
	f.Fuzz(func(t *testing.T, target, header, value string) {
		w.t = t
		path, rawQuery, _ := strings.Cut(target, "?")
		if !strings.HasPrefix(path, "/") {
			path = "/" + path
		}
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
		r.URL = &url.URL{Path: path, RawQuery: rawQuery}
		r.Header[http.CanonicalHeaderKey(header)] = []string{value}
		rec := httptest.NewRecorder()
		w.server.Handler().ServeHTTP(rec, r)
		got := reply{Response: rec.Result(), body: rec.Body.Bytes()}
		_ = got.Body.Close()
		if got.StatusCode >= http.StatusInternalServerError {
			t.Errorf("%s, %s: %s: got %d %s", target, header, value, got.StatusCode, got.body)
		}
		if got.Header.Get("Content-Encoding") == "" { // A compressed one is the same.
			w.validate(r, got)
		}
	})
}
