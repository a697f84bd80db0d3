package store

import (
	"context"
	"fmt"
	"time"

	"github.com/ClickHouse/ch-go"
	"github.com/ClickHouse/ch-go/proto"
	"github.com/ClickHouse/clickhouse-go/v2"

	"mlf/schema/sql"
)

// What reads of all that was counted may cost. They are for who holds it in memory,
// come at its start, and may take minutes: what bounds them is silence. Each has a
// connection of its own; how many run at once is for who asks.
const (
	// LoadMemoryMax is the most memory of one on the server, in bytes.
	LoadMemoryMax = 256 << 20

	// loadThreads leaves the counting a core where there are two.
	loadThreads = 2

	// loadBlock is the rows that are in memory at once on our side, some 5 MB.
	loadBlock = 65_536
)

// load runs the named query and calls block whenever the next rows are in result.
// It reads whole columns, which the driver of the other reads does not: row by row,
// a value at a time, a hundred million of them would take five times as long.
func (s *Store) load(ctx context.Context, query string, p clickhouse.Parameters, result proto.Results, block func(rows int) error) error {
	start := time.Now()
	err := s.loadBlocks(ctx, query, p, result, block)
	s.metrics.Read(query, start, codeOf(err))
	if err != nil {
		return fmt.Errorf("read %s: %w", query, err)
	}
	return nil
}

// loadBlocks does what load does. It ends when ctx does, or when nothing was heard
// for silenceMax; while block works, it is not the server that is silent.
func (s *Store) loadBlocks(ctx context.Context, query string, p clickhouse.Parameters, result proto.Results, block func(rows int) error) (err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	silence := time.AfterFunc(silenceMax, func() { cancel(errSilent) })
	defer silence.Stop()
	defer func() {
		if cause := context.Cause(ctx); err != nil && cause != nil {
			err = fmt.Errorf("%w: %w", cause, err)
		}
	}()
	c, hangUp, err := s.dialColumns(ctx)
	if err != nil {
		return err
	}
	defer hangUp()
	err = c.Do(ctx, ch.Query{
		Body: fmt.Sprintf("%s\nSETTINGS %s, optimize_read_in_order = 1, max_threads = %d, max_block_size = %d, max_memory_usage = %d, max_execution_time = 0",
			sql.Query(query), readSettings, loadThreads, loadBlock, LoadMemoryMax),
		Parameters: columnParameters(p),
		Result:     result,
		OnProgress: func(context.Context, proto.Progress) error { silence.Reset(silenceMax); return nil },
		OnResult: func(_ context.Context, b proto.Block) error {
			if b.Rows == 0 {
				return nil
			}
			silence.Stop()
			defer silence.Reset(silenceMax)
			return block(b.Rows)
		},
	})
	if err != nil || !s.conn.server.met().isFront() {
		return err
	}
	return s.conn.server.meetAgain(askingColumns(ctx, c)) // As pool.vouch does.
}

// columnParameters writes p as ch-go sends them.
func columnParameters(p clickhouse.Parameters) []proto.Parameter {
	sent := make([]proto.Parameter, 0, len(p))
	for key, value := range p {
		sent = append(sent, proto.Parameter{Key: key, Value: "'" + value + "'"})
	}
	return sent
}

// dialColumns connects to the one server, which is asked who it is; hangUp ends the
// connection, as the end of ctx does, whatever it is waiting for.
func (s *Store) dialColumns(ctx context.Context) (c *ch.Client, hangUp func(), err error) {
	if err := s.conn.server.problem(); err != nil {
		return nil, nil, err
	}
	password, err := s.cfg.password(s.opt)
	if err != nil {
		return nil, nil, err
	}
	link, err := dialWithin(ctx, s.opt, s.opt.Addr[0], min(s.opt.DialTimeout, silenceMax))
	if err != nil {
		return nil, nil, err
	}
	stop := context.AfterFunc(ctx, func() { _ = link.Close() })
	hangUp = func() { stop(); _ = link.Close() }
	c, err = ch.Connect(ctx, link, ch.Options{
		Database: s.opt.Auth.Database, User: s.opt.Auth.Username, Password: password,
		Compression: compressionOf(s.opt), ClientName: "mlf", ReadTimeout: ch.NoTimeout, HandshakeTimeout: silenceMax,
	})
	if err == nil {
		err = s.conn.server.meet(askingColumns(ctx, c))
	}
	if err != nil {
		hangUp()
		return nil, nil, err
	}
	return c, hangUp, nil
}

// askingColumns asks over c.
func askingColumns(ctx context.Context, c *ch.Client) asking {
	return func(statement string, texts ...*string) error {
		columns := make([]proto.ColStr, len(texts))
		var result proto.Results
		for i := range columns {
			result = append(result, proto.ResultColumn{Data: &columns[i]})
		}
		err := c.Do(ctx, ch.Query{Body: statement, Result: result, OnResult: func(context.Context, proto.Block) error { return nil }})
		if err == nil && columns[0].Rows() != 1 {
			err = fmt.Errorf("%d rows: want one", columns[0].Rows())
		}
		if err != nil {
			return err
		}
		for i, text := range texts {
			*text = columns[i].Row(0)
		}
		return nil
	}
}

// compressionOf returns what opt asks for.
func compressionOf(opt *clickhouse.Options) ch.Compression {
	switch {
	case opt.Compression == nil:
		return ch.CompressionDisabled
	case opt.Compression.Method == clickhouse.CompressionZSTD:
		return ch.CompressionZSTD
	case opt.Compression.Method == clickhouse.CompressionLZ4:
		return ch.CompressionLZ4
	default: // Others are of HTTP.
		return ch.CompressionDisabled
	}
}
