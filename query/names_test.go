package query_test

import (
	"net/http"
	"strings"
	"testing"

	"mlf/query"
	"mlf/schema"
)

// TestNames: beside each column of codes, in every form, one of their names; without
// being asked for them, none.
func TestNames(t *testing.T) {
	w := newWorld(t, query.Config{Now: noon})
	c := cell(hour(t, "2026-10-05T08:00:00Z"))
	w.memory.vote(c, schema.Green, 40)
	c.Service = 9999 // Of a list this process does not have.
	w.memory.vote(c, schema.Red, 1)
	f := func(target string, want ...string) {
		t.Helper()
		got := w.get(target)
		for _, text := range want {
			if got.StatusCode != http.StatusOK || !strings.Contains(string(got.body), text) {
				t.Errorf("%s: got %d %s, want %s", target, got.StatusCode, got.body, text)
			}
		}
		without := w.get(strings.Replace(target, "&names=", "&_=", 1))
		if strings.Contains(string(without.body), "_name") || without.Header.Get("ETag") == got.Header.Get("ETag") {
			t.Errorf("%s: not asked for, and got %s", target, without.body)
		}
	}
	const october = "period=2026-10&names="
	f("/v1/stats?group=region,comune,office,service,month&"+october+"en",
		`"region":"12","region_name":"Lazio","comune":"058091","comune_name":"Roma","office":"","service":"anagrafe","service_name":"Population register","month":"2026-10","green"`,
		`"service":"service-9999","service_name":null`)
	f("/v1/stats.csv?group=province,channel,class&scale=mlf3&class=all&"+october+"de", "province,province_name,channel,channel_name,class,class_name,green", "058,Roma,counter,Schalter,ok,")
	f("/v1/stats?format=excel&group=comune,small&"+october+"it", `comune;comune_name;small;green`, `"=""058091""";"=""Roma""";false;40`)
	f("/v1/trend?by=category&step=month&"+october+"en", `"key":{"category":"anagrafe-stato-civile","category_name":"`)
	f("/v1/ranking?by=comune&reference=region&"+october+"it", `"comune":"058091","comune_name":"Roma","place":1`, `"region":"12","region_name":"Lazio"`)
	f("/v1/reasons?by=channel&"+october+"en", `"channel":"counter","channel_name":"Counter","value":3`)
	f("/v1/participation?by=service&"+october+"it", `"service":"anagrafe","service_name":"Anagrafe","n":40`)
	w.get("/v1/stats?period=2026-10&names=fr").problem(t, http.StatusBadRequest, "bad-parameter")
	w.get("/v1/dimensions?names=it").problem(t, http.StatusBadRequest, "bad-parameter")
}

// TestPagesOfRowsWithNames: a cursor goes on from codes.
func TestPagesOfRowsWithNames(t *testing.T) {
	w := filled(t)
	seen := 0
	for next := ""; ; {
		var page struct {
			Meta struct {
				Cursor string `json:"next_cursor"`
			}
			Rows []struct {
				ComuneName *string `json:"comune_name"`
			}
		}
		w.get("/v1/stats?period=2026&class=all&group=comune&names=it&limit=2"+next).json(t, &page)
		seen += len(page.Rows)
		if next = "&cursor=" + page.Meta.Cursor; page.Meta.Cursor == "" {
			break
		}
	}
	if all := ask[struct{ Rows []figure }](w, "/v1/stats?period=2026&class=all&group=comune"); seen != len(all.Rows) || seen < 3 {
		t.Errorf("got %d rows of %d", seen, len(all.Rows))
	}
}
