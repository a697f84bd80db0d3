package grafana

import (
	"regexp"
	"slices"
	"strings"
)

// A board is a dashboard, as it is thought of; build makes Grafana's of it.
type board struct {
	uid, title, about string

	// instances is a metric that all processes have among which a reader may choose, and
	// of what begins with own series are picked by that choice. Without, all are shown.
	instances string
	own       []string

	rows []row
}

type row struct {
	title  string
	panels []panel
}

// A panel shows the series of some expressions.
type panel struct {
	title  string
	about  string  // What it means, and what to do.
	unit   string  // Grafana's name of it.
	alerts []alert // Whose limits are drawn.
	see    string  // An alert whose heading in the runbook says more; beside alerts: may be empty.
	number bool    // The last value, large. Else a graph.
	share  bool    // 0 to 1.
	series []series
}

// An alert is one of the rules, and which of its comparisons limits the panel: the first
// after this text; empty: the first.
type alert struct{ name, after string }

type series struct {
	expr   string
	legend string
	needs  Need
}

// A Need is what must be, or happen, for a series to have values. Empty: nothing.
type Need string

// Counters are there from the start of a process, so most series need nothing.
const (
	Votes      Need = "votes are acknowledged by Kafka"         // Else quantiles and shares are of nothing.
	Flushes    Need = "ClickHouse takes counts"                 // Likewise.
	Reads      Need = "ClickHouse is asked"                     // Likewise.
	Requests   Need = "somebody reads statistics"               // Likewise.
	Probes     Need = "the probe's votes come through"          // Likewise.
	Retention  Need = "Kafka has removed records"               // Until then nothing is near.
	Encryption Need = "certificates are configured"             // Without TLS there are none.
	Limits     Need = "quotas are on"                           // --quota-public and --quota-known.
	Databases  Need = "several databases are asked"             // --clickhouse A,B.
	Engine     Need = "mlf up"                                  // With its own ClickHouse and disk.
	Memory     Need = "answers come from memory"                // Not with --cube off.
	Workers    Need = "the worker has recovered its partitions" // It knows no lag before.
	Publishing Need = "lots are published"                      // Not with --publish off.
	Releases   Need = "a night has passed since votes came"     // The first release is made then.
	Snapshots  Need = "mlf query keeps snapshots (--snapshots)" // Without there is none to be old.
)

// metric is the name of one of ours or of the client library's, with its selector.
var metric = regexp.MustCompile(`\b((?:mlf|go|process)_[a-z0-9_]+)(\{[^}]*\})?`)

// selected returns expr with the choices of the dashboard's variables in the selectors
// of its metrics. This is the one place that knows them.
func (b *board) selected(expr string) string {
	byPartition := strings.Contains(expr, "by (partition)")
	return metric.ReplaceAllStringFunc(expr, func(found string) string {
		name, labels, _ := strings.Cut(strings.TrimSuffix(found, "}"), "{")
		var all []string
		if labels != "" {
			all = append(all, labels)
		}
		if slices.ContainsFunc(b.own, func(prefix string) bool { return strings.HasPrefix(name, prefix) }) {
			all = append(all, `instance=~"$instance"`)
		}
		if byPartition {
			all = append(all, `partition=~"$partition"`)
		}
		if len(all) == 0 {
			return name
		}
		return name + "{" + strings.Join(all, ",") + "}"
	})
}

// hasPartitions tells whether b shows anything by partition.
func (b *board) hasPartitions() bool {
	for _, r := range b.rows {
		for _, p := range r.panels {
			if slices.ContainsFunc(p.series, func(s series) bool { return strings.Contains(s.expr, "by (partition)") }) {
				return true
			}
		}
	}
	return false
}

// window is over what time a rate is taken: four scrapes, and a point of the graph.
const window = "[$__rate_interval]"

// rate is how often something happens, by labels.
func rate(by, counter string) string { return sum(by, "rate("+counter+window+")") }

// increase is how many times it happened: for what is rare.
func increase(by, counter string) string { return sum(by, "increase("+counter+window+")") }

// quantile is of a histogram, by labels.
func quantile(q, histogram, by string) string {
	if by != "" {
		by = ", " + by
	}
	name, labels, _ := strings.Cut(histogram, "{")
	if labels != "" {
		labels = "{" + labels
	}
	return "histogram_quantile(" + q + ", sum by (le" + by + ") (rate(" + name + "_bucket" + labels + window + ")))"
}

func sum(by, expr string) string {
	if by == "" {
		return "sum(" + expr + ")"
	}
	return "sum by (" + by + ") (" + expr + ")"
}

// quantiles are the usual two of a histogram.
func quantiles(histogram string, needs Need) []series {
	return []series{
		{quantile("0.5", histogram, ""), "half", needs},
		{quantile("0.99", histogram, ""), "99 %", needs},
	}
}
