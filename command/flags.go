package command

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"mlf/aggregate/store"
	"mlf/command/process"
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

// config returns the TLS settings; nil for a plain listener.
func (f tlsFlags) config() (*tls.Config, error) {
	if f.TLSCert == "" && f.TLSKey == "" {
		return nil, nil
	}
	if f.TLSCert == "" || f.TLSKey == "" {
		return nil, usageError{errors.New("--tls-cert and --tls-key go together")}
	}
	pair, err := tls.LoadX509KeyPair(f.TLSCert, f.TLSKey)
	if err != nil {
		return nil, fmt.Errorf("load certificate %s: %w", f.TLSCert, err)
	}
	return &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}, nil
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
	Kafka         []string `required:"" placeholder:"ADDR" help:"Kafka brokers to begin with, host:port, comma-separated."`
	KafkaTLS      bool     `name:"kafka-tls" help:"Speak TLS to the brokers."`
	KafkaCA       string   `name:"kafka-ca" placeholder:"FILE" help:"Authorities (PEM) that may sign the brokers' certificates. Default: the system's."`
	KafkaCert     string   `placeholder:"FILE" help:"Client certificate (PEM), where brokers ask for one."`
	KafkaKey      string   `placeholder:"FILE" help:"Private key (PEM) of --kafka-cert."`
	KafkaSASL     string   `name:"kafka-sasl" enum:",SCRAM-SHA-256,SCRAM-SHA-512,PLAIN" default:"" placeholder:"MECHANISM" help:"SCRAM-SHA-512 (the default with a user), SCRAM-SHA-256 or, over TLS, PLAIN."`
	KafkaUser     string   `help:"User name for SASL."`
	KafkaPassword string   `secret:"" help:"Password for SASL. Better in the environment: MLF_KAFKA_PASSWORD."`
}

// client returns a client for the brokers, with what cfg says beside where they
// are; it has not dialled yet.
func (f *kafkaFlags) client(cfg broker.Config, log *slog.Logger, reg prometheus.Registerer) (*broker.Client, error) {
	cfg.Brokers = f.Kafka
	cfg.TLS, cfg.TLSCA, cfg.TLSCert, cfg.TLSKey = f.KafkaTLS, f.KafkaCA, f.KafkaCert, f.KafkaKey
	cfg.SASLMechanism, cfg.SASLUser, cfg.SASLPassword = f.KafkaSASL, f.KafkaUser, f.KafkaPassword
	client, err := broker.New(cfg, broker.Telemetry{Registerer: reg, Logger: log})
	if err != nil {
		return nil, usageError{err}
	}
	return client, nil
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
	return f.kafkaFlags.client(broker.Config{GiveUp: f.Wait}, log, process.NewRegistry(version()))
}

// storeFlags say where the rollups are.
type storeFlags struct {
	Clickhouse string `required:"" placeholder:"DSN" help:"ClickHouse, for instance clickhouse://user:password@host:9000/mlf (secure=true for TLS). Database mlf when none is named."`
}

// validate refuses an address that cannot be one.
func (f *storeFlags) validate() error {
	if err := (store.Config{DSN: f.Clickhouse}).Validate(); err != nil {
		return usageError{err}
	}
	return nil
}

// open connects to the store and says what to do when it is not there.
func (f *storeFlags) open(ctx context.Context, log *slog.Logger, reg prometheus.Registerer) (*store.Store, error) {
	return store.Open(ctx, store.Config{DSN: f.Clickhouse}, store.Telemetry{Registerer: reg, Logger: log})
}

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
