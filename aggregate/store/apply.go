package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/pressly/goose/v3"

	"mlf/schema"
	"mlf/schema/sql"
)

// Apply makes what is missing, database, tables and the log's identity, and
// changes nothing else. It may run again at any time. A store that counts
// another log is an error.
func Apply(ctx context.Context, dsn string, id schema.Identity) (err error) {
	if err := Migrate(ctx, dsn); err != nil {
		return err
	}
	s, err := Open(ctx, Config{DSN: dsn, ConnsMax: 1}, Telemetry{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	return s.WriteIdentity(ctx, id)
}

// Migrate creates the database and brings its tables to the newest version. It
// may run again at any time, and several times at once.
func Migrate(ctx context.Context, dsn string) error {
	opt, database, err := options(dsn)
	if err != nil {
		return err
	}
	if err := createDatabase(ctx, opt, database); err != nil {
		return err
	}
	opt.Auth.Database = database
	db := clickhouse.OpenDB(opt)
	provider, err := goose.NewProvider(goose.DialectClickHouse, db, sql.Migrations(), goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return errors.Join(fmt.Errorf("read migrations: %w", err), db.Close())
	}
	if _, err := provider.Up(ctx); err != nil {
		return errors.Join(fmt.Errorf("migrate store: %w", err), db.Close())
	}
	if err := db.Close(); err != nil {
		return fmt.Errorf("close store: %w", err)
	}
	return nil
}

// createDatabase creates database over a connection that does not name it.
func createDatabase(ctx context.Context, opt *clickhouse.Options, database string) (err error) {
	conn, err := clickhouse.Open(opt)
	if err != nil {
		return fmt.Errorf("open store: %w", err)
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	ctx = clickhouse.Context(ctx, clickhouse.WithParameters(clickhouse.Parameters{"database": database}))
	if err := conn.Exec(ctx, sql.Query("create_database")); err != nil {
		return fmt.Errorf("create database %s: %w", database, err)
	}
	return nil
}

// WriteIdentity makes id the log that this store counts. Once one is written, it
// accepts that one again and refuses any other. Two different ones written at
// the same moment make the store unusable, not wrong.
func (s *Store) WriteIdentity(ctx context.Context, id schema.Identity) error {
	if id.Log == (schema.LogID{}) || id.Partitions < 1 || id.Partitions > schema.Slots {
		return fmt.Errorf("write identity: log %v, %d partitions: out of range", id.Log, id.Partitions)
	}
	got, err := s.Identity(ctx)
	if errors.Is(err, ErrNotApplied) {
		err = s.insert(ctx, "identity", 1, []any{
			[]string{string(id.Log[:])}, []uint16{uint16(id.Partitions)}, []uint32{uint32(id.Rules)},
		})
		if err != nil {
			return err
		}
		got, err = s.Identity(ctx) // Another one may have been faster.
	}
	if err != nil {
		return err
	}
	if got != id {
		return fmt.Errorf("write identity: the store counts log %v of %d partitions by rules %d, not log %v of %d by %d: %w",
			got.Log, got.Partitions, got.Rules, id.Log, id.Partitions, id.Rules, errOtherLog)
	}
	return nil
}

// Identity returns which log this store counts, ErrNotApplied if none was
// written.
func (s *Store) Identity(ctx context.Context) (schema.Identity, error) {
	if id := s.identity.Load(); id != nil {
		return *id, nil
	}
	var ids []schema.Identity
	err := s.readBy(ctx, s.lookups(), "identity", nil, func(scan scanFunc) error {
		var log string
		var partitions uint16
		var rules uint32
		if err := scan(&log, &partitions, &rules); err != nil {
			return err
		}
		id := schema.Identity{Partitions: int(partitions), Rules: schema.Rules(rules)}
		copy(id.Log[:], log)
		ids = append(ids, id)
		return nil
	})
	switch {
	case err != nil:
		return schema.Identity{}, err
	case len(ids) == 0:
		return schema.Identity{}, fmt.Errorf("read identity: %w", ErrNotApplied)
	case len(ids) > 1:
		return schema.Identity{}, fmt.Errorf("read identity: %d logs were counted into this store, the first two are %v and %v: %w", len(ids), ids[0].Log, ids[1].Log, errOtherLog)
	}
	s.identity.Store(&ids[0])
	return ids[0], nil
}
