package store

import (
	"errors"
	"fmt"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
)

// databaseDefault is the database of a DSN that names none.
const databaseDefault = "mlf"

// databaseNameMax bounds a database's name: it is a folder's name on the server.
const databaseNameMax = 64

// options reads a DSN. The options name database default, which every server
// has; the database asked for may not exist yet.
func options(dsn string) (opt *clickhouse.Options, database string, err error) {
	if dsn == "" {
		return nil, "", errors.New("store: no DSN")
	}
	if opt, err = clickhouse.ParseDSN(dsn); err != nil {
		return nil, "", fmt.Errorf("read store DSN: %w", err)
	}
	if opt.Protocol != clickhouse.Native {
		return nil, "", errors.New("read store DSN: want the native protocol, clickhouse://")
	}
	if len(opt.Addr) != 1 {
		return nil, "", fmt.Errorf("read store DSN: %d servers: want one: what is counted into several is in none of them", len(opt.Addr))
	}
	if database = opt.Auth.Database; database == "" {
		database = databaseDefault
	}
	if !plainName(database) {
		return nil, "", fmt.Errorf("read store DSN: database %q: want at most %d letters, digits and '_'", database, databaseNameMax)
	}
	opt.Auth.Database = "default"
	opt.ClientInfo.Products = append(opt.ClientInfo.Products, struct{ Name, Version string }{Name: "mlf", Version: "1"})
	if opt.DialTimeout == 0 {
		opt.DialTimeout = 5 * time.Second // Also the wait for a free connection of the pool.
	}
	if opt.Settings == nil {
		opt.Settings = clickhouse.Settings{}
	}
	// On by default since 26.3, and also for native blocks: an insert would be
	// acknowledged from a buffer that mixes it with others.
	opt.Settings["async_insert"] = 0
	// A repeated insert must reach the table: rows are idempotent, and
	// deduplication has dropped rows that were not there.
	opt.Settings["insert_deduplicate"] = 0
	// Rows of one key come once a flush: there is nothing to merge before they are
	// written, and looking for it takes a tenth of an insert.
	opt.Settings["optimize_on_insert"] = 0
	return opt, database, nil
}

// plainName tells whether name needs no quoting anywhere.
func plainName(name string) bool {
	for i := range len(name) {
		c := name[i]
		digit := c >= '0' && c <= '9'
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && c != '_' && (!digit || i == 0) {
			return false
		}
	}
	return name != "" && len(name) <= databaseNameMax
}
