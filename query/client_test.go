package query_test

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"mlf/query/client"
	"mlf/schema"
)

// TestTheClientReadsEveryAnswer: all methods of the client, on a service with votes of
// every kind, tell of the same ones.
func TestTheClientReadsEveryAnswer(t *testing.T) {
	w := filled(t)
	service := httptest.NewServer(w.server.Handler())
	defer service.Close()
	c := &client.Client{Base: service.URL, Forward: true, Keep: 4}
	ctx, year := t.Context(), url.Values{"period": {"2026"}}
	ask := func(more ...string) url.Values {
		v := url.Values{"period": {"2026"}}
		for i := 0; i < len(more); i += 2 {
			v.Set(more[i], more[i+1])
		}
		return v
	}
	stats, err := c.Stats(ctx, year)
	if err != nil || len(stats.Rows) != 1 || stats.Rows[0].N == 0 || stats.Position == "" {
		t.Fatalf("got %+v, %v", stats, err)
	}
	n := stats.Rows[0].N
	f := func(what string, got uint64, err error) {
		t.Helper()
		if err != nil || got != n {
			t.Errorf("%s: got %d votes and %v, want %d", what, got, err, n)
		}
	}
	trend, err := c.Trend(ctx, ask("compare", "year"))
	f("trend", trend.Series[0].Total.N, err)
	heat, err := c.Heatmap(ctx, year)
	f("heat map", heat.Total.N, err)
	ranking, err := c.Ranking(ctx, ask("by", "region"))
	f("ranking", ranking.Reference[0].N, err)
	comparison, err := c.Compare(ctx, ask("a", "channel=counter", "b", "period=2026"))
	f("comparison", comparison.Selections[1].N, err)
	turnout, err := c.Participation(ctx, ask("scale", "mlf3"))
	f("participation", turnout.Rows[0].N, err)
	nation, err := c.National(ctx, year)
	f("nation", nation.Headline.N, err)
	reasons, err := c.Reasons(ctx, year)
	f("reasons", sum(reasons.Rows, func(m *client.Motive) uint64 { return m.N }), err)
	regions := url.Values{"period": {"2026"}, "group": {"comune,day"}, "limit": {"7"}}
	var all []client.StatsRow
	for row, paged := range c.Rows(ctx, regions) {
		if err = errors.Join(err, paged); paged == nil {
			all = append(all, *row)
		}
	}
	f("rows", sum(all, func(r *client.StatsRow) uint64 { return r.N }), err)
	var together client.Stats
	_, err = c.Query(ctx, &client.Question{Path: "/v1/stats", Params: year, Into: &together})
	f("batch", together.Rows[0].N, err)
	again, err := c.Stats(ctx, year)
	f("statistics that were kept", again.Rows[0].N, err)
	if got, want := all[0].Day, slices.MinFunc(all, func(a, b client.StatsRow) int { return strings.Compare(a.Comune+a.Day, b.Comune+b.Day) }).Day; got != want || again.Position != c.Position() {
		t.Errorf("got %s first, want %s", got, want)
	}
}

func sum[T any](of []T, n func(*T) uint64) (total uint64) {
	for i := range of {
		total += n(&of[i])
	}
	return total
}

// What is no statistic is read as well, and refusals say what is wrong.
func TestTheClientReadsTheRest(t *testing.T) {
	w := filled(t)
	service := httptest.NewServer(w.server.Handler())
	defer service.Close()
	c, ctx := &client.Client{Base: service.URL}, t.Context()
	one, err := c.Comune(ctx, "058091", nil)
	region, err2 := c.Region(ctx, "12", nil)
	if err := errors.Join(err, err2); err != nil || *one.Place.Name != "Roma" || *region.Place.Code != "12" {
		t.Errorf("got %+v, %+v, %v", one.Place, region.Place, err)
	}
	dimensions, err := c.Dimensions(ctx, nil)
	values, err2 := c.Dimension(ctx, "channel", nil)
	if err := errors.Join(err, err2); err != nil || len(dimensions.Dimensions) == 0 || values.Values[0].Label.De == "" {
		t.Errorf("got %+v, %+v, %v", dimensions.Data, values.Dimension, err)
	}
	words, err := c.Explain(ctx, url.Values{"period": {"2026"}})
	labels, err2 := c.Labels(ctx)
	services, err3 := c.Services(ctx)
	comuni, err4 := c.Comuni(ctx, url.Values{"q": {"bolz"}})
	status, err5 := c.Status(ctx)
	if err := errors.Join(err, err2, err3, err4, err5); err != nil || len(words.Sentences) == 0 || len(labels.Faces) != 3 || services.Services[0].Code == "" || comuni.Comuni[0].Code != "021008" || status.Status != "ok" {
		t.Errorf("got %v", err)
	}
	ledger, err := c.Ledger(ctx)
	if err != nil || ledger.Totals.Counted == 0 || ledger.Totals.Next == 0 || ledger.Partitions[1].State != schema.StateOK {
		t.Errorf("got %+v, %v", ledger, err)
	}
	var file bytes.Buffer
	header, err := c.Download(ctx, "/v1/trend", url.Values{"period": {"2026"}}, client.Parquet, &file)
	if err != nil || !bytes.HasPrefix(file.Bytes(), []byte("PAR1")) || header.Get("X-MLF-Position") == "" {
		t.Errorf("got %d bytes, %v, %v", file.Len(), header, err)
	}
	_, err = c.Stats(ctx, url.Values{"period": {"2026"}, "regione": {"12"}})
	var refused *client.Problem
	if !errors.As(err, &refused) || refused.Status != http.StatusBadRequest || refused.Parameter != "regione" || refused.Type != schema.ProblemURN("bad-parameter") {
		t.Errorf("got %v", err)
	}
}

// Live is heard as it is told, and again after the process has ended.
func TestTheClientListens(t *testing.T) {
	w := filled(t)
	addr, stop := listen(t, w)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	heard := 0
	for counts, err := range (&client.Client{Base: "http://" + addr}).Live(ctx) {
		switch heard++; {
		case heard == 1 && (err != nil || counts.Day != "2026-11-26" || counts.Faces == nil || counts.Disclosure != "none"):
			t.Errorf("heard %+v, %v", counts, err)
		case heard == 1:
			if err := stop(); err != nil {
				t.Error(err)
			}
		default: // Nobody is there any more.
			if err == nil {
				t.Errorf("heard %+v of nobody", counts)
			}
			cancel()
		}
	}
	if heard != 2 {
		t.Errorf("heard %d times", heard)
	}
}
