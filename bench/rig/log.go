package rig

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/errgroup"

	"mlf/aggregate/store"
	clickhouse "mlf/aggregate/store/embedded"
	"mlf/bench/backlog"
	"mlf/bench/baseline"
	"mlf/bench/measure"
	"mlf/bench/setup"
	"mlf/ingest/broker"
	"mlf/proof/child"
	"mlf/query/client"
	"mlf/schema"
)

// A rig is the engines of a benchmark: a database that all share, and a log per
// plan. Each is a process of its own, so that none is in another's figures.
type rig struct {
	dir       string
	keep      bool // The folder is somebody's.
	log       *slog.Logger
	engine    *clickhouse.Server
	databases int
}

func newRig(ctx context.Context, log *slog.Logger) (*rig, error) { return newRigIn(ctx, log, "") }

// newRigIn starts the database in the folder kept; empty: in one that is removed.
func newRigIn(ctx context.Context, log *slog.Logger, kept string) (*rig, error) {
	r := &rig{dir: kept, keep: kept != "", log: log}
	var err error
	if !r.keep {
		if r.dir, err = os.MkdirTemp("", "mlf-bench-"); err != nil {
			return nil, fmt.Errorf("make folder for the engines: %w", err)
		}
	}
	r.engine, err = clickhouse.Start(ctx, clickhouse.Config{Dir: filepath.Join(r.dir, "clickhouse")}, clickhouse.Telemetry{Logger: log})
	if err != nil {
		return nil, errors.Join(err, r.remove())
	}
	if err := r.tidy(ctx); err != nil {
		return nil, errors.Join(err, r.close())
	}
	return r, nil
}

// ofARun is what the names of databases of one run begin with.
const ofARun = "mlf_bench_"

// tidy removes from a folder that is kept what runs before have left, also those that
// were killed.
func (r *rig) tidy(ctx context.Context) error {
	if !r.keep {
		return nil
	}
	errs := []error{baseline.DropDatabases(ctx, r.engine.DSN(), ofARun)}
	for _, left := range []string{"kafka-*", "json-*", "cube-*"} {
		dirs, err := filepath.Glob(filepath.Join(r.dir, left))
		errs = append(errs, err)
		for _, dir := range dirs {
			errs = append(errs, os.RemoveAll(dir))
		}
	}
	return errors.Join(errs...)
}

// close ends the engine and removes all that was written, unless it is kept.
func (r *rig) close() error { return errors.Join(r.engine.Close(), r.remove()) }

func (r *rig) remove() error {
	if r.keep {
		return nil
	}
	return os.RemoveAll(r.dir)
}

// use returns a function that tells the processor time that the database and
// this process have used since.
func (r *rig) use() func() (engine, self time.Duration, err error) {
	read := func() (engine, self time.Duration, err error) {
		engine, err = measure.CPU(r.engine.Pid())
		if err == nil {
			self, err = measure.CPU(os.Getpid())
		}
		return engine, self, err
	}
	engineBefore, selfBefore, errBefore := read()
	return func() (time.Duration, time.Duration, error) {
		engine, self, err := read()
		return engine - engineBefore, self - selfBefore, errors.Join(errBefore, err)
	}
}

// databaseDSN returns the address of a database that does not exist yet.
func (r *rig) databaseDSN() (dsn, name string) {
	r.databases++
	name = fmt.Sprintf("%s%d", ofARun, r.databases)
	return strings.TrimSuffix(r.engine.DSN(), "/mlf") + "/" + name, name
}

// A benchLog is a Kafka log with the votes of a plan on it.
type benchLog struct {
	rig     *rig
	broker  *child.Process // nil where the brokers are not ours.
	dir     string         // The broker's, to be removed.
	brokers []string
	client  *broker.Client
	plan    backlog.Plan
	bytes   float64 // Of the batches that hold plan.
}

// newLog starts a broker, unless there is one, and puts the votes of plan on it.
func (r *rig) newLog(ctx context.Context, plan backlog.Plan, brokers []string) (_ *benchLog, err error) {
	if err := plan.Validate(); err != nil {
		return nil, err
	}
	reg := prometheus.NewRegistry()
	l, err := r.emptyLog(ctx, schema.Identity{Log: schema.NewLogID(), Partitions: plan.Partitions, Rules: schema.RulesV3}, brokers, reg)
	if err != nil {
		return nil, err
	}
	l.plan = plan
	err = l.append(ctx, plan.Share)
	if err == nil {
		l.bytes, err = sumOf(reg, "mlf_kafka_produce_batch_bytes")
	}
	if err != nil {
		l.close()
		return nil, err
	}
	return l, nil
}

// emptyLog starts a broker, unless there is one, with the topics of a log of that
// identity, on which there are no votes.
func (r *rig) emptyLog(ctx context.Context, id schema.Identity, brokers []string, reg *prometheus.Registry) (_ *benchLog, err error) {
	l := &benchLog{rig: r, brokers: brokers, plan: backlog.Plan{Partitions: id.Partitions}}
	defer func() {
		if err != nil {
			l.close()
		}
	}()
	if len(brokers) == 0 {
		if err := l.startBroker(ctx); err != nil {
			return nil, err
		}
	}
	if l.client, err = broker.New(broker.Config{Brokers: l.brokers, InflightBytesMax: 256 << 20}, broker.Telemetry{Registerer: reg, Logger: r.log}); err != nil {
		return nil, err
	}
	if _, err := l.client.CreateTopics(ctx, broker.TopicsConfig{Partitions: id.Partitions}); err != nil {
		return nil, err
	}
	return l, l.client.WriteGenesis(ctx, id.Log, id.Rules)
}

// startBroker starts a broker of the log's own.
func (l *benchLog) startBroker(ctx context.Context) error {
	var err error
	if l.dir, err = os.MkdirTemp(l.rig.dir, "kafka-"); err != nil {
		return fmt.Errorf("make folder for the broker: %w", err)
	}
	var addr string
	l.broker, addr, err = setup.StartBroker(ctx, l.dir)
	l.brokers = []string{addr}
	return err
}

func (l *benchLog) close() {
	if l.client != nil {
		l.client.Close()
	}
	if l.broker != nil {
		setup.Stop(l.broker)
	}
	if l.dir != "" {
		_ = os.RemoveAll(l.dir) // What is left the next run removes.
	}
}

// sumOf returns the sum of a histogram's observations.
func sumOf(reg *prometheus.Registry, name string) (sum float64, err error) {
	families, err := reg.Gather()
	if err != nil {
		return 0, fmt.Errorf("gather metrics: %w", err)
	}
	for _, f := range families {
		if f.GetName() == name {
			for _, m := range f.GetMetric() {
				sum += m.GetHistogram().GetSampleSum()
			}
		}
	}
	return sum, nil
}

// fillers are how many appends are under way at once: enough for batches of the
// largest size on each of many partitions.
const fillers = 1024

// append puts the records of all shares on the log.
func (l *benchLog) append(ctx context.Context, share func(i, n int) iter.Seq[*backlog.Record]) error {
	return l.producing(ctx, func(put putFunc) error {
		var g errgroup.Group
		for i := range fillers {
			g.Go(func() error {
				var value []byte
				for rec := range share(i, fillers) {
					value = schema.AppendVoteBatch(value[:0], &rec.Header, rec.Votes)
					if err := put(ctx, rec.Partition, value); err != nil {
						return err
					}
				}
				return nil
			})
		}
		return g.Wait()
	})
}

// A putFunc appends a record and returns when it is acknowledged.
type putFunc func(ctx context.Context, p schema.Partition, record []byte) error

// producing calls do with a producer that runs.
func (l *benchLog) producing(ctx context.Context, do func(put putFunc) error) error {
	running, stop := context.WithCancel(ctx)
	defer stop()
	producer := l.client.NewProducer(l.plan.Partitions)
	ran := make(chan error, 1)
	go func() { ran <- producer.Run(running) }()
	<-producer.Running()
	err := do(producer.Append)
	stop()
	return errors.Join(err, <-ran)
}

// A count is one mlf aggregate at work on a log, into a database of its own.
type count struct {
	log      *benchLog
	dsn      string
	store    *store.Store
	database *baseline.Database
	process  *child.Process
	admin    string
	answers  *service // nil: nobody asks.
}

// newCount makes an empty database for the log's votes.
func (l *benchLog) newCount(ctx context.Context) (*count, error) {
	dsn, _ := l.rig.databaseDSN()
	c := &count{log: l, dsn: dsn}
	identity, err := l.client.Apply(ctx, broker.TopicsConfig{Partitions: l.plan.Partitions})
	if err != nil {
		return nil, err
	}
	if err := store.Apply(ctx, store.Config{DSN: dsn}, identity); err != nil {
		return nil, err
	}
	if c.store, err = store.Open(ctx, store.Config{DSN: dsn}, store.Telemetry{Logger: l.rig.log}); err != nil {
		return nil, err
	}
	if c.database, err = baseline.OpenDatabase(dsn); err != nil {
		return nil, errors.Join(err, c.store.Close())
	}
	return c, nil
}

// start starts counting.
func (c *count) start() error {
	var err error
	if c.admin, err = child.FreeAddr(); err != nil {
		return err
	}
	c.process, err = c.startSelf("aggregate", "--admin", c.admin)
	return err
}

// answer starts mlf query beside the count, and returns when it has all counts.
func (c *count) answer(ctx context.Context) error {
	c.answers = &service{log: c.log}
	return c.answers.start(ctx, c.dsn)
}

// startSelf starts a stage of mlf on the log and the database.
func (c *count) startSelf(stage string, args ...string) (*child.Process, error) {
	args = append([]string{"--log-level", "warn", stage, "--kafka", strings.Join(c.log.brokers, ",")}, args...)
	return child.StartSelf([]string{"MLF_CLICKHOUSE=" + c.dsn}, args...)
}

// stop ends counting, with a last checkpoint.
func (c *count) stop() {
	if c.process != nil {
		setup.Stop(c.process)
		c.process = nil
	}
}

// close ends counting and drops the database.
func (c *count) close(ctx context.Context) error {
	c.stop()
	if c.answers != nil && c.answers.process != nil {
		setup.Stop(c.answers.process)
	}
	return errors.Join(c.store.Close(), c.database.Drop(ctx), c.database.Close())
}

// counted returns when so many votes are in the ledger, and thus to be seen. It
// asks seldom, because the asking costs the database time that is being measured.
func (c *count) counted(ctx context.Context, votes int, every time.Duration) error {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		ledger, err := c.store.Ledger(ctx)
		if err != nil {
			return err
		}
		var sum schema.Tally
		for i := range ledger {
			if ledger[i].State == schema.StateHalted {
				return fmt.Errorf("partition %d is halted: %s", ledger[i].Partition, ledger[i].Reason)
			}
			sum.Add(ledger[i].Tally)
		}
		if sum.VotesIn >= uint64(votes) {
			if sum.Counted != uint64(votes) {
				return fmt.Errorf("the ledger says %+v: want %d votes counted", sum, votes)
			}
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
		if err := c.process.Alive(); err != nil {
			return err
		}
	}
}

// metrics returns the metrics of the counting process, by name and labels.
func (c *count) metrics(ctx context.Context) (map[string]float64, error) {
	return client.Metrics(ctx, nil, c.admin)
}
