package store

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/url"
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
	if _, err := url.Parse(dsn); err != nil { // Its words would quote a password.
		return nil, "", errors.New("read store DSN: it is no URL; in a password write % as %25, and , : @ / as %2C %3A %40 %2F")
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

// options reads the DSN, and has each connection ask for what is not there: its
// password, and whom it trusts.
func (c Config) options() (opt *clickhouse.Options, database string, err error) {
	if opt, database, err = options(c.DSN); err != nil {
		return nil, "", err
	}
	if c.RootCAs != nil && (opt.TLS == nil || opt.TLS.InsecureSkipVerify) {
		return nil, "", errors.New("read store DSN: there are authorities for its certificate: want secure=true, and no skip_verify")
	}
	opt.DialContext = c.dialer(opt.TLS)
	if c.Password == nil {
		return opt, database, nil
	}
	if opt.Auth.Password != "" {
		return nil, "", errors.New("read store DSN: it has a password, and there is another: want one")
	}
	opt.DialStrategy = func(ctx context.Context, id int, opt *clickhouse.Options, dial clickhouse.Dial) (clickhouse.DialResult, error) {
		password, err := c.password(opt)
		if err != nil {
			return clickhouse.DialResult{}, err
		}
		asked := *opt
		asked.Auth.Password = password
		return clickhouse.DefaultDialStrategy(ctx, id, &asked, dial)
	}
	return opt, database, nil
}

// password returns the password of one more connection.
func (c Config) password(opt *clickhouse.Options) (string, error) {
	if c.Password == nil {
		return opt.Auth.Password, nil
	}
	password, err := c.Password()
	if err != nil {
		return "", fmt.Errorf("log in to the store: %w", err)
	}
	return password, nil
}

// dialer returns what dials a server, by TLS where there are settings of it.
func (c Config) dialer(secure *tls.Config) func(ctx context.Context, addr string) (net.Conn, error) {
	return func(ctx context.Context, addr string) (net.Conn, error) {
		if secure == nil {
			return new(net.Dialer).DialContext(ctx, "tcp", addr)
		}
		settings := secure.Clone()
		if c.RootCAs != nil {
			settings.RootCAs = c.RootCAs()
		}
		return (&tls.Dialer{Config: settings}).DialContext(ctx, "tcp", addr)
	}
}

// dialWithin bounds the time of one dial, its handshake included.
func dialWithin(ctx context.Context, opt *clickhouse.Options, addr string, most time.Duration) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, most)
	defer cancel()
	return opt.DialContext(ctx, addr)
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
