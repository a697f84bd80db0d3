package store

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"mlf/schema"
	"mlf/schema/shares"
	"mlf/schema/sql"
)

// A country that is too large for one server is counted into databases on several, each
// of which has a share of the log's partitions. They are read through one more database,
// the front: there the tables of counts are those of all shares together, and what is
// published is kept. To those who read it is a database as any other.

// countTables are the tables of what was counted, by partition or by what is of one
// partition. Those of a front are put together of the shares'.
func countTables() []string {
	return []string{"votes_rollup", "segment_ledger", "terminal_watermark", "terminal_day", "partition_state"}
}

// ErrFront is the error of who would count into a database that is put together of
// shares.
var ErrFront = fmt.Errorf("the database is put together of the shares of several servers, each of which is counted into by itself: name one of those: %w", errShare)

// Share returns what the database has of its log: all of it, or one of several shares.
// Zero: it is put together of shares, and nothing is counted into it.
func (s *Store) Share(ctx context.Context) (schema.Identity, shares.Share, error) {
	id, err := s.Identity(ctx)
	if err != nil || s.conn.server.met().isFront() {
		return id, shares.Share{}, err
	}
	whole, err := s.readIdentity(ctx)
	if errors.Is(err, ErrNotApplied) {
		return s.readShare(ctx)
	}
	return whole, shares.Whole(), err
}

// readShare reads what share of which log the database has, of which it does not have all.
func (s *Store) readShare(ctx context.Context) (schema.Identity, shares.Share, error) {
	var id schema.Identity
	var share shares.Share
	rows := 0
	err := s.readBy(ctx, s.lookups(), "share", nil, func(scan scanFunc) (err error) {
		var number, of uint16
		id, err = scanIdentity(scan, &number, &of)
		share = shares.Share{Number: int(number), Of: int(of)}
		rows++
		return err
	})
	switch {
	case hasCode(err, codeUnknownTable) || err == nil && rows == 0:
		return id, share, fmt.Errorf("read share: %w", ErrNotApplied)
	case err != nil:
		return id, share, err
	case rows > 1 || !share.Valid(id.Partitions):
		return id, share, fmt.Errorf("read share: %d of them, the last is %v of %d partitions: %w", rows, share, id.Partitions, errOtherLog)
	}
	return id, share, nil
}

// codeUnknownTable is the server's of a table that there is not
// (ClickHouse, src/Common/ErrorCodes.cpp).
const codeUnknownTable = 60

// ApplyShare makes the database of cfg one that counts a share of log id, as Apply makes
// one that counts all of it. A database that counts all of a log, or another share, is
// an error, and stays what it is.
func ApplyShare(ctx context.Context, cfg Config, id schema.Identity, share shares.Share) error {
	if !share.Valid(id.Partitions) {
		return fmt.Errorf("share %v of a log of %d partitions: want at least one for each share", share, id.Partitions)
	}
	cfg.Share = true
	return apply(ctx, cfg, func(s *Store) error {
		if _, err := s.readIdentity(ctx); !errors.Is(err, ErrNotApplied) {
			return errors.Join(err, fmt.Errorf("%s counts all of a log: %w", s.Place(), errOtherLog))
		}
		if err := s.makeShare(ctx, share, id.Partitions); err != nil {
			return err
		}
		if err := s.refuseUnsafe(ctx); err != nil {
			return err
		}
		return s.writeShare(ctx, id, share)
	})
}

// makeShare makes what tells a share from other databases. From here on nobody answers
// from it, and nothing but its partitions is taken.
func (s *Store) makeShare(ctx context.Context, share shares.Share, partitions int) error {
	if err := s.define(ctx, "create_share", nil); err != nil {
		return err
	}
	first, next := share.Span(partitions)
	if share.Last() {
		next = schema.Slots // Also what was added to the topic.
	}
	for _, table := range []string{"votes_rollup", "segment_ledger", "partition_state", "checkpoint"} {
		if err := s.define(ctx, "constrain_share", clickhouse.Parameters{"table": table, "first": number(first), "next": number(next)}); err != nil {
			return err
		}
	}
	for _, view := range []string{"bi_votes", "bi_reasons"} {
		if err := s.define(ctx, "drop_view", clickhouse.Parameters{"view": view}); err != nil {
			return err
		}
	}
	return nil
}

// writeShare writes which share of which log this is, where nothing is written yet.
func (s *Store) writeShare(ctx context.Context, id schema.Identity, share shares.Share) error {
	got, has, err := s.readShare(ctx)
	if errors.Is(err, ErrNotApplied) {
		err = s.define(ctx, "insert_share", clickhouse.Parameters{
			"log": hex.EncodeToString(id.Log[:]), "partitions": number(uint64(id.Partitions)), "rules": number(id.Rules),
			"number": number(uint64(share.Number)), "of": number(uint64(share.Of)),
		})
		if err != nil {
			return err
		}
		got, has, err = s.readShare(ctx) // Another one may have been faster.
	}
	if err != nil {
		return err
	}
	if got != id || has != share {
		return fmt.Errorf("write share: %s has share %v of log %v of %d partitions by rules %d, not %v of log %v of %d by %d: %w",
			s.Place(), has, got.Log, got.Partitions, got.Rules, share, id.Log, id.Partitions, id.Rules, errOtherLog)
	}
	return nil
}

// A Cluster is where the shares of a log are: in the databases of one name on every
// server of a cluster that the server of the front knows by its configuration
// (remote_servers), each a shard of its own.
type Cluster struct {
	Name     string // At most 64 letters, digits, '_' and '-'.
	Database string // At most 64 letters, digits and '_'.
}

// Validate refuses names that cannot be some.
func (c Cluster) Validate() error {
	if !plainName(strings.ReplaceAll(c.Name, "-", "_")) || !plainName(c.Database) {
		return fmt.Errorf("cluster %q, database %q: want at most %d letters, digits and '_' each, and '-' in a cluster's", c.Name, c.Database, databaseNameMax)
	}
	return nil
}

// ApplyFront makes the database of cfg one that is put together of the shares of log id
// that the servers of cluster have, all of which must be there. A database that has
// counts of its own is an error. It may run again at any time.
func ApplyFront(ctx context.Context, cfg Config, id schema.Identity, cluster Cluster) error {
	if err := cluster.Validate(); err != nil {
		return err
	}
	return apply(ctx, cfg, func(s *Store) error {
		var own uint64
		if err := s.read(ctx, "own_counts", clickhouse.Parameters{"tables": texts(append(countTables(), "checkpoint"))}, func(scan scanFunc) error { return scan(&own) }); err != nil {
			return err
		}
		if own > 0 {
			return fmt.Errorf("%s has %d rows of counts of its own: %w", s.Place(), own, errOtherLog)
		}
		for _, of := range append([]string{kindShare}, countTables()...) {
			if err := s.putTogether(ctx, of, cluster); err != nil {
				return err
			}
		}
		if err := s.refuseUnsafe(ctx); err != nil {
			return err
		}
		return s.WriteIdentity(ctx, id)
	})
}

// putTogether makes a table of those of all shares, under their name. That of the shares
// themselves, which has another, comes first: from there on each read asks them all.
func (s *Store) putTogether(ctx context.Context, of string, cluster Cluster) error {
	table := of
	if of == kindShare {
		table = kindFront
		defer s.conn.server.again()
	}
	return s.define(ctx, "create_front", clickhouse.Parameters{"table": table, "cluster": cluster.Name, "database": cluster.Database, "of": of})
}

// logName writes id as the query shares does.
func logName(id schema.Identity) string {
	return fmt.Sprintf("%x %d %d", id.Log[:], id.Partitions, id.Rules)
}

// define runs a statement that is no read.
func (s *Store) define(ctx context.Context, query string, p clickhouse.Parameters) error {
	ctx, cancel := context.WithTimeout(ctx, s.cfg.WriteMax)
	defer cancel()
	err := s.conn.use(ctx, func(c driver.Conn) error {
		return c.Exec(clickhouse.Context(ctx, clickhouse.WithParameters(p)), sql.Query(query))
	})
	if err != nil {
		return fmt.Errorf("%s: %w", strings.TrimSpace(strings.ReplaceAll(query, "_", " ")+" "+p["table"]), err)
	}
	return nil
}
