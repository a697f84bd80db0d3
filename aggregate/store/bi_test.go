package store_test

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"mlf/aggregate/store"
	"mlf/schema"
)

// TestBIViews: what BI tools see in the views is what was counted, with the words
// that the protocol has for every number, and its names.
func TestBIViews(t *testing.T) {
	dsn := newDatabase(t, engine(t).DSN())
	if err := store.Apply(t.Context(), store.Config{DSN: dsn}, schema.Identity{Log: schema.LogID{1}, Partitions: 1, Rules: schema.RulesV2}); err != nil {
		t.Fatal(err)
	}
	s := openStore(t, store.Config{DSN: dsn})
	names := store.Names{
		Comuni: []store.ComuneNames{{
			ID: 1272, Name: "Torino", Province: "001", ProvinceName: "Torino", Region: "01", RegionName: "Piemonte",
			MacroArea: "Nord-ovest", Population: 856745, PopulationClass: "large",
		}},
		Services: []store.ServiceNames{{ID: 7, Code: "anagrafe", IT: "Anagrafe", EN: "Registry office", DE: "Meldeamt", Category: "demographic"}},
	}
	for range 2 { // The names of the second time stand, once.
		if err := store.ApplyNames(t.Context(), store.Config{DSN: dsn}, names); err != nil {
			t.Fatal(err)
		}
		names.Comuni[0].Name = "Torino/Turin"
	}
	hour := schema.Hour(494_207) // 2026-05-18T23:00:00Z: in Rome the hour after midnight of the 19th, a Tuesday.
	row := func(channel schema.Channel, scale schema.Scale, class schema.Class, reason schema.Reason) schema.Rollup {
		return schema.Rollup{
			Cell:    schema.Cell{Comune: 1272, Office: "centro", Service: 7, Channel: channel, Scale: scale, Class: class, Hour: hour},
			Values:  [schema.ValueMax]uint64{3, 2, 5},
			Reasons: []schema.ReasonNumber{{Key: schema.KeyOfReason(schema.Red, reason), N: 2}},
		}
	}
	var rows []schema.Rollup
	for _, channel := range schema.Channels() {
		for _, scale := range schema.Scales() {
			for _, class := range schema.Classes() {
				rows = append(rows, row(channel, scale, class, schema.ReasonStaff))
			}
		}
	}
	for reason := schema.ReasonWaitingTime; reason <= schema.ReasonMax; reason++ {
		r := row(schema.ChannelCounter, schema.ScaleMLF3, schema.ClassOK, reason)
		r.Segment = schema.Segment(reason) // A cell of many segments has many rows, which add up.
		rows = append(rows, r)
	}
	unnamed := row(schema.ChannelWeb, schema.ScaleMLF3, schema.ClassOK, schema.ReasonUnclear)
	unnamed.Comune, unnamed.Service = 99_001, 8
	rows = append(rows, unnamed)
	for range 2 {
		if err := s.WriteRollups(t.Context(), rows); err != nil {
			t.Fatal(err)
		}
	}

	conn := dial(t, dsn)
	defer func() { _ = conn.Close() }()
	f := func(query, want string) {
		t.Helper()
		if got := text(t, conn, query); got != want {
			t.Errorf("%s:\ngot  %s\nwant %s", query, got, want)
		}
	}
	f(`SELECT toString((comune, comune_name, province, province_name, region, region_name, macro_area, population, population_class, office, service, service_name_it,
		service_name_en, service_name_de, category, toString(hour), day, hour_of_day, weekday, sum(green), sum(yellow), sum(red), sum(votes)))
		FROM bi_votes WHERE comune_code = 1272 AND channel = 'counter' AND scale = 'mlf3' AND class = 'ok' GROUP BY ALL`,
		`('001272','Torino/Turin','001','Torino','01','Piemonte','Nord-ovest',856745,'large','centro','anagrafe','Anagrafe','Registry office','Meldeamt','demographic',`+
			`'2026-05-18 23:00:00','2026-05-19',1,2,80,32,48,160)`)
	f("SELECT toString((comune, comune_name, service, sum(votes))) FROM bi_votes WHERE comune_code = 99001 GROUP BY ALL", "('099001','','',10)")
	f("SELECT toString((sum(green), sum(v3))) FROM bi_votes WHERE scale = 'stars5'", fmt.Sprintf("(0,%d)", 5*5*4))
	for _, channel := range schema.Channels() {
		for _, scale := range schema.Scales() {
			for _, class := range schema.Classes() {
				if scale != schema.ScaleMLF3 || class != schema.ClassOK {
					f(fmt.Sprintf("SELECT toString(count()) FROM bi_votes WHERE channel = '%v' AND scale = '%v' AND class = '%v'", channel, scale, class), "1")
				}
			}
		}
	}
	for reason := schema.ReasonWaitingTime; reason <= schema.ReasonMax; reason++ {
		if reason != schema.ReasonStaff && reason != schema.ReasonUnclear {
			f(fmt.Sprintf("SELECT toString((value, votes, comune_name, service)) FROM bi_reasons WHERE reason = '%v'", reason), "(1,2,'Torino/Turin','anagrafe')")
		}
	}
}

// text returns the one value of a question.
func text(t *testing.T, conn driver.Conn, query string) string {
	t.Helper()
	var got string
	if err := conn.QueryRow(t.Context(), query).Scan(&got); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return got
}

// TestBIUserIsSQL: the engine takes every statement that makes the user for BI
// tools, and the views in them are there. It has no users of its own to try more.
func TestBIUserIsSQL(t *testing.T) {
	file, err := os.ReadFile("../../deploy/clickhouse/bi_user.sql")
	if err != nil {
		t.Fatal(err)
	}
	dsn := newDatabase(t, engine(t).DSN())
	if err := store.Migrate(t.Context(), store.Config{DSN: dsn}); err != nil {
		t.Fatal(err)
	}
	conn := dial(t, dsn)
	defer func() { _ = conn.Close() }()
	statements := strings.Split(strings.TrimSpace(string(file)), ";\n")
	if len(statements) < 8 {
		t.Errorf("%d statements: want all of the file", len(statements))
	}
	ctx := clickhouse.Context(t.Context(), clickhouse.WithParameters(clickhouse.Parameters{"password": "of-a-test"}))
	for _, statement := range statements {
		if err := conn.Exec(ctx, "EXPLAIN AST "+strings.TrimSuffix(statement, ";")); err != nil {
			t.Errorf("%s: %v", statement, err)
		}
		for _, view := range regexp.MustCompile(`mlf\.(bi_\w+)`).FindAllStringSubmatch(statement, -1) {
			if text(t, conn, "SELECT toString(count()) FROM system.tables WHERE database = currentDatabase() AND name = '"+view[1]+"'") != "1" {
				t.Errorf("%s: there is no view %s", statement, view[1])
			}
		}
	}
}
