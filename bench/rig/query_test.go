package rig_test

import (
	"strings"
	"testing"

	"mlf/bench/measure"
)

// judges tells whether the report has a goal that begins so.
func judges(r measure.Report, what string) bool {
	for i := range r.Goals {
		if strings.HasPrefix(r.Goals[i].What, what) && r.Goals[i].Verdict != "" {
			return true
		}
	}
	return false
}

func TestBenchQueryMeasures(t *testing.T) {
	report := measured(t, "query", "--parts", "stats", "--rows", "50000", "--runs", "1", "--json", "-")
	for _, question := range []string{"country by month", "one comune, 30 days"} {
		if !has(report, question, "answer_ms") || !has(report, question, "answer_bytes") {
			t.Errorf("no answer to %s in %+v", question, report.Results)
		}
	}
}

// TestBenchCountryMeasures: twice over one folder, which is filled once; whoever
// answers says the same.
func TestBenchCountryMeasures(t *testing.T) {
	dir := t.TempDir()
	for range 2 {
		report := measured(t, "query", "--parts", "country", "--scale", "0.002", "--time", "50ms", "--data", dir, "--runs", "1", "--json", "-")
		for _, subject := range []string{"cube", "store", "raw votes"} {
			if !has(report, subject, "answer_p99_ms") || !has(report, subject, "thread_cpu_p50_ms") || !has(report, subject, "database_cpu_ms") {
				t.Errorf("no cost of an answer by %s in %+v", subject, report.Results)
			}
		}
		for _, subject := range []string{"store, in columns", "cube, without snapshot", "cube, with snapshot"} {
			if !has(report, subject, "load_seconds") {
				t.Errorf("no cost of a load by %s in %+v", subject, report.Results)
			}
		}
		notes := strings.Join(report.Notes, " ")
		if !strings.Contains(notes, "to one question compared, 0 differ") || !strings.Contains(notes, "one by one between cube and store, 0 differ") {
			t.Errorf("nothing was compared: %v", report.Notes)
		}
	}
}

func TestBenchPagesMeasures(t *testing.T) {
	report := measured(t, "query", "--parts", "pages", "--scale", "0.002", "--time", "50ms", "--no-raw", "--runs", "1", "--json", "-")
	for _, subject := range []string{
		"mlf, cold", "mlf, cold, one at a time", "mlf, asked before", "mlf, asked before, one at a time", "mlf, not modified", "rollup by SQL, one at a time",
	} {
		if !has(report, subject, "pages_per_second_and_core") || !has(report, subject, "answer_p99_ms") {
			t.Errorf("no cost of a page by %s in %+v", subject, report.Results)
		}
	}
	if !judges(report, "pages over HTTP, cold") || !judges(report, "pages over HTTP, from cache") {
		t.Errorf("got goals %+v", report.Goals)
	}
}

func TestBenchFeedMeasures(t *testing.T) {
	report := measured(t, "query", "--parts", "feed", "--scale", "0.002", "--votes", "20000", "--time", "50ms", "--no-raw", "--runs", "2", "--json", "-")
	for _, subject := range []string{
		"follower, a flush of 12,500 votes", "producer, broker and consumer, a flush of 12,500 votes", "producer, broker and consumer, a flush of 100 votes",
	} {
		if !has(report, subject, "cpu_ms_per_flush") {
			t.Errorf("no cost of %s in %+v", subject, report.Results)
		}
	}
	for _, subject := range []string{"follower, catch-up of 100 votes a record", "producer, broker and consumer, catch-up of 100 votes a record"} {
		if !has(report, subject, "cpu_ns_per_vote") {
			t.Errorf("no cost of %s in %+v", subject, report.Results)
		}
	}
	for _, of := range []string{"a flush of 100 votes", "a flush of 12,500 votes", "catch-up of 100 votes a record"} {
		if !judges(report, "producer, broker and consumer, "+of) {
			t.Errorf("no goal of %s in %+v", of, report.Goals)
		}
	}
}

func TestBenchVisibleMeasures(t *testing.T) {
	report := measured(t, "query", "--parts", "visible", "--votes", "20000", "--probe", "2s", "--runs", "1", "--json", "-")
	for _, metric := range []string{"visible_p50_ms", "visible_p99_ms", "stored_p99_ms", "load_votes_per_second"} {
		if !has(report, "mlf", metric) {
			t.Errorf("no %s in %+v", metric, report.Results)
		}
	}
	if !judges(report, "accepted to visible in answers") {
		t.Errorf("got goals %+v", report.Goals)
	}
}

func TestBenchBesideMeasures(t *testing.T) {
	report := measured(t, "query", "--parts", "beside", "--scale", "0.002", "--probe", "2s", "--no-raw", "--runs", "1", "--json", "-")
	for _, subject := range []string{"nobody votes", "20,000 votes a second"} {
		if !has(report, subject, "answer_p99_ms") || !has(report, subject, "pages_per_second") {
			t.Errorf("no wait of readers where %s in %+v", subject, report.Results)
		}
	}
	if !has(report, "20,000 votes a second", "votes_per_second") || !has(report, "20,000 votes a second", "states_published") || !judges(report, "page over HTTP beside") {
		t.Errorf("nothing was told: %+v, goals %+v", report.Results, report.Goals)
	}
}

// TestBenchAway: answers go on without the database, which catches up.
func TestBenchAway(t *testing.T) {
	report := measured(t, "query", "--parts", "away", "--away", "5s", "--json", "-")
	for _, metric := range []string{"votes", "answers", "probes", "visible_p99_ms", "rows_compared"} {
		if !has(report, "mlf", metric) {
			t.Errorf("no %s in %+v", metric, report.Results)
		}
	}
	if len(report.Goals) != 1 || report.Goals[0].Verdict != measure.AimReached {
		t.Errorf("got %+v", report.Goals)
	}
}
