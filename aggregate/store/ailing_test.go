package store_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mlf/aggregate/store"
	"mlf/aggregate/store/embedded"
	"mlf/proof/ailing"
	"mlf/schema"
	"mlf/schema/finding"
)

// looker may see the disks, which the engine's own user may not.
const looker = `<clickhouse><users><looker><password>for-tests</password><networks><ip>127.0.0.1</ip></networks><profile>default</profile><quota>default</quota>
<grants><query>GRANT SHOW, SELECT ON *.*</query></grants></looker></users></clickhouse>`

// TestAServerOnASmallDisk: a real one, on a disk that gets full. Its clock cannot be made
// a wrong one: it asks the kernel itself (package finding has clocks that are).
func TestAServerOnASmallDisk(t *testing.T) {
	disk := ailing.NewDisk(t, "256m")
	dir := filepath.Join(disk.Dir, "clickhouse")
	if err := os.MkdirAll(filepath.Join(dir, "users.d"), 0o750); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "users.d", "looker.xml"), []byte(looker), 0o600); err != nil {
		t.Fatal(err)
	}
	server := engineOf(t, embedded.Config{Dir: dir})
	dsn := newDatabase(t, server.DSN())
	if err := store.Apply(t.Context(), store.Config{DSN: dsn}, schema.Identity{Log: schema.NewLogID(), Partitions: 4, Rules: schema.RulesV2}); err != nil {
		t.Fatal(err)
	}
	_, database, _ := strings.Cut(strings.TrimPrefix(dsn, "clickhouse://"), "/")
	s, err := store.New(store.Config{DSN: "clickhouse://looker:for-tests@" + server.Addr() + "/" + database}, store.Telemetry{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	f := func(age time.Duration, want finding.Status, says string) {
		t.Helper()
		for _, f := range finding.Run(t.Context(), 5*time.Second, s.Checks("schema", func(context.Context) (time.Duration, error) { return age, nil })...) {
			if f.Check == "clickhouse.disk" && (f.Status != want || !strings.Contains(f.Says, says) || (f.Remedy == "") != (want == finding.OK)) {
				t.Errorf("got %+v, want %s with %q", f, want, says)
			}
		}
	}
	const young, day = time.Hour, 24 * time.Hour
	f(young, finding.OK, "no forecast: there is less than a day to go by")
	disk.Leave(0.10)
	f(young, finding.Warn, "GB free")
	disk.Leave(0.015)
	f(young, finding.Fail, "GB free")
	disk.Leave(0.7)
	conn := dial(t, dsn)
	defer func() { _ = conn.Close() }()
	ask(t, conn, "CREATE TABLE much ENGINE = MergeTree ORDER BY () AS SELECT randomString(1000) FROM numbers(60000)")
	disk.Leave(0.45)
	f(300*day, finding.OK, "if it grows on as in the 300 days before")
	f(3*day, finding.Warn, "full in 6 days")
	disk.Leave(0.3)
	f(day, finding.Fail, "full in 1 days")
}
