package chaos

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	clickhouse "mlf/aggregate/store/embedded"
	"mlf/proof/child"
	"mlf/proof/kafka"
)

// brokers is the least with which one can be away: three copies, two in sync.
const brokers = 3

// A service is everything under test, with a proxy on every line between parts.
type service struct {
	cfg Config
	log *slog.Logger

	kafka *kafka.Cluster
	store *clickhouse.Server

	ingestLines []*Proxy
	queryLine   *Proxy
	kafkaLines  []*Proxy
	storeLine   *Proxy

	ingest    []*Process
	aggregate []*Process
	query     *Process

	queryAddr string   // Of query itself.
	dsn       string   // Of the store, through its line.
	lines     []*Proxy // All of them.
}

// newService makes the lines and starts the engines. Whatever it started is
// stopped by close, also after an error.
func newService(ctx context.Context, cfg Config) (*service, error) {
	s := &service{cfg: cfg, log: cfg.Log}
	if err := s.openLines(); err != nil {
		return s, err
	}
	var advertised []string
	for _, p := range s.kafkaLines {
		advertised = append(advertised, p.Addr())
	}
	var err error
	s.kafka, err = kafka.Start(ctx, kafka.Config{Brokers: brokers, Dir: filepath.Join(cfg.Dir, "kafka"), Advertised: advertised})
	if err != nil {
		return s, err
	}
	for i, addr := range s.kafka.Addrs() {
		s.kafkaLines[i].SetTarget(addr)
	}
	s.store, err = clickhouse.Start(ctx, clickhouse.Config{Dir: filepath.Join(cfg.Dir, "clickhouse")}, clickhouse.Telemetry{Logger: cfg.Log})
	if err != nil {
		return s, err
	}
	dsn, err := url.Parse(s.store.DSN())
	if err != nil {
		return s, fmt.Errorf("read address of the store: %w", err)
	}
	s.storeLine.SetTarget(dsn.Host)
	dsn.Host = s.storeLine.Addr()
	s.dsn = dsn.String()
	return s, s.newStages()
}

// openLines opens every proxy. They pass nothing on before their Run.
func (s *service) openLines() error {
	open := func() (*Proxy, error) {
		p, err := NewProxy(s.cfg.Seed + uint64(len(s.lines)))
		if err == nil {
			s.lines = append(s.lines, p)
		}
		return p, err
	}
	several := func(n int) (lines []*Proxy, err error) {
		for range n {
			p, err := open()
			if err != nil {
				return nil, err
			}
			lines = append(lines, p)
		}
		return lines, nil
	}
	var errs [4]error
	s.ingestLines, errs[0] = several(s.cfg.Ingests)
	s.kafkaLines, errs[1] = several(brokers)
	s.queryLine, errs[2] = open()
	s.storeLine, errs[3] = open()
	return errors.Join(errs[:]...)
}

// newStages prepares the processes of mlf.
func (s *service) newStages() error {
	stage := func(name string, args ...string) (*Process, error) {
		admin, err := child.FreeAddr()
		if err != nil {
			return nil, err
		}
		command, _, _ := strings.Cut(name, "-")
		args = append([]string{command, "--kafka", s.kafkaAddrs(), "--clickhouse", s.dsn, "--admin", admin}, args...)
		p := NewProcess(name, s.cfg.Binary, s.cfg.Dir, args...)
		p.Admin = admin
		return p, nil
	}
	for i, line := range s.ingestLines {
		addr, err := child.FreeAddr()
		if err != nil {
			return err
		}
		p, err := stage("ingest-"+strconv.Itoa(i), "--listen", addr, "--trusted-proxies", "127.0.0.0/8") // The simulation speaks for many.
		if err != nil {
			return err
		}
		line.SetTarget(addr)
		s.ingest = append(s.ingest, p)
	}
	for i := range s.cfg.Aggregates {
		p, err := stage("aggregate-" + strconv.Itoa(i))
		if err != nil {
			return err
		}
		s.aggregate = append(s.aggregate, p)
	}
	var err error
	if s.queryAddr, err = child.FreeAddr(); err != nil {
		return err
	}
	s.queryLine.SetTarget(s.queryAddr)
	s.query, err = stage("query", "--listen", s.queryAddr, "--disclosure", "none", "--quota-public", "off", "--snapshots", filepath.Join(s.cfg.Dir, "snapshots"))
	return err
}

func (s *service) stages() []*Process {
	return append(append(append([]*Process(nil), s.ingest...), s.aggregate...), s.query)
}

func (s *service) kafkaAddrs() string {
	var addrs []string
	for _, p := range s.kafkaLines {
		addrs = append(addrs, p.Addr())
	}
	return strings.Join(addrs, ",")
}

// httpLines are the proxies that speak HTTP.
func (s *service) httpLines() []*Proxy {
	return append(append([]*Proxy(nil), s.ingestLines...), s.queryLine)
}

// apply makes topics and tables.
func (s *service) apply(ctx context.Context) error {
	p, err := child.Start(exec.Command(s.cfg.Binary, "schema", "apply", "--kafka", s.kafkaAddrs(), "--clickhouse", s.dsn, //nolint:noctx // Asked to end when ctx does.
		"--partitions", strconv.Itoa(s.cfg.Partitions), "--wait", readyMax.String()))
	if err != nil {
		return err
	}
	return p.Wait(ctx)
}

// close stops the engines.
func (s *service) close() error {
	var err error
	if s.store != nil {
		err = s.store.Close()
	}
	if s.kafka != nil {
		for i := range s.kafka.Addrs() {
			_ = s.kafka.Kill(i) // It may be down already. Nobody goes on from this data.
		}
		s.kafka.Stop()
	}
	return err
}

// defects returns what processes wrote that only a defect writes.
func (s *service) defects() ([]string, error) {
	var lines []string
	for _, p := range s.stages() {
		found, err := panicked(p.LogFile())
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return nil, err
		}
		for _, line := range found {
			lines = append(lines, p.Name+": "+line)
		}
	}
	return lines, nil
}
