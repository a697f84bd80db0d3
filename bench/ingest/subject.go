package ingest

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"mlf/bench/measure"
	"mlf/bench/setup"
	"mlf/bench/workload"
	"mlf/ingest/broker"
	"mlf/ingest/enrolment"
	"mlf/proof/child"
	"mlf/query/client"
	"mlf/schema"
	"mlf/schema/registry"
)

// benchSenders is how many terminals send, each over connections of its own.
const benchSenders = 512

// spareConnections are room for those of the run before, which may not be closed yet.
const spareConnections = 1024

// benchTopic is where a baseline writes.
func benchTopic(subject string) string { return "mlf-bench." + strings.ToLower(subject) }

// An ingestRig is what the subjects of mlf bench ingest share: brokers with
// their topics, and terminals that are enrolled.
type ingestRig struct {
	log         *slog.Logger
	dir         string
	broker      *child.Process // nil where the brokers are not ours.
	brokers     []string
	partitions  int
	before      string // Program of subject earlier.
	connections int
	senders     []workload.Sender
}

func newIngestRig(ctx context.Context, log *slog.Logger, c *Measure) (*ingestRig, error) {
	r := &ingestRig{log: log, brokers: c.Kafka, partitions: c.Partitions, before: c.Before, connections: c.Connections}
	err := r.startBroker(ctx)
	if err == nil {
		err = r.enrol(ctx)
	}
	if err != nil {
		return nil, errors.Join(err, r.close())
	}
	return r, nil
}

// close ends the broker, if it is ours, and removes all that was written.
func (r *ingestRig) close() error {
	if r.broker != nil {
		setup.Stop(r.broker)
	}
	if r.dir == "" {
		return nil
	}
	return os.RemoveAll(r.dir)
}

func (r *ingestRig) startBroker(ctx context.Context) error {
	if len(r.brokers) > 0 {
		return nil
	}
	var err error
	if r.dir, err = os.MkdirTemp("", "mlf-bench-"); err != nil {
		return fmt.Errorf("make folder for the broker: %w", err)
	}
	var addr string
	r.broker, addr, err = setup.StartBroker(ctx, r.dir)
	r.brokers = []string{addr}
	return err
}

// client returns a client whose votes topic has the given name; empty for mlf's.
func (r *ingestRig) client(topic string) (*broker.Client, error) {
	cfg := broker.Config{Brokers: r.brokers, VotesTopic: topic}
	if topic != "" {
		cfg.RegistryTopic, cfg.CountsTopic = topic+".registry", topic+".counts"
	}
	return broker.New(cfg, broker.Telemetry{Registerer: prometheus.NewRegistry(), Logger: r.log})
}

// enrol makes the topics and the terminals that send.
func (r *ingestRig) enrol(ctx context.Context) error {
	topics := broker.TopicsConfig{Partitions: r.partitions}
	for _, subject := range []string{messagePerVote, messagePerVoteFast, messagePerRequest} {
		client, err := r.client(benchTopic(subject))
		if err != nil {
			return err
		}
		_, err = client.CreateTopics(ctx, topics)
		client.Close()
		if err != nil {
			return err
		}
	}
	client, err := r.client("")
	if err != nil {
		return err
	}
	defer client.Close()
	if _, err := client.Apply(ctx, topics); err != nil {
		return err
	}
	e, err := enrolment.New(ctx, client)
	if err != nil {
		return err
	}
	for _, t := range e.Terminals().All() {
		if !t.Test {
			return fmt.Errorf("brokers %v have terminals that are not for tests: use a Kafka that is for nothing else", r.brokers)
		}
	}
	return r.fillSenders(ctx, e)
}

// fillSenders enrols a terminal in each of as many comuni, so that they are on
// all partitions.
func (r *ingestRig) fillSenders(ctx context.Context, e *enrolment.Enroller) error {
	lists, err := registry.Load()
	if err != nil {
		return err
	}
	services, err := enrolment.Services(lists, []string{"anagrafe", "tributi"}, "")
	if err != nil {
		return err
	}
	comuni := lists.ComuniAt(registry.DateOf(time.Now()))
	templates := make([]schema.Enrolment, benchSenders)
	for i := range templates {
		templates[i] = schema.Enrolment{
			Comune: comuni[i*len(comuni)/benchSenders].ID, Channel: schema.ChannelCounter, Scale: schema.ScaleMLF3,
			Services: services, Since: time.Now().AddDate(-1, 0, 0), Test: true,
		}
	}
	enrolled, err := e.Enrol(ctx, templates)
	if err != nil {
		return err
	}
	key, ok := e.Terminals().SigningKey()
	if !ok {
		return errors.New("sign streams: the registry has no stream key")
	}
	for _, t := range enrolled {
		r.senders = append(r.senders, workload.Sender{
			Token:    t.Token,
			Stream:   key.Sign(schema.NewStream(e.Terminals().ByID(t.Terminal))),
			Services: []string{"anagrafe", "tributi"},
		})
	}
	return nil
}

// requests returns one request of each sender. They are sent again and again:
// whether votes were seen before is not for ingest to know.
func (r *ingestRig) requests(form workload.Form, votes int) ([][]byte, error) {
	requests := make([][]byte, len(r.senders))
	for i := range r.senders {
		var err error
		if requests[i], err = r.senders[i].Request(form, votes, 1_000_000, uint64(i)); err != nil {
			return nil, err
		}
	}
	return requests, nil
}

// An ingestSubject is a process under test.
type ingestSubject struct {
	name    string
	process *child.Process
	addr    netip.AddrPort
	admin   string // Of mlf ingest; the baselines have none.
}

// isMLF tells whether the subject is mlf ingest, of this build or another.
func (s *ingestSubject) isMLF() bool { return s.name == itself || s.name == earlier }

// start starts a subject and returns when it serves. flags are for mlf, besides
// the usual ones.
func (r *ingestRig) start(ctx context.Context, name string, flags ...string) (*ingestSubject, error) {
	addr, err := child.FreeAddr()
	if err != nil {
		return nil, err
	}
	s := &ingestSubject{name: name, addr: netip.MustParseAddrPort(addr)}
	kafka := strings.Join(r.brokers, ",")
	args := []string{"--log-level", "warn", "bench", "serve", "--subject", name, "--listen", addr, "--kafka", kafka, "--topic", benchTopic(name)}
	ready := func() error { return setup.Dials(ctx, addr) }
	if s.isMLF() {
		if s.admin, err = child.FreeAddr(); err != nil {
			return nil, err
		}
		args = append([]string{"--log-level", "warn", "ingest", "--kafka", kafka, "--listen", addr, "--admin", s.admin}, flags...)
		if name == itself { // An earlier one may not know the flag.
			args = append(args, "--connections-max", strconv.Itoa(max(r.connections, benchSenders)+spareConnections))
		}
		ready = func() error { return s.ready(ctx) }
	}
	if name == earlier {
		s.process, err = child.Start(exec.Command(r.before, args...)) //nolint:noctx // Ended by Stop, which is gentler.
	} else {
		s.process, err = child.StartSelf(nil, args...)
	}
	if err != nil {
		return nil, err
	}
	if err := s.process.Await(ctx, ready); err != nil {
		setup.Stop(s.process)
		return nil, err
	}
	return s, nil
}

// records returns how many records of the subject are on the log.
func (r *ingestRig) records(ctx context.Context, s *ingestSubject) (sum int64, err error) {
	if s.name == parseOnly {
		return 0, nil
	}
	topic := benchTopic(s.name)
	if s.isMLF() {
		topic = ""
	}
	client, err := r.client(topic)
	if err != nil {
		return 0, err
	}
	defer client.Close()
	ends, err := client.LogEnds(ctx)
	for _, end := range ends {
		sum += int64(end)
	}
	return sum, err
}

// An account is what a process has used so far.
type account struct {
	cpu        time.Duration
	memory     measure.Memory
	mallocs    float64 // Of mlf only, as is the next.
	kafkaBytes float64
}

func (s *ingestSubject) account(ctx context.Context) (a account, err error) {
	if s.admin != "" {
		if a.mallocs, a.kafkaBytes, err = s.counters(ctx); err != nil {
			return a, err
		}
	}
	if a.memory, err = measure.MemoryOf(s.process.Pid()); err != nil {
		return a, err
	}
	a.cpu, err = measure.CPU(s.process.Pid())
	return a, err
}

// ready tells whether mlf ingest is.
func (s *ingestSubject) ready(ctx context.Context) error { return client.Ready(ctx, nil, s.admin) }

// counters reads how often memory was allocated and how many bytes went to Kafka.
func (s *ingestSubject) counters(ctx context.Context) (mallocs, kafkaBytes float64, err error) {
	m, err := client.Metrics(ctx, nil, s.admin)
	return m["go_memstats_mallocs_total"], m["mlf_kafka_produce_batch_bytes_sum"], err
}
