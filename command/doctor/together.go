package doctor

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"mlf/schema"
	"mlf/schema/finding"
	"mlf/schema/shares"
)

// A Log is one, as far as it has to fit its databases.
type Log interface {
	Bounds(ctx context.Context) ([]schema.Bounds, error)
	ReadGenesis(ctx context.Context, p schema.Partition) (schema.Genesis, error)
	Counting(ctx context.Context) (map[string]int, error) // Workers by group.
	Denied(err error) bool                                // An error of the above is of somebody who may not look.
}

// A Store is a database.
type Store interface {
	Tallies(ctx context.Context) ([]schema.LedgerTotals, error)

	// Share returns what it has of its log; zero where it is put together of shares.
	Share(ctx context.Context) (schema.Identity, shares.Share, error)
}

// A Database is a store and what it is called.
type Database struct {
	Place string
	Store Store
	Group func(log schema.LogID) string // Of its workers.
}

// Together returns the checks of what log and databases must agree in.
func Together(log Log, databases ...Database) []finding.Check {
	checks := []finding.Check{
		{Name: "log.partitions", Do: func(ctx context.Context) []finding.Finding { return partitions(ctx, log) }},
		{Name: "log.workers", Do: func(ctx context.Context) []finding.Finding { return workers(ctx, log, databases) }},
	}
	for _, d := range databases {
		checks = append(checks, finding.Check{Name: "log.counted", On: d.Place, Do: func(ctx context.Context) []finding.Finding { return counted(ctx, log, d) }})
	}
	return checks
}

// partitions holds the topic to the log's first record, and looks whether the log
// still has its beginning.
func partitions(ctx context.Context, log Log) []finding.Finding {
	const check = "log.partitions"
	bounds, err := log.Bounds(ctx)
	if err != nil {
		return []finding.Finding{finding.Unknown(check, "", err, "see kafka.brokers and kafka.topic")}
	}
	var found []finding.Finding
	var short []int
	for p, b := range bounds {
		if b.First > 0 {
			short = append(short, p)
		}
	}
	if len(short) > 0 {
		found = append(found, finding.Finding{
			Status: finding.Warn, Check: check, Says: fmt.Sprintf("records at the beginning of partitions %v were removed", short),
			Breaks: "no other database can be counted from this log", Remedy: "set retention.ms and retention.bytes to -1; keep an archive (mlf log archive)",
		})
	}
	g, err := log.ReadGenesis(ctx, 0)
	switch {
	case errors.Is(err, schema.ErrOffsetOutOfRange):
		return append(found, finding.Unknown(check, "", err, "compare with the partitions of the database"))
	case log.Denied(err):
		return append(found, finding.Unknown(check, "", err, "give this user Read on the topic, or ask as one who may"))
	case err != nil:
		return append(found, finding.Finding{
			Status: finding.Fail, Check: check, Says: err.Error(), Breaks: "nothing is counted of a log that does not say which it is", Remedy: "run mlf schema apply",
		})
	}
	return append(found, held(g, bounds))
}

// held compares a genesis with the partitions that there are.
func held(g schema.Genesis, bounds []schema.Bounds) finding.Finding {
	f := finding.Finding{Status: finding.OK, Check: "log.partitions", Says: fmt.Sprintf("log %v of %d partitions, as many as its topic has", g.Log, g.Partitions)}
	if len(bounds) == g.Partitions {
		return f
	}
	f.Status, f.Says = finding.Warn, fmt.Sprintf("log %v has %d partitions, and its topic %d", g.Log, g.Partitions, len(bounds))
	f.Breaks, f.Remedy = "nothing while those that were added are empty: nobody uses them", "leave them; do not add partitions"
	if len(bounds) < g.Partitions {
		f.Status, f.Breaks, f.Remedy = finding.Fail, "votes of the missing ones are gone", "restore the topic from an archive (mlf log restore)"
		return f
	}
	for _, b := range bounds[g.Partitions:] {
		if b.Next > 0 {
			f.Status, f.Breaks, f.Remedy = finding.Fail, "records on partitions that were added are counted by nobody", "see who writes there: it is not mlf ingest"
		}
	}
	return f
}

// counted holds a database to the log: the same one, and nothing removed that it lacks.
func counted(ctx context.Context, log Log, d Database) []finding.Finding {
	const check = "log.counted"
	id, share, err := d.Store.Share(ctx)
	if err != nil {
		return []finding.Finding{finding.Unknown(check, d.Place, err, "see clickhouse.tables")}
	}
	g, err := log.ReadGenesis(ctx, 0)
	if err == nil && (g.Log != id.Log || g.Partitions != id.Partitions) {
		return []finding.Finding{{
			Status: finding.Fail, Check: check, On: d.Place,
			Says:   fmt.Sprintf("it counts log %v of %d partitions, and Kafka has log %v of %d", id.Log, id.Partitions, g.Log, g.Partitions),
			Breaks: "its workers halt and count nothing; figures are of another log", Remedy: "point mlf at the pair that belongs together, or count into a new database",
		}}
	}
	if err != nil && !errors.Is(err, schema.ErrOffsetOutOfRange) {
		return []finding.Finding{finding.Unknown(check, d.Place, err, "see log.partitions")}
	}
	tallies, err := d.Store.Tallies(ctx)
	if err != nil {
		return []finding.Finding{finding.Unknown(check, d.Place, err, "see clickhouse.tables")}
	}
	bounds, err := log.Bounds(ctx)
	if err != nil {
		return []finding.Finding{finding.Unknown(check, d.Place, err, "see kafka.brokers")}
	}
	return margin(d.Place, tallies, boundsOf(share, id, bounds))
}

// boundsOf returns what a share has of bounds, and the rest as not known.
func boundsOf(share shares.Share, id schema.Identity, bounds []schema.Bounds) []schema.Bounds {
	if share == (shares.Share{}) {
		return bounds
	}
	bounds = slices.Clone(bounds)
	for p := range bounds {
		if !share.Holds(schema.Partition(p), id.Partitions) {
			bounds[p] = schema.Bounds{First: schema.OffsetUnknown, Next: schema.OffsetUnknown}
		}
	}
	return bounds
}

// margin looks for records that were removed before they were counted, and for counts
// of records that there are not.
func margin(place string, tallies []schema.LedgerTotals, bounds []schema.Bounds) []finding.Finding {
	const check = "log.counted"
	var removed, beyond []string
	var behind schema.Offset
	for p, b := range bounds {
		if p >= len(tallies) || b.Next == schema.OffsetUnknown {
			continue
		}
		next := tallies[p].Next
		switch {
		case next < b.First:
			removed = append(removed, fmt.Sprintf("%d to %d of partition %d", next, b.First-1, p))
		case next > b.Next:
			beyond = append(beyond, fmt.Sprintf("partition %d ends at %d and was counted to %d", p, b.Next, next))
		default:
			behind += b.Next - next
		}
	}
	var found []finding.Finding
	if len(removed) > 0 {
		found = append(found, finding.Finding{
			Status: finding.Fail, Check: check, On: place, Says: "records " + strings.Join(removed, ", ") + " were removed before they were counted",
			Breaks: "their votes are lost to this database", Remedy: "set retention.ms=-1 at once; restore them from an archive of the log",
		})
	}
	if len(beyond) > 0 {
		found = append(found, finding.Finding{
			Status: finding.Fail, Check: check, On: place, Says: strings.Join(beyond, ", "),
			Breaks: "acknowledged votes are gone from the log", Remedy: "bring back the broker that has them; else a new log and a new database",
		})
	}
	if len(found) == 0 {
		found = append(found, finding.Finding{Status: finding.OK, Check: check, On: place, Says: fmt.Sprintf("the same log; %d records are not counted yet", behind)})
	}
	return found
}

// workers holds the groups in which somebody counts to the databases that were named.
func workers(ctx context.Context, log Log, databases []Database) []finding.Finding {
	const check = "log.workers"
	now, err := log.Counting(ctx)
	if err != nil {
		return []finding.Finding{finding.Unknown(check, "", err, "give this user Describe on the groups mlf-aggregate…, or ask as one who may")}
	}
	g, err := log.ReadGenesis(ctx, 0)
	if err != nil {
		return []finding.Finding{finding.Unknown(check, "", err, "see log.partitions")}
	}
	var found []finding.Finding
	for _, d := range databases {
		if _, share, err := d.Store.Share(ctx); err == nil && share == (shares.Share{}) {
			continue // Nothing is counted into it.
		}
		group := d.Group(g.Log)
		f := finding.Finding{Status: finding.OK, Check: check, On: d.Place, Says: fmt.Sprintf("%d workers, in group %s", now[group], group)}
		if now[group] == 0 {
			f.Status, f.Says = finding.Warn, "nobody counts into it, in group "+group
			f.Breaks, f.Remedy = "its figures stand still", "start mlf aggregate, with this --clickhouse to the letter"
		}
		delete(now, group)
		found = append(found, f)
	}
	for _, group := range slices.Sorted(maps.Keys(now)) {
		found = append(found, finding.Finding{
			Status: finding.Warn, Check: check, On: group, Says: fmt.Sprintf("%d workers count into a database that was not named here", now[group]),
			Breaks: "nothing, if it is another one. If it is one of these by another name, two count into it: rows are maxima and no figure is wrong, but it costs twice",
			Remedy: "name all databases in --clickhouse; give all workers of one database the same address, to the letter",
		})
	}
	return found
}
