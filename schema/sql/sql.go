// Package sql is every SQL statement of mlf: the migrations that make the
// tables of the store, and the statements that write and read them, one to a
// file. Values are bound by the server ({name:Type}), never pasted.
//
// It knows ClickHouse's SQL. It must not know a driver or what is done with the
// rows; that is aggregate/store.
package sql

import (
	"embed"
	"fmt"
	"io/fs"
	"strings"
)

//go:embed migrations/*.sql
var migrations embed.FS

//go:embed queries/*.sql
var queries embed.FS

// Migrations returns the migrations for goose, at the root of the file system.
// Each is one statement outside a transaction and may run again, because
// ClickHouse cannot undo half a migration.
func Migrations() fs.FS {
	sub, err := fs.Sub(migrations, "migrations")
	if err != nil {
		panic(fmt.Sprintf("BUG: embedded migrations: %v", err))
	}
	return sub
}

// Query returns the statement in queries/name.sql without its comments.
func Query(name string) string {
	text, err := queries.ReadFile("queries/" + name + ".sql")
	if err != nil {
		panic(fmt.Sprintf("BUG: query %q: %v", name, err))
	}
	return strip(string(text))
}

// strip removes the lines that are comments: the driver finds an insert's
// columns by the statement's text, and the server need not read our reasons.
func strip(text string) string {
	var kept []string
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(strings.TrimSpace(line), "--") {
			kept = append(kept, line)
		}
	}
	return strings.TrimSpace(strings.Join(kept, ""))
}
