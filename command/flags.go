package command

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"strings"
	"time"

	"mlf/aggregate/store"
	"mlf/command/certificates"
	"mlf/command/password"
	"mlf/ingest/broker"
	"mlf/schema/registry"
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

// kafkaFlags say where the log is.
type kafkaFlags struct {
	Kafka []string `required:"" placeholder:"ADDR" help:"Kafka brokers to begin with, host:port, comma-separated."`
	loginFlags
}

// loginFlags say how brokers are spoken to.
type loginFlags struct {
	KafkaTLS          bool          `name:"kafka-tls" help:"Speak TLS to the brokers."`
	KafkaCA           string        `name:"kafka-ca" placeholder:"FILE" help:"Authorities (PEM) that may sign the brokers' certificates. Default: the system's."`
	KafkaCert         string        `placeholder:"FILE" help:"Client certificate (PEM), where brokers ask for one."`
	KafkaKey          string        `placeholder:"FILE" help:"Private key (PEM) of --kafka-cert."`
	KafkaSASL         string        `name:"kafka-sasl" enum:",SCRAM-SHA-256,SCRAM-SHA-512,PLAIN" default:"" placeholder:"MECHANISM" help:"SCRAM-SHA-512 (the default with a user), SCRAM-SHA-256 or, over TLS, PLAIN."`
	KafkaUser         string        `help:"User name for SASL."`
	KafkaPassword     string        `secret:"" help:"Password for SASL. Better in a file: --kafka-password-file."`
	KafkaPasswordFile password.File `placeholder:"FILE" help:"File with the password for SASL, read at each connection: it may be replaced at any time."`
}

// Validate refuses what belongs together and is not. kong calls it.
func (f *loginFlags) Validate() error {
	if !f.KafkaTLS && (f.KafkaCA != "" || f.KafkaCert != "" || f.KafkaKey != "") {
		return errors.New("--kafka-ca, --kafka-cert and --kafka-key want --kafka-tls")
	}
	if (f.KafkaCert == "") != (f.KafkaKey == "") {
		return errors.New("--kafka-cert and --kafka-key go together")
	}
	if f.KafkaUser == "" && (f.KafkaPassword != "" || f.KafkaPasswordFile != "") {
		return errors.New("a password for Kafka, and no --kafka-user")
	}
	if f.KafkaPassword != "" && f.KafkaPasswordFile != "" {
		return errors.New("--kafka-password and --kafka-password-file: want one")
	}
	return nil
}

// client returns a client for the brokers, with what cfg says beside where they
// are; it has not dialled yet. Its certificates are those of keeper.
func (f *kafkaFlags) client(cfg broker.Config, keeper *certificates.Keeper, tel broker.Telemetry) (*broker.Client, error) {
	cfg.Brokers = f.Kafka
	cfg.SASLMechanism, cfg.SASLUser = f.KafkaSASL, f.KafkaUser
	if f.KafkaUser != "" {
		cfg.SASLPassword = f.KafkaPasswordFile.OrElse(f.KafkaPassword)
	}
	var err error
	if cfg.TLS, err = f.tls(keeper); err != nil {
		return nil, usageError{err}
	}
	client, err := broker.New(cfg, tel)
	if err != nil {
		return nil, usageError{err}
	}
	return client, nil
}

// tls returns what each connection is to ask for its settings; nil where brokers
// do not speak TLS.
func (f *kafkaFlags) tls(keeper *certificates.Keeper) (func() *tls.Config, error) {
	if !f.KafkaTLS {
		return nil, nil
	}
	settings := &tls.Config{MinVersion: tls.VersionTLS12}
	if f.KafkaCert != "" {
		pair, err := keeper.Pair("kafka_client", f.KafkaCert, f.KafkaKey)
		if err != nil {
			return nil, err
		}
		settings.GetClientCertificate = pair.ForServer
	}
	if f.KafkaCA == "" {
		return func() *tls.Config { return settings }, nil
	}
	authorities, err := keeper.Authorities("kafka_ca", f.KafkaCA)
	if err != nil {
		return nil, err
	}
	return func() *tls.Config {
		now := settings.Clone()
		now.RootCAs = authorities.Pool()
		return now
	}, nil
}

// toolFlags are those of a command that asks Kafka something and ends.
type toolFlags struct {
	kafkaFlags
	Wait time.Duration `default:"15s" help:"Longest time without an answer from Kafka."`
}

// client returns a client that gives up after --wait.
func (f *toolFlags) client(log *slog.Logger) (*broker.Client, error) {
	if f.Wait <= 0 {
		return nil, usageError{fmt.Errorf("--wait %v: want more than 0", f.Wait)}
	}
	return f.once(broker.Config{GiveUp: f.Wait}, log)
}

// once returns a client for a process that ends soon: what files have does not
// change meanwhile.
func (f *kafkaFlags) once(cfg broker.Config, log *slog.Logger) (*broker.Client, error) {
	return f.client(cfg, certificates.New(certificates.Telemetry{}), broker.Telemetry{Logger: log})
}

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

// registryFlags say where the reference data is.
type registryFlags struct {
	Registry string `placeholder:"DIR" help:"Folder with lists (CSV) that replace the built-in ones of the same name: labels, services, comuni."`
}

func (f *registryFlags) load() (*registry.Registry, error) {
	if f.Registry == "" {
		return registry.Load()
	}
	return registry.LoadFS(os.DirFS(f.Registry))
}
