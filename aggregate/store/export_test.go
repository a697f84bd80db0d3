package store

import (
	"context"

	"github.com/ClickHouse/clickhouse-go/v2"
)

// Ask runs a statement as Stats would, and counts its rows.
func (s *Store) Ask(ctx context.Context, text string) (rows int, err error) {
	err = s.run(ctx, s.wide(), text, clickhouse.Parameters{}, func(scan scanFunc) error { rows++; return nil })
	return rows, err
}

// AskAgain lets the next calls see where their connections lead, as when the database
// is still being set up.
func (s *Store) AskAgain() { s.conn.server.again() }
