package baseline

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
)

// A Database is a look at a ClickHouse server from outside, and a place for the
// tables of baseline D.
type Database struct {
	conn driver.Conn
	name string
}

// OpenDatabase connects to the database that dsn names; it must exist, for the
// embedded server dies of one that does not.
func OpenDatabase(dsn string) (*Database, error) { return openAs(dsn, "") }

// Close gives the connections back.
func (d *Database) Close() error { return d.conn.Close() }

// Drop removes the database with all its tables, at once.
func (d *Database) Drop(ctx context.Context) error {
	return d.exec(ctx, "DROP DATABASE "+d.name+" SYNC", nil)
}

// openAs connects to the database of that name on the server of dsn; "": the one that dsn
// names.
func openAs(dsn, name string) (*Database, error) {
	opt, err := clickhouse.ParseDSN(dsn)
	if err != nil {
		return nil, fmt.Errorf("read DSN: %w", err)
	}
	opt.Auth.Database = cmp.Or(name, opt.Auth.Database)
	conn, err := clickhouse.Open(opt)
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	return &Database{conn: conn, name: opt.Auth.Database}, nil
}

// always is the name of a database that every server has.
const always = "default"

// CreateDatabase creates a database of that name on the server of dsn and returns a
// connection to it.
func CreateDatabase(ctx context.Context, dsn, name string) (*Database, error) {
	d, err := openAs(dsn, always)
	if err != nil {
		return nil, err
	}
	err = d.exec(ctx, "CREATE DATABASE "+name, nil)
	if err := errors.Join(err, d.Close()); err != nil {
		return nil, err
	}
	return openAs(dsn, name)
}

// DropDatabases removes the databases of the server of dsn whose names begin with
// prefix.
func DropDatabases(ctx context.Context, dsn, prefix string) (err error) {
	d, err := openAs(dsn, always)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	var names []string
	if err := d.conn.QueryRow(ctx, "SELECT groupArray(name) FROM system.databases WHERE startsWith(name, ?)", prefix).Scan(&names); err != nil {
		return fmt.Errorf("list databases: %w", err)
	}
	for _, name := range names {
		if err := (&Database{conn: d.conn, name: name}).Drop(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (d *Database) exec(ctx context.Context, text string, p clickhouse.Parameters) error {
	if err := d.conn.Exec(clickhouse.Context(ctx, clickhouse.WithParameters(p)), text); err != nil {
		return fmt.Errorf("%.40s: %w", text, err)
	}
	return nil
}

// Ask runs a SELECT whose rows have a column n, and returns how many there are and
// what n adds up to. The rows stay there: to read them would cost more.
func (d *Database) Ask(ctx context.Context, text string, known map[string]string) (rows int, n uint64, err error) {
	var all uint64
	ctx = clickhouse.Context(ctx, clickhouse.WithParameters(known))
	if err := d.conn.QueryRow(ctx, "SELECT count(), sum(n) FROM ("+text+")").Scan(&all, &n); err != nil {
		return 0, 0, fmt.Errorf("%.40s: %w", text, err)
	}
	return int(all), n, nil
}

// Settle returns when the server has not merged anything for a second: what the
// rows written so far cost is then paid, as far as the server means to pay it.
func (d *Database) Settle(ctx context.Context) error {
	quiet := 0
	for quiet < 10 {
		var merges uint64
		if err := d.conn.QueryRow(ctx, "SELECT count() FROM system.merges").Scan(&merges); err != nil {
			return fmt.Errorf("read merges: %w", err)
		}
		if quiet++; merges > 0 {
			quiet = 0
		}
		select {
		case <-time.After(100 * time.Millisecond):
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return nil
}

// A Size is what a table takes on disk.
type Size struct {
	Rows  uint64
	Bytes uint64
	Parts uint64
}

// SizeOf returns the size of a table as it lies there.
func (d *Database) SizeOf(ctx context.Context, table string) (Size, error) {
	var s Size
	err := d.conn.QueryRow(ctx, "SELECT sum(rows), sum(bytes_on_disk), count() FROM system.parts WHERE active AND database = ? AND table = ?",
		d.name, table).Scan(&s.Rows, &s.Bytes, &s.Parts)
	if err != nil {
		return s, fmt.Errorf("read size of %s: %w", table, err)
	}
	return s, nil
}

// Merge merges a table as far as it goes.
func (d *Database) Merge(ctx context.Context, table string) error {
	return d.exec(ctx, "OPTIMIZE TABLE "+table+" FINAL", nil)
}
