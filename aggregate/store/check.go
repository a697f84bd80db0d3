package store

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"

	"mlf/schema"
	"mlf/schema/finding"
	"mlf/schema/shares"
)

// Checks look at how the store is set up and what state it is in: reachable, its
// tables, fsync, rights, clock, disk, halted partitions, two logs or two crowds of
// workers in one database. They change nothing. stage is whose login is used, by its
// name: schema, ingest, aggregate, query, or inquiry; age says how long ago the log began.
func (s *Store) Checks(stage string, age func(ctx context.Context) (time.Duration, error)) []finding.Check {
	of := func(name string, do func(ctx context.Context) []finding.Finding) finding.Check {
		return finding.Check{Name: name, On: s.Place(), Do: do}
	}
	return []finding.Check{
		of("clickhouse.tables", s.checkApplied),
		of("clickhouse.fsync", s.checkFsync),
		of("clickhouse.rights", func(ctx context.Context) []finding.Finding { return s.checkRights(ctx, stage) }),
		of("clickhouse.clock", s.checkClock),
		of("clickhouse.disk", func(ctx context.Context) []finding.Finding { return s.checkDisks(ctx, age) }),
		of("clickhouse.partitions", s.checkStates),
		of("clickhouse.one_log", s.checkChains),
		of("clickhouse.one_worker", s.checkPace),
	}
}

// Dial opens a connection as the driver does, and says nothing over it. The caller
// closes it.
func (s *Store) Dial(ctx context.Context) (net.Conn, error) {
	return s.opt.DialContext(ctx, s.opt.Addr[0])
}

func (s *Store) found(status finding.Status, check, says string) finding.Finding {
	return finding.Finding{Status: status, Check: "clickhouse." + check, On: s.Place(), Says: says}
}

func (s *Store) bad(check, says, breaks, remedy string) finding.Finding {
	f := s.found(finding.Fail, check, says)
	f.Breaks, f.Remedy = breaks, remedy
	return f
}

// unknown says why something could not be asked: without a right, or without an answer.
func (s *Store) unknown(check string, err error, right string) []finding.Finding {
	remedy := "see clickhouse.tables"
	if hasCode(err, codeAccessDenied) {
		remedy = "grant this user " + right + ", or ask as one who may"
	}
	return []finding.Finding{finding.Unknown("clickhouse."+check, s.Place(), err, remedy)}
}

// checkApplied looks whether there is a database with mlf's tables, and whose log it is.
func (s *Store) checkApplied(ctx context.Context) []finding.Finding {
	const check = "tables"
	err := Check(ctx, s.cfg)
	if errors.Is(err, ErrNotApplied) {
		return []finding.Finding{s.bad(check, err.Error(), "nothing can be counted into it", "run mlf schema apply")}
	}
	if err != nil {
		return []finding.Finding{s.bad(check, "it does not answer: "+err.Error(), "nothing is counted into it; answers come from memory or another database",
			"see whether it runs, and whether address, user, password and certificates of --clickhouse are right")}
	}
	id, share, err := s.Share(ctx)
	if errors.Is(err, ErrNotApplied) || errors.Is(err, errOtherLog) {
		return []finding.Finding{s.bad(check, err.Error(), "figures would be of several logs, or of none", "run mlf schema apply, with a new database where it counts another log")}
	}
	if err != nil {
		return s.unknown(check, err, "SELECT on the database")
	}
	says := fmt.Sprintf("log %v of %d partitions", id.Log, id.Partitions)
	switch share {
	case shares.Whole():
	case shares.Share{}:
		says += ", put together of shares"
	default:
		says = "share " + share.String() + " of " + says
	}
	return []finding.Finding{s.found(finding.OK, check, says)}
}

// safeties are the settings of each table by which acknowledged rows are on the disk.
func safeties() []string {
	return []string{"fsync_after_insert = 1", "fsync_part_directory = 1", "min_rows_to_fsync_after_merge = 1", "min_compressed_bytes_to_fsync_after_merge = 1"}
}

// checkFsync looks whether rows are on the disk when they are acknowledged.
func (s *Store) checkFsync(ctx context.Context) []finding.Finding {
	const check = "fsync"
	var names, lacking []string
	err := s.readBy(ctx, s.lookups(), "check_tables", nil, func(scan scanFunc) error {
		var name, engine, text string
		if err := scan(&name, &engine, &text); err != nil {
			return err
		}
		if !slices.Contains(append(tables(), kindShare), name) && !strings.HasPrefix(name, "public_") { // Somebody else's, or made anew by every mlf schema apply.
			return nil
		}
		names = append(names, name)
		missing := slices.DeleteFunc(safeties(), func(want string) bool { return strings.Contains(text, want) })
		if len(missing) > 0 {
			lacking = append(lacking, fmt.Sprintf("%s has not %s", name, strings.Join(missing, ", ")))
		}
		return nil
	})
	switch {
	case err != nil:
		return s.unknown(check, err, "SHOW TABLES on the database")
	case len(names) == 0:
		return []finding.Finding{finding.Skip("clickhouse."+check, s.Place(), "there are no tables: see clickhouse.tables")}
	case len(lacking) > 0:
		return []finding.Finding{s.bad(check, "table "+strings.Join(lacking, "; "),
			"rows that were acknowledged are lost with the power, while the checkpoint after them stays: votes are not counted",
			"ALTER TABLE … MODIFY SETTING as named; then count into a new database and compare, if the power has failed since")}
	}
	return []finding.Finding{s.found(finding.OK, check, fmt.Sprintf("%d tables are synced at each insert and merge", len(names)))}
}

// codeReadonly is the server's for what a user may not do who may not write
// (ClickHouse, src/Common/ErrorCodes.cpp).
const codeReadonly = 164

// checkRights looks whether this user may do what the stage of its login does.
func (s *Store) checkRights(ctx context.Context, stage string) []finding.Finding {
	const check = "rights"
	of := needsOf(stage)
	if len(of.rights) == 0 {
		return []finding.Finding{finding.Skip("clickhouse."+check, s.Place(), "the user "+stage+" asks no database")}
	}
	var readonly uint64
	err := s.readBy(ctx, s.lookups(), "check_writable", nil, func(scan scanFunc) error { return scan(&readonly) })
	if hasCode(err, codeReadonly) { // At 1 it lets nobody set the limits of a read either.
		readonly, err = 1, nil
	}
	if err != nil {
		return s.unknown(check, err, "SELECT")
	}
	if readonly != 0 && of.writes() {
		return []finding.Finding{s.bad(check, fmt.Sprintf("readonly=%d: this user, or its address, may not write", readonly),
			of.breaks, "take readonly out of the user's profile, or out of --clickhouse")}
	}
	_, database, err := s.cfg.options()
	if err != nil {
		return s.unknown(check, err, "SELECT")
	}
	var missing []string
	for _, right := range of.rights {
		right := strings.Replace(right, " ON ", " ON "+database+".", 1)
		granted, err := s.granted(ctx, right)
		if err != nil {
			return s.unknown(check, err, "SHOW GRANTS")
		}
		if !granted {
			missing = append(missing, right)
		}
	}
	if len(missing) > 0 {
		lacking := strings.Join(missing, ", ")
		return []finding.Finding{s.bad(check, of.runs+" with this user lacks "+lacking, of.breaks, "GRANT "+lacking+" TO it")}
	}
	return []finding.Finding{s.found(finding.OK, check, "all that "+of.runs+" needs")}
}

// A need is what a stage runs, what comes of it if it may not, and what it must be
// granted, as in GRANT, without the database.
type need struct {
	runs, breaks string
	rights       []string
}

// needsOf returns what the user of a stage needs; nothing for one who asks no database.
// deploy/k8s grants as much, which a test holds it to (proof/rights).
func needsOf(stage string) need {
	return map[string]need{
		"schema":    {"mlf schema apply", "tables are not made, nor changed for a new version", []string{"SELECT ON *", "INSERT ON *", "ALTER ON *", "CREATE TABLE ON *", "CREATE VIEW ON *"}},
		"aggregate": {"mlf aggregate", "nothing is counted, or old checkpoints fill the disk", []string{"SELECT ON *", "INSERT ON *", "ALTER DELETE ON checkpoint"}},
		"query": {"mlf query", "there are no answers but from memory, or nothing is published", []string{
			"SELECT ON *", "INSERT ON public_lot", "INSERT ON public_taken", "INSERT ON public_turnout", "INSERT ON public_release",
		}},
		"inquiry": {"mlf vote find", "nobody can say whether a database has a vote", []string{"SELECT ON *"}},
	}[stage]
}

func (n *need) writes() bool {
	return slices.ContainsFunc(n.rights, func(right string) bool { return !strings.HasPrefix(right, "SELECT") })
}

// granted asks for a right. A name of a database that options let through needs no
// quoting, and no parameter may stand for it here.
func (s *Store) granted(ctx context.Context, right string) (bool, error) {
	rows, err := s.answers.Query(clickhouse.Context(ctx), "CHECK GRANT "+right)
	if err != nil {
		return false, err
	}
	var yes uint8
	for rows.Next() {
		err = errors.Join(err, rows.Scan(&yes))
	}
	return yes == 1, errors.Join(err, rows.Err(), rows.Close())
}

// clockMax is how far the server's clock may be away: checkpoints are trusted once the
// run of the server has outlived them by minutes.
const clockMax = 60 * time.Second

func (s *Store) checkClock(ctx context.Context) []finding.Finding {
	const check = "clock"
	var at int64
	sent := time.Now()
	if err := s.readBy(ctx, s.lookups(), "check_clock", nil, func(scan scanFunc) error { return scan(&at) }); err != nil {
		return s.unknown(check, err, "SELECT")
	}
	return []finding.Finding{finding.Clock{
		Check: "clickhouse." + check, On: s.Place(), At: time.UnixMilli(at), Sent: sent, Heard: time.Now(), Most: clockMax,
		Breaks: "ages of checkpoints and times of releases are wrong",
	}.Judge()}
}

func (s *Store) checkDisks(ctx context.Context, age func(ctx context.Context) (time.Duration, error)) []finding.Finding {
	const check = "disk"
	since, _ := age(ctx) // Not known: no forecast, which is said.
	var found []finding.Finding
	err := s.readBy(ctx, s.lookups(), "check_disks", nil, func(scan scanFunc) error {
		var name string
		d := finding.Disk{Age: since}
		if err := scan(&name, &d.Free, &d.Total, &d.Ours); err != nil {
			return err
		}
		found = append(found, d.Forecast("clickhouse."+check, s.Place()+" disk "+name, "ClickHouse takes no more rows: votes wait on the log, and figures stand still"))
		return nil
	})
	if err != nil {
		return s.unknown(check, err, "SELECT ON system.disks and system.parts")
	}
	return found
}

// checkStates looks whether every partition is counted.
func (s *Store) checkStates(ctx context.Context) []finding.Finding {
	const check = "partitions"
	states, err := s.States(ctx)
	if err != nil {
		return s.unknown(check, err, "SELECT on the database")
	}
	var found []finding.Finding
	for _, p := range states {
		if p.State != schema.StateHalted && p.State != schema.StateStuck {
			continue
		}
		found = append(found, s.bad(check, fmt.Sprintf("partition %d is %s: %s", p.Partition, p.State, p.Reason),
			"its votes are on the log and not counted", "by the reason; a halted one is tried again when mlf aggregate restarts"))
	}
	if len(found) == 0 {
		found = append(found, s.found(finding.OK, check, fmt.Sprintf("none of %d is halted or stuck", len(states))))
	}
	return found
}

// checkChains looks for segments with two accounts.
func (s *Store) checkChains(ctx context.Context) []finding.Finding {
	const check = "one_log"
	var twice []string
	err := s.readBy(ctx, s.narrow(), "check_chains", nil, func(scan scanFunc) error {
		var partition uint16
		var segment uint32
		err := scan(&partition, &segment)
		twice = append(twice, fmt.Sprintf("%d of partition %d", segment, partition))
		return err
	})
	switch {
	case err != nil:
		return s.unknown(check, err, "SELECT on the database")
	case len(twice) > 0:
		return []finding.Finding{s.bad(check, "two accounts of segment "+strings.Join(twice, ", "),
			"two logs were counted here: figures are of neither", "count the right log into a new database, compare it with another one of that log, and drop this one")}
	}
	return []finding.Finding{s.found(finding.OK, check, "each closed segment has one account")}
}

// paceLeast is the least time in which one worker takes four checkpoints, with room for
// one at its end.
const (
	paceMany  = 4
	paceLeast = 100 * time.Second
)

// checkPace looks whether checkpoints come as from one worker, one a minute. Two
// crowds of workers are held apart by nothing but the group's name.
func (s *Store) checkPace(ctx context.Context) []finding.Finding {
	const check = "one_worker"
	var dense []uint16
	err := s.readBy(ctx, s.lookups(), "check_checkpoints", nil, func(scan scanFunc) error {
		var partition uint16
		var taken []int64
		if err := scan(&partition, &taken); err != nil {
			return err
		}
		if len(taken) >= paceMany && time.Duration(taken[0]-taken[paceMany-1])*time.Millisecond < paceLeast {
			dense = append(dense, partition)
		}
		return nil
	})
	if err != nil {
		return s.unknown(check, err, "SELECT on the database")
	}
	if len(dense) == 0 {
		return []finding.Finding{s.found(finding.OK, check, "checkpoints come as from one worker for each partition")}
	}
	f := s.bad(check, fmt.Sprintf("of partitions %v more checkpoints come than one worker takes", dense),
		"no figure: rows are maxima. But two count, or one restarts all the time, and it costs twice",
		"see that all mlf aggregate of this database have the same --clickhouse (host, port, database), and whether they restart")
	f.Status = finding.Warn
	return []finding.Finding{f}
}
