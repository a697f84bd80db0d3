package command

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"strings"

	"mlf/aggregate/store"
	"mlf/command/certificates"
	"mlf/command/password"
	"mlf/command/tool"
)

// listen opens addr for a part of the process.
func listen(what, addr string) (net.Listener, error) {
	ln, err := net.Listen("tcp", addr) //nolint:noctx // Binding a port neither waits nor dials.
	if err != nil {
		return nil, fmt.Errorf("listen for %s on %s: %w", what, addr, err)
	}
	return ln, nil
}

// tlsFlags are the flags of a listener that may speak TLS.
type tlsFlags struct {
	TLSCert string `placeholder:"FILE" help:"Certificate chain (PEM). With --tls-key: serve TLS 1.2 or newer."`
	TLSKey  string `placeholder:"FILE" help:"Private key (PEM) of the certificate."`
}

// Validate refuses half a pair. kong calls it.
func (f *tlsFlags) Validate() error {
	if (f.TLSCert == "") != (f.TLSKey == "") {
		return errors.New("--tls-cert and --tls-key go together")
	}
	return nil
}

// config returns the TLS settings, with the certificate as keeper has it at each
// handshake; nil for a plain listener.
func (f *tlsFlags) config(keeper *certificates.Keeper) (*tls.Config, error) {
	if f.TLSCert == "" {
		return nil, nil
	}
	pair, err := keeper.Pair("listener", f.TLSCert, f.TLSKey)
	if err != nil {
		return nil, err
	}
	return &tls.Config{GetCertificate: pair.ForClient, MinVersion: tls.VersionTLS12}, nil
}

// url returns where ln can be reached with f's settings.
func (f tlsFlags) url(ln net.Listener) string {
	scheme := "http"
	if f.TLSCert != "" {
		scheme = "https"
	}
	host := ln.Addr().String()
	if _, port, err := net.SplitHostPort(host); err == nil && strings.HasPrefix(host, "[::]") {
		host = net.JoinHostPort("localhost", port)
	}
	return scheme + "://" + host
}

// Flags that commands of other packages have, too.
type (
	kafkaFlags    = tool.KafkaFlags
	loginFlags    = tool.LoginFlags
	toolFlags     = tool.Flags
	registryFlags = tool.RegistryFlags
	hoursFlags    = tool.HoursFlags
)

// databaseFlags say how databases are spoken to.
type databaseFlags struct {
	ClickhousePasswordFile password.Files `placeholder:"FILE" help:"File with the password, in place of one in the address. Of several databases the one of all, or one of each in the order of the addresses, comma-separated. Read at each connection: it may be replaced at any time."`
	ClickhouseCA           string         `name:"clickhouse-ca" placeholder:"FILE" help:"Authorities (PEM) that may sign the certificates of ClickHouse, with secure=true in the address. Default: the system's."`
}

// authorities returns who may sign a database's certificate, as keeper has them; nil
// for those of the system.
func (f *databaseFlags) authorities(keeper *certificates.Keeper) (*certificates.Authorities, error) {
	if f.ClickhouseCA == "" {
		return nil, nil
	}
	trusted, err := keeper.Authorities("clickhouse_ca", f.ClickhouseCA)
	if err != nil {
		return nil, usageError{err}
	}
	return trusted, nil
}

// authoritiesOnce returns them for a process that ends soon.
func (f *databaseFlags) authoritiesOnce() (*certificates.Authorities, error) {
	return f.authorities(certificates.New(certificates.Telemetry{}))
}

// databases returns what those at dsns are opened by. To be validated only, they need
// no authorities.
func (f *databaseFlags) databases(trusted *certificates.Authorities, dsns ...string) (all []store.Config) {
	for i, dsn := range dsns {
		cfg := store.Config{DSN: dsn}
		if file := f.ClickhousePasswordFile.Of(i); file != "" {
			cfg.Password = file.Read
		}
		if f.ClickhouseCA != "" {
			cfg.RootCAs = func() *x509.CertPool { return trusted.Pool() }
		}
		all = append(all, cfg)
	}
	return all
}

// check refuses addresses that cannot be some, one that is named twice, and passwords
// of which nobody knows whose they are.
func (f *databaseFlags) check(dsns ...string) error {
	if n := len(f.ClickhousePasswordFile); n > 1 && n != len(dsns) {
		return fmt.Errorf("--clickhouse-password-file names %d files, of %d databases: want one of all, or one of each", n, len(dsns))
	}
	named := make(map[string]bool)
	for i, cfg := range f.databases(nil, dsns...) {
		if err := cfg.Validate(); err != nil && len(dsns) > 1 {
			return fmt.Errorf("database %d of %d: %w", i+1, len(dsns), err)
		} else if err != nil {
			return err
		}
		if named[cfg.Place()] {
			return fmt.Errorf("database %s is named twice", cfg.Place())
		}
		named[cfg.Place()] = true
	}
	return nil
}

// checkList is check of a list, in which a comma may have been meant otherwise.
func (f *databaseFlags) checkList(dsns []string) error {
	err := f.check(dsns...)
	if err != nil && len(dsns) > 1 {
		return fmt.Errorf("--clickhouse, at each comma another begins: %w", err)
	}
	return err
}

// storeFlags say where the rollups are.
type storeFlags struct {
	Clickhouse string `required:"" placeholder:"DSN" help:"ClickHouse, for instance clickhouse://user:password@host:9000/mlf (secure=true for TLS). Database mlf when none is named."`
	databaseFlags
}

// Validate refuses an address that cannot be one. kong calls it.
func (f *storeFlags) Validate() error { return f.check(f.Clickhouse) }

func (f *storeFlags) config(trusted *certificates.Authorities) store.Config {
	return f.databases(trusted, f.Clickhouse)[0]
}

// storesFlags say where the rollups are, of several databases that count one log.
type storesFlags struct {
	Clickhouse []string `required:"" placeholder:"DSN" help:"ClickHouse, for instance clickhouse://user:password@host:9000/mlf (secure=true for TLS). Database mlf when none is named. Several that count the same log, comma-separated: whichever answers and keeps up is asked, and what is published is in the first."`
	databaseFlags
}

// Validate refuses addresses that cannot be some.
func (f *storesFlags) Validate() error { return f.checkList(f.Clickhouse) }
