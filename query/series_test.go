package query_test

import (
	"regexp"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"mlf/proof/series"
	"mlf/query"
	"mlf/query/access"
	"mlf/query/disclosure"
	"mlf/schema"
	"mlf/schema/schematest"
)

// rare are answers that nobody makes a rate of: readers' mistakes of seldom kinds,
// what is forwarded, what browsers ask first.
var rare = regexp.MustCompile(`code=(204|301|302|307|308|401|403|405|406|411|413|415) `)

// complete has the test fail if a series comes later; see package series.
func complete(t testing.TB, reg *prometheus.Registry) {
	if _, is := t.(*testing.T); is { // Not an example, nor a benchmark.
		series.Complete(t, reg, rare.MatchString)
	}
}

// TestCountersBeginAtZero: those of all that answers.
func TestCountersBeginAtZero(t *testing.T) {
	names := schematest.Lists(t)
	places := func(schema.Day) disclosure.Places { return disclosure.Places{} }
	for name, register := range map[string]func(prometheus.Registerer) error{
		"query": func(r prometheus.Registerer) error {
			_, err := query.New(query.Parts{Registry: names}, query.Telemetry{Registerer: r}, query.Config{Disclosure: query.DisclosureNone})
			return err
		},
		"access": func(r prometheus.Registerer) error { _, err := access.New(access.Config{Registerer: r}); return err },
		"quota": func(r prometheus.Registerer) error {
			_, err := access.NewQuota(access.QuotaConfig{Registerer: r})
			return err
		},
		"shelf": func(r prometheus.Registerer) error {
			_, err := disclosure.NewShelf(nil, places, disclosure.Telemetry{Registerer: r})
			return err
		},
	} {
		for _, missing := range series.Missing(func(r prometheus.Registerer) {
			if err := register(r); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}) {
			t.Errorf("%s: no series at the start: %s", name, missing)
		}
	}
}
