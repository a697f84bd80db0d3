package sql_test

import (
	"io/fs"
	"os"
	"regexp"
	"strings"
	"testing"

	"mlf/schema/sql"
)

// TestMigrationsAreWrittenAlike looks at their texts; that they may run again is
// tried on an engine, in aggregate/store.
func TestMigrationsAreWrittenAlike(t *testing.T) {
	names, err := fs.Glob(sql.Migrations(), "*.sql")
	if err != nil || len(names) == 0 {
		t.Fatalf("%d migrations, %v", len(names), err)
	}
	named := regexp.MustCompile(`^\d{5}_[a-z_]+\.sql$`)
	for _, name := range names {
		text, err := fs.ReadFile(sql.Migrations(), name)
		if err != nil {
			t.Fatal(err)
		}
		if !named.MatchString(name) {
			t.Errorf("%s: want a number of five digits and a name", name)
		}
		isTable := strings.Contains(string(text), "CREATE TABLE")
		for _, want := range []string{"-- +goose NO TRANSACTION\n", "-- +goose Up\n", "IF NOT EXISTS", "fsync_after_insert = 1"} {
			if ofTable := strings.HasPrefix(want, "fsync"); !strings.Contains(string(text), want) && (isTable || !ofTable) {
				t.Errorf("%s: has no %q", name, want)
			}
		}
		if got := strings.Count(string(text), ";"); got != 1 {
			t.Errorf("%s: %d statements: want one", name, got)
		}
	}
}

func TestQueriesAreOneStatementEach(t *testing.T) {
	entries, err := os.ReadDir("queries")
	if err != nil || len(entries) == 0 {
		t.Fatalf("%d queries, %v", len(entries), err)
	}
	for _, e := range entries {
		name := strings.TrimSuffix(e.Name(), ".sql")
		text := sql.Query(name)
		if text == "" || strings.ContainsAny(text, ";") || strings.Contains(text, "--") {
			t.Errorf("%s: want one statement without semicolon, got %q", name, text)
		}
	}
}
