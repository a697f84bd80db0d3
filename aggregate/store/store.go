// Package store keeps the rollups in ClickHouse: it writes what the fold has
// counted, with the fold's checkpoints, and reads statistics back. The tables
// and every statement are in schema/sql.
//
// It alone knows the driver, the pool and ClickHouse's errors. It must not know
// how votes are counted, when rows are written, or who asks for them: rows may
// come any number of times, in any order, from any number of processes.
package store

import (
	"cmp"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync/atomic"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/prometheus/client_golang/prometheus"

	"mlf/aggregate/store/metrics"
	"mlf/schema"
	"mlf/schema/sql"
)

// StartedTolerance is how far two answers of Started may differ within one run
// of the server: the server counts its uptime in whole seconds, which makes one
// second, and another is left to its clock being set while it runs.
const StartedTolerance = 2 * time.Second

// ErrNotApplied is the error of a database without mlf's tables, or without the
// log's identity in them.
var ErrNotApplied = errors.New("the store has not been set up: run mlf schema apply")

// Config says where the store is and what one call may take. Only DSN is
// required.
type Config struct {
	// DSN is the address, clickhouse://user:password@host:9000/database?…, as
	// clickhouse-go reads it. Database mlf when none is named. The native
	// protocol only: over HTTP an insert's failure can look like success.
	DSN string

	// Password returns the user's password, where it is not in the DSN. It is asked
	// by each connection, so that it can change; an error ends the attempt to connect.
	// Nil: that of the DSN.
	Password func() (string, error)

	// RootCAs returns who may sign the server's certificate, where the DSN says
	// secure=true. It is asked by each connection, so that they can change. Nil:
	// those of the system.
	RootCAs func() *x509.CertPool

	// Share says that a database will do that has a share of a log: for who counts into
	// it, or looks after it. For others it is an error, and so is everything read of it.
	Share bool

	// ConnsMax is the most connections held at once by those who count. 0:
	// ConnsMaxDefault. A call that finds none free waits for dial_timeout of the
	// DSN, 5 s. Reads for answers have eight of their own besides.
	ConnsMax int

	// ReadMax is the longest a read may take on the server, in whole seconds.
	// 0: ReadMaxDefault.
	ReadMax time.Duration

	// ReadMemoryMax is the most memory one read may use on the server, in bytes.
	// 0: ReadMemoryMaxDefault.
	ReadMemoryMax int64

	// WriteMax is the longest a write may take. After it the outcome is unknown.
	// 0: WriteMaxDefault.
	WriteMax time.Duration
}

const (
	// ConnsMaxDefault is enough for one flush and some recoveries; each costs the
	// server a thread.
	ConnsMaxDefault = 8

	// ReadMaxDefault is how long a person waits for a page before giving up, and
	// then some.
	ReadMaxDefault = 20 * time.Second

	// ReadMemoryMaxDefault is half of what the embedded engine may use.
	ReadMemoryMaxDefault = 1 << 30

	// WriteMaxDefault is a hundred times what the largest flush was measured to
	// take: only a hung server or network takes longer.
	WriteMaxDefault = 60 * time.Second
)

// Validate refuses a Config that Open could not use.
func (c Config) Validate() error {
	if _, _, err := c.options(); err != nil {
		return err
	}
	if c.ConnsMax < 0 || c.ReadMax < 0 || c.ReadMemoryMax < 0 || c.WriteMax < 0 {
		return fmt.Errorf("store: limits %d, %v, %d, %v: want 0 or more", c.ConnsMax, c.ReadMax, c.ReadMemoryMax, c.WriteMax)
	}
	if c.ReadMax%time.Second != 0 {
		return fmt.Errorf("store: read limit %v: want whole seconds", c.ReadMax)
	}
	return nil
}

// withDefaults returns c with every zero replaced.
func (c Config) withDefaults() Config {
	c.ConnsMax = cmp.Or(c.ConnsMax, ConnsMaxDefault)
	c.ReadMax = cmp.Or(c.ReadMax, ReadMaxDefault)
	c.ReadMemoryMax = cmp.Or(c.ReadMemoryMax, ReadMemoryMaxDefault)
	c.WriteMax = cmp.Or(c.WriteMax, WriteMaxDefault)
	return c
}

// A Store is a ClickHouse database with mlf's tables. It is safe for use by
// several goroutines. A call whose connection broke returns the error; the next
// one dials anew.
type Store struct {
	cfg      Config
	opt      *clickhouse.Options
	conn     *pool // Of those who count.
	answers  *pool // Of reads for answers: they never hold up the counting.
	public   *pool // Of reads of what is published.
	logger   *slog.Logger
	metrics  *metrics.Metrics
	identity atomic.Pointer[schema.Identity] // Once read; it never changes.
}

// Telemetry is where a Store tells about itself. Its zero value reports nowhere.
type Telemetry struct {
	Registerer prometheus.Registerer
	Logger     *slog.Logger
}

// Open connects to the store and checks that its tables are there: ErrNotApplied
// if not.
func Open(ctx context.Context, cfg Config, tel Telemetry) (*Store, error) {
	if err := Check(ctx, cfg); err != nil {
		return nil, err
	}
	return New(cfg, tel)
}

// Check tells whether the store can be reached and has its tables: ErrNotApplied if
// not.
func Check(ctx context.Context, cfg Config) error {
	if err := cfg.Validate(); err != nil {
		return err
	}
	opt, database, err := cfg.options()
	if err != nil {
		return err
	}
	return checkTables(ctx, opt, database)
}

// New returns a store that is not connected yet, and was not checked.
func New(cfg Config, tel Telemetry) (*Store, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	cfg = cfg.withDefaults()
	opt, database, err := cfg.options()
	if err != nil {
		return nil, err
	}
	opt.Auth.Database = database
	one := newServer(cfg.Share)
	conn, err := newPool(opt, cfg.ConnsMax, one)
	if err != nil {
		return nil, err
	}
	soon := *opt
	soon.DialTimeout = min(opt.DialTimeout, silenceMax) // Somebody waits for each answer.
	answers, err := newPool(&soon, answersMax, one)
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	public, err := newPool(opt, publicMax, one)
	if err != nil {
		return nil, errors.Join(err, conn.Close(), answers.Close())
	}
	tel.Logger = cmp.Or(tel.Logger, slog.New(slog.DiscardHandler))
	return &Store{cfg: cfg, opt: opt, conn: conn, answers: answers, public: public, logger: tel.Logger, metrics: metrics.New(tel.Registerer)}, nil
}

// Place says which database the store is, as its DSN does: host:port/database.
func (s *Store) Place() string { return s.cfg.Place() }

// Place says which database c is of, as its DSN does: host:port/database. c is valid.
func (c Config) Place() string {
	opt, database, err := options(c.DSN)
	if err != nil {
		panic("BUG: a DSN that was not validated: " + err.Error())
	}
	return opt.Addr[0] + "/" + database
}

// Close gives the connections back. Calls that run are cut off.
func (s *Store) Close() error {
	if err := errors.Join(s.conn.Close(), s.answers.Close(), s.public.Close()); err != nil {
		return fmt.Errorf("close store: %w", err)
	}
	return nil
}

// Ping tells whether the store answers.
func (s *Store) Ping(ctx context.Context) error {
	err := s.conn.use(ctx, func(c driver.Conn) error { return c.Ping(ctx) })
	if err != nil {
		return fmt.Errorf("ping store: %w", err)
	}
	return nil
}

// tables are the tables that the migrations make, and the columns that came later,
// without which nothing can be counted.
func tables() []string {
	return []string{"votes_rollup", "segment_ledger", "segment_ledger.events_in", "segment_ledger.present_next", "terminal_watermark", "terminal_day", "checkpoint", "partition_state", "log_identity"}
}

// checkTables asks for the tables of database over a connection that does not
// name it: one that does is refused where there is none.
func checkTables(ctx context.Context, opt *clickhouse.Options, database string) (err error) {
	conn, err := clickhouse.Open(opt)
	if err != nil {
		return fmt.Errorf("open store: %w", err)
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	ctx = clickhouse.Context(ctx, clickhouse.WithParameters(clickhouse.Parameters{"database": database}))
	rows, err := conn.Query(ctx, sql.Query("tables"))
	if err != nil {
		return fmt.Errorf("look for tables of the store: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	missing := tables()
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return fmt.Errorf("look for tables of the store: %w", err)
		}
		missing = slices.DeleteFunc(missing, func(t string) bool { return t == name })
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("look for tables of the store: %w", err)
	}
	if len(missing) > 0 {
		return fmt.Errorf("database %s has no tables %v: %w", database, missing, ErrNotApplied)
	}
	return nil
}
