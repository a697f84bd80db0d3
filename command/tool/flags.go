// Package tool is what a command of one task has in common with the others: flags that say
// where Kafka and the lists are, a console, and errors that are the caller's fault.
//
// It knows flags and how clients are made of them. It must not know what any command does.
package tool

import (
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"

	"mlf/command/certificates"
	"mlf/command/password"
	"mlf/ingest/broker"
	"mlf/query/fleet"
	"mlf/schema/registry"
)

// KafkaFlags say where the log is.
type KafkaFlags struct {
	Kafka []string `required:"" placeholder:"ADDR" help:"Kafka brokers to begin with, host:port, comma-separated."`
	LoginFlags
}

// LoginFlags say how brokers are spoken to.
type LoginFlags struct {
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
func (f *LoginFlags) Validate() error {
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

// Client returns a client for the brokers, with what cfg says beside where they
// are; it has not dialled yet. Its certificates are those of keeper.
func (f *KafkaFlags) Client(cfg broker.Config, keeper *certificates.Keeper, tel broker.Telemetry) (*broker.Client, error) {
	cfg.Brokers = f.Kafka
	cfg.SASLMechanism, cfg.SASLUser = f.KafkaSASL, f.KafkaUser
	if f.KafkaUser != "" {
		cfg.SASLPassword = f.KafkaPasswordFile.OrElse(f.KafkaPassword)
	}
	var err error
	if cfg.TLS, err = f.TLS(keeper); err != nil {
		return nil, UsageError{Err: err}
	}
	client, err := broker.New(cfg, tel)
	if err != nil {
		return nil, UsageError{Err: err}
	}
	return client, nil
}

// TLS returns what each connection is to ask for its settings; nil where brokers
// do not speak TLS.
func (f *KafkaFlags) TLS(keeper *certificates.Keeper) (func() *tls.Config, error) {
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

// Flags are those of a command that asks Kafka something and ends.
type Flags struct {
	KafkaFlags
	Wait time.Duration `default:"15s" help:"Longest time without an answer from Kafka."`
}

// Client returns a client that gives up after --wait.
func (f *Flags) Client(log *slog.Logger) (*broker.Client, error) {
	if f.Wait <= 0 {
		return nil, UsageError{Err: fmt.Errorf("--wait %v: want more than 0", f.Wait)}
	}
	return f.Once(broker.Config{GiveUp: f.Wait}, log)
}

// Once returns a client for a process that ends soon: what files have does not
// change meanwhile.
func (f *KafkaFlags) Once(cfg broker.Config, log *slog.Logger) (*broker.Client, error) {
	return f.Client(cfg, certificates.New(certificates.Telemetry{}), broker.Telemetry{Logger: log})
}

// RegistryFlags say where the reference data is.
type RegistryFlags struct {
	Registry string `placeholder:"DIR" help:"Folder with lists (CSV) that replace the built-in ones of the same name: labels, services, comuni."`
}

// Load returns the lists, those of the folder before the program's.
func (f *RegistryFlags) Load() (*registry.Registry, error) {
	if f.Registry == "" {
		return registry.Load()
	}
	return registry.LoadFS(os.DirFS(f.Registry))
}

// HoursFlags say when offices are open.
type HoursFlags struct {
	OpeningHours string `placeholder:"FILE" help:"When offices are open (CSV: comune,office,day,opens,closes; docs/opening-hours.md), so that a terminal is silent only where somebody could vote. Default: Monday to Friday 8 to 18, Saturday 8 to 13."`
}

// Hours returns them; nil where no file says so.
func (f *HoursFlags) Hours() (*fleet.Hours, error) {
	if f.OpeningHours == "" {
		return nil, nil
	}
	file, err := os.Open(f.OpeningHours)
	if err != nil {
		return nil, UsageError{Err: fmt.Errorf("--opening-hours: %w", err)}
	}
	defer func() { _ = file.Close() }() // It was only read.
	hours, err := fleet.ReadHours(file)
	if err != nil {
		return nil, UsageError{Err: fmt.Errorf("--opening-hours %s: %w", f.OpeningHours, err)}
	}
	return hours, nil
}
