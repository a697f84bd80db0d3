package command

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"path/filepath"
	"slices"
	"time"

	"mlf/aggregate"
	"mlf/aggregate/store"
	clickhouse "mlf/aggregate/store/embedded"
	"mlf/command/alerts"
	"mlf/command/datadir"
	"mlf/command/process"
	"mlf/command/public"
	"mlf/command/setup"
	"mlf/command/tracing"
	"mlf/ingest"
	"mlf/ingest/broker"
	kafka "mlf/ingest/broker/embedded"
	"mlf/ingest/form"
	"mlf/query"
	"mlf/query/cube"
	"mlf/schema"
	"mlf/schema/registry"
	"mlf/schema/served"
)

// upPartitions is the partition count of the embedded log: enough for a few
// workers to share two cores, few enough that each flush stays one small insert.
const upPartitions = 4

// upConnectionsMax is the default of mlf ingest.
const upConnectionsMax = 16_384

// upDrainMax is how long a stage may take to hand on what it holds when mlf up
// stops. All that was acknowledged is on the log, and the next start counts it:
// whoever stops by hand need not wait for an engine that does not answer.
const upDrainMax = 5 * time.Second

// upPlace is where the database is, for the name of its workers' group: its port is
// another at each start.
const upPlace = "embedded"

// startMax bounds the start of the embedded engines, recovery of a large data
// directory included.
const startMax = 2 * time.Minute

type upCmd struct {
	tlsFlags
	registryFlags
	hoursFlags
	tracing.Config
	public.Flags
	deskFlags
	alerts.SendFlags
	Data          string `required:"" placeholder:"DIR" help:"Folder for everything that must survive: the log and the rollups."`
	Ingest        string `default:"127.0.0.1:8080" help:"Listener for terminals."`
	Query         string `default:"127.0.0.1:8081" help:"Listener for statistics and the page."`
	QueryURL      string `name:"query-url" placeholder:"URL" help:"Where terminals in browsers find that listener, where it is not by its own address: https://stat.example.it."`
	Admin         string `default:"127.0.0.1:9090" help:"Listener for metrics, probes and profiles."`
	KafkaListen   string `default:"127.0.0.1:19092" help:"Listener of the embedded Kafka broker, for mlf terminal and mlf simulate."`
	DemoTerminals int    `placeholder:"N" help:"Have N terminals enrolled in real comuni; their tokens are kept in the data folder."`
	Disclosure    string `enum:"lots,none" default:"none" help:"What the public is shown. none: every cell, to everybody; lots: sums of sets of at least --disclosure-k votes, published every night, and exact counts only by a token (--issuer)."`
	DiskReserve   uint64 `default:"536870912" help:"Refuse votes while less than this is free on the data disk."`
}

// An up is mlf up while it runs: the engines, and the stages upon them.
type up struct {
	cmd *upCmd
	base
	kafka      *kafka.Broker
	clickhouse *clickhouse.Server
}

// Run starts everything and serves until ctx ends.
func (c *upCmd) Run(ctx context.Context, p *console) error {
	if !clickhouse.Built {
		return usageError{clickhouse.ErrNotBuilt} // Before anything is made in the data folder.
	}
	lists, err := c.Load()
	if err != nil {
		return err
	}
	c.QuotaPublic, c.QuotaKnown = cmp.Or(c.QuotaPublic, public.Off), cmp.Or(c.QuotaKnown, public.Off)
	if err := errors.Join(c.Flags.Check(), c.CheckSending(), c.Config.Check()); err != nil {
		return usageError{err}
	}
	dir, err := datadir.Open(ctx, c.Data)
	if err != nil {
		return err
	}
	defer dir.Close()

	u := &up{cmd: c, base: *newBase(p, onKafka, onClickhouse)}
	u.waiter = &process.Waiter{Log: u.log, Until: time.Now()} // Its engines are its own, and there or not.
	if err := u.trace(ctx, c.Config, "up"); err != nil {
		return err
	}
	defer context.AfterFunc(ctx, u.drain)()
	defer u.close()
	starting, started := context.WithTimeout(ctx, startMax)
	defer started()
	if err := u.startEngines(starting); err != nil {
		return err
	}
	plan := setup.Plan{
		Topics: broker.TopicsConfig{Partitions: upPartitions, Replicas: 1}, Database: store.Config{DSN: u.clickhouse.DSN()}, Lists: lists,
	}
	if _, err := plan.Apply(starting, u.client); err != nil {
		return err
	}
	shown, err := u.demoTerminals(starting, lists)
	if err != nil {
		return err
	}
	return u.serve(ctx, p, lists, shown)
}

// startEngines starts the broker and the database, and a client for the broker.
func (u *up) startEngines(ctx context.Context) error {
	var err error
	if u.kafka, err = kafka.Start(ctx, kafka.Config{Dir: filepath.Join(u.cmd.Data, "kafka"), Listen: u.cmd.KafkaListen}, kafka.Telemetry{Logger: u.log}); err != nil {
		return err
	}
	if u.client, err = broker.New(broker.Config{Brokers: []string{u.kafka.Addr()}}, broker.Telemetry{Registerer: u.metrics, Logger: u.log}); err != nil {
		return err
	}
	u.clickhouse, err = clickhouse.Start(ctx, clickhouse.Config{Dir: filepath.Join(u.cmd.Data, "clickhouse")}, clickhouse.Telemetry{Registerer: u.metrics, Logger: u.log})
	return err
}

// close stops the engines: first the database, then the log it is counted from.
func (u *up) close() {
	if u.clickhouse != nil {
		if err := u.clickhouse.Close(); err != nil {
			u.log.Warn("clickhouse not stopped cleanly", slog.Any("err", err))
		}
	}
	if u.kafka != nil {
		if err := u.kafka.Close(); err != nil {
			u.log.Warn("kafka not stopped cleanly", slog.Any("err", err))
		}
	}
}

// serve runs the stages in this process.
func (u *up) serve(ctx context.Context, p *console, lists *registry.Registry, demo []schema.Enrolled) error {
	tlsConfig, err := u.cmd.config(u.keeper)
	if err != nil {
		return err
	}
	listeners, err := u.listen()
	if err != nil {
		return err
	}
	s, err := store.Open(ctx, store.Config{DSN: u.clickhouse.DSN()}, store.Telemetry{Registerer: u.metrics, Logger: u.log})
	if err != nil {
		return err
	}
	defer closeStore(s, u.log)

	producer := u.client.NewProducer(upPartitions)
	guard, err := datadir.NewGuard(u.tracing.Log(producer), u.cmd.Data, u.cmd.DiskReserve, u.metrics)
	if err != nil {
		return err
	}
	registered := u.newFollower()
	taking, beside, err := u.door(ctx, listeners, guard, registered, lists)
	if err != nil {
		return err
	}
	counting, aggregator, err := u.aggregatePart(ctx, s, upPlace, aggregate.Config{DrainMax: upDrainMax})
	if err != nil {
		return err
	}
	counts, following, err := u.countsPart(alone(s), lists, filepath.Join(u.cmd.Data, "counts"))
	if err != nil {
		return err
	}
	book := new(served.Book)
	shown, err := u.publicParts(&u.cmd.Flags, alone(s), counts, lists, book)
	if err != nil {
		return err
	}
	of := u.queryParts(alone(s), counts, registered, lists, shown)
	told, err := u.besideParts(&of, alone(s), book, &u.cmd.hoursFlags)
	if err != nil {
		return err
	}
	if err := registered.serveBodies(&of, cmp.Or(u.cmd.KioskURL, u.cmd.url(listeners.ingest)+"/k/")); err != nil {
		return err
	}
	alerting, err := u.alerting(&of, counts, registered, s)
	if err != nil {
		return err
	}
	answering, err := u.queryPart(ctx, listeners.query, of, query.Config{Release: knownRelease(), TLS: tlsConfig, Disclosure: u.cmd.Disclosure, URL: u.cmd.OpenURL, Notices: u.cmd.Notices()})
	if err != nil {
		return err
	}
	watching, err := u.uncountedPart(alone(s))
	if err != nil {
		return err
	}
	u.admin.Set(registered.check(), process.Once("recovery", aggregator.Ready), countsCheck(counts), clockCheck(producer), process.Check{Name: "disk", Do: guard.Room})
	u.ask(s)
	u.greet(p, listeners, demo)
	parts := []process.Part{
		taking,
		{Name: "producer", Run: producer.Run},
		{Name: "disk", Run: guard.Run},
		u.forgetPart(), counting, answering, following, registered.part(), watching, u.tracing.Part(), u.dependencies.Part(), u.keeperPart(),
	}
	return process.InOrder(ctx, u.log, slices.Concat(parts, beside, told, alerting, shown.parts, []process.Part{u.admin.Part(listeners.admin)})...)
}

// alerting judges what bodies want to be told of, and answers them in of.
func (u *up) alerting(of *query.Parts, counts *cube.Follower, registered *follower, s *store.Store) ([]process.Part, error) {
	flags := &u.cmd.SendFlags
	if err := flags.Keep(filepath.Join(u.cmd.Data, "alert.key"), datadir.WriteSynced); err != nil {
		return nil, err
	}
	parts := u.alertParts(alone(s), counts, registered, of.Fleet)
	asked, err := parts.Routes(&flags.KeyFlags)
	if err != nil {
		return nil, err
	}
	of.Desk = append(of.Desk, asked...)
	watching, err := parts.Watch(flags)
	return append(watching, parts.Follow()), err
}

// door takes what comes in over HTTP: its part, and those beside it.
func (u *up) door(ctx context.Context, ln upListeners, guard *datadir.Guard, registered *follower, lists *registry.Registry) (taking process.Part, beside []process.Part, err error) {
	cfg := ingest.Config{ConnsMax: upConnectionsMax, DrainMax: upDrainMax}
	if cfg.TLS, err = u.cmd.config(u.keeper); err != nil {
		return taking, nil, err
	}
	id, err := u.client.LogIdentity(ctx)
	if err != nil {
		return taking, nil, err
	}
	cfg.Sources = registered.sources(id, form.Config{}, ownMachine())
	u.showMissed(cfg.Sources.Desk)
	roomy := roomyLog{u.client, guard.Room}
	var reporting, beating process.Part
	if cfg.Served, reporting, err = u.reportsPart(roomy, lists); err != nil {
		return taking, nil, err
	}
	if cfg.Pages, err = registered.pages(lists, cmp.Or(u.cmd.QueryURL, u.cmd.url(ln.query)), ownMachine()); err != nil {
		return taking, nil, err
	}
	cfg.Heartbeats, beating = u.heartbeatsPart(roomy, cfg.Pages.Desk)
	taking, err = u.ingestPart(ctx, ln.ingest, guard, registered.terminals, cfg)
	return taking, []process.Part{reporting, beating}, err
}

// ask has the neighbours asked whether they are there.
func (u *up) ask(s *store.Store) {
	u.dependencies.Ask(process.Check{Name: onKafka, Do: u.client.Ping})
	u.dependencies.Ask(process.Check{Name: onClickhouse, Do: s.Ping})
}

// upListeners are the public faces of mlf up.
type upListeners struct{ ingest, query, admin net.Listener }

// listen opens the three listeners, or none.
func (u *up) listen() (upListeners, error) {
	var l upListeners
	var errs [3]error
	l.ingest, errs[0] = listen("ingest", u.cmd.Ingest)
	l.query, errs[1] = listen("query", u.cmd.Query)
	l.admin, errs[2] = listen("admin", u.cmd.Admin)
	if err := errors.Join(errs[:]...); err != nil {
		for _, ln := range []net.Listener{l.ingest, l.query, l.admin} {
			if ln != nil {
				_ = ln.Close()
			}
		}
		return l, err
	}
	return l, nil
}

// greet prints where everything is, and a command that casts a vote.
func (u *up) greet(p *console, l upListeners, demo []schema.Enrolled) {
	ingestURL := u.cmd.url(l.ingest)
	fmt.Fprintf(p.Stdout, "mlf %s is up; data in %s\n\n", version(), u.cmd.Data)
	fmt.Fprintf(p.Stdout, "  page and statistics  %s/\n", u.cmd.url(l.query))
	fmt.Fprintf(p.Stdout, "  votes                %s/v1/votes\n", ingestURL)
	fmt.Fprintf(p.Stdout, "  metrics and probes   http://%s/metrics  /readyz\n", l.admin.Addr())
	fmt.Fprintf(p.Stdout, "  kafka                %s\n\n", u.kafka.Addr())
	if len(demo) == 0 {
		fmt.Fprintf(p.Stdout, "No demo terminal. Enrol one:\n  mlf terminal enrol --kafka %s --comune 058091 --channel counter --services anagrafe,tributi\n\n", u.kafka.Addr())
		return
	}
	lines := castLines(ingestURL, demo[0])
	fmt.Fprintf(p.Stdout, "Cast a vote (again for another; a terminal gets 10 streams an hour):\n  %s\n  %s\n\n", lines[0], lines[1])
}
