package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/pressly/goose/v3"

	"mlf/schema"
	"mlf/schema/finding"
	"mlf/schema/sql"
)

// Apply makes what is missing, database, tables and the log's identity, and
// changes nothing else. It may run again at any time. A store that counts
// another log is an error, and so is one that somebody changed so that it loses rows.
func Apply(ctx context.Context, cfg Config, id schema.Identity) error {
	return apply(ctx, cfg, func(s *Store) error {
		if err := s.refuseUnsafe(ctx); err != nil {
			return err
		}
		return s.WriteIdentity(ctx, id)
	})
}

// apply migrates the database, and has finish do the rest.
func apply(ctx context.Context, cfg Config, finish func(s *Store) error) (err error) {
	if err := Migrate(ctx, cfg); err != nil {
		return err
	}
	cfg.ConnsMax = 1
	s, err := Open(ctx, cfg, Telemetry{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	return finish(s)
}

// refuseUnsafe refuses tables that somebody changed so that they lose rows.
func (s *Store) refuseUnsafe(ctx context.Context) error {
	for _, f := range s.checkFsync(ctx) {
		if f.Status == finding.Fail {
			return fmt.Errorf("%s: %s; %s: %w", f.Says, f.Breaks, f.Remedy, errUnsafe)
		}
	}
	return nil
}

// Migrate creates the database and brings its tables to the newest version. It
// may run again at any time, and several times at once.
func Migrate(ctx context.Context, cfg Config) error {
	opt, database, err := cfg.options()
	if err != nil {
		return err
	}
	if opt.Auth.Password, err = cfg.password(opt); err != nil { // The driver of database/sql asks nobody for it.
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

// Identity returns which log this store counts, or has a share of, where Config.Share
// allows for one. ErrNotApplied: none was written.
func (s *Store) Identity(ctx context.Context) (schema.Identity, error) {
	if id := s.identity.Load(); id != nil {
		return *id, nil
	}
	s.conn.server.again()
	id, err := s.readIdentity(ctx)
	if errors.Is(err, ErrNotApplied) && s.cfg.Share {
		id, _, err = s.readShare(ctx)
	}
	if err != nil {
		return schema.Identity{}, err
	}
	s.identity.Store(&id)
	return id, nil
}

// readIdentity reads which log this store counts all of.
func (s *Store) readIdentity(ctx context.Context) (schema.Identity, error) {
	var ids []schema.Identity
	err := s.readBy(ctx, s.lookups(), "identity", nil, func(scan scanFunc) error {
		id, err := scanIdentity(scan)
		ids = append(ids, id)
		return err
	})
	switch {
	case err != nil:
		return schema.Identity{}, err
	case len(ids) == 0:
		return schema.Identity{}, fmt.Errorf("read identity: %w", ErrNotApplied)
	case len(ids) > 1:
		return schema.Identity{}, fmt.Errorf("read identity: %d logs were counted into this store, the first two are %v and %v: %w", len(ids), ids[0].Log, ids[1].Log, errOtherLog)
	}
	if of := s.conn.server.met().log; of != "" && of != logName(ids[0]) {
		return schema.Identity{}, fmt.Errorf("read identity: the store counts log %v, and its servers have shares of another (%s): %w", ids[0].Log, of, errOtherLog)
	}
	return ids[0], nil
}

// scanIdentity reads log, partitions and rules, and what is asked for after them.
func scanIdentity(scan scanFunc, after ...any) (schema.Identity, error) {
	var log string
	var partitions uint16
	var rules uint32
	if err := scan(append([]any{&log, &partitions, &rules}, after...)...); err != nil {
		return schema.Identity{}, err
	}
	id := schema.Identity{Partitions: int(partitions), Rules: schema.Rules(rules)}
	copy(id.Log[:], log)
	return id, nil
}
