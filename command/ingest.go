package command

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"mlf/command/process"
	"mlf/ingest"
	"mlf/ingest/form"
	"mlf/ingest/pages"
	"mlf/schema/registry"
)

type ingestCmd struct {
	stageFlags
	tlsFlags
	registryFlags
	drainFlags
	sourceFlags
	Listen           string        `default:"127.0.0.1:8080" help:"Listener for terminals."`
	QueryURL         string        `name:"query-url" placeholder:"URL" help:"Where terminals in browsers find mlf query, which tells them what was counted: https://stat.example.it. Default: where they send votes, as behind a proxy that hands /v1/terminals/self/watermark on."`
	Clickhouse       string        `placeholder:"DSN" help:"Not used: ingest depends on Kafka alone. Accepted so that one set of flags serves every stage."`
	TLSKeyExchange   string        `enum:"auto,hybrid,classical" default:"auto" help:"auto: post-quantum (X25519MLKEM768) where a terminal offers it, but for sessions that are resumed; hybrid: for those, too; classical: never."`
	InflightBytesMax int64         `default:"67108864" help:"Most bytes of requests held at once; beyond, terminals are told to come back."`
	ConnectionsMax   int           `default:"16384" help:"Most open connections, 24 KiB each, 7 more with TLS; beyond, new ones are refused. The limit of open files must be higher."`
	HeaderBytesMax   int           `default:"16384" help:"Longest header of a request, its first line included; beyond, 431. 1024 to 1048576."`
	IdleMax          time.Duration `default:"90s" help:"Longest time between two requests of a connection. Behind a load balancer it must be longer than the balancer's own (AWS 60 s, Google 600 s), or requests meet a connection that is just being closed."`
	DrainMax         time.Duration `default:"10s" help:"Longest time after SIGTERM, and --drain-delay, to answer what is held; at most 20s."`
}

// Validate refuses flags that do not go together. kong calls it.
func (c *ingestCmd) Validate() error {
	return errors.Join(c.kafkaFlags.Validate(), c.Check(), c.tlsFlags.Validate(), c.drainFlags.Validate())
}

// Run takes votes until ctx ends.
func (c *ingestCmd) Run(ctx context.Context, p *console) error {
	lists, err := c.Load()
	if err != nil {
		return err
	}
	cfg := ingest.Config{
		KeyExchange: ingest.KeyExchange(c.TLSKeyExchange), InflightBytesMax: c.InflightBytesMax, ConnsMax: c.ConnectionsMax,
		HeaderBytesMax: c.HeaderBytesMax, IdleMax: c.IdleMax, DrainMax: c.DrainMax,
	}
	if err := cfg.Validate(); err != nil {
		return usageError{err}
	}
	if _, err := c.proxies(); err != nil {
		return err
	}
	if _, err := pages.New(watermarkAt(c.QueryURL), nil); err != nil {
		return usageError{fmt.Errorf("--query-url: %w", err)}
	}
	return c.run(ctx, p, "ingest", func(ctx context.Context, b *base) error { return c.begin(ctx, b, lists, cfg) }, onKafka)
}

func (c *ingestCmd) begin(ctx context.Context, b *base, lists *registry.Registry, cfg ingest.Config) error {
	var err error
	if cfg.TLS, err = c.config(b.keeper); err != nil {
		return err
	}
	if _, err := b.awaitLog(ctx); err != nil {
		return err
	}
	id, err := process.Await(ctx, b.waiter, "the log's genesis", b.client.LogIdentity)
	if err != nil {
		return err
	}
	trusted, err := c.proxies()
	if err != nil {
		return err
	}
	ln, err := listen("ingest", c.Listen)
	if err != nil {
		return err
	}
	producer := b.client.NewProducer(id.Partitions)
	registered := b.newFollower()
	cfg.Sources = registered.sources(id, form.Config{SiteAMinute: c.RatingsPerSite, ClientAMinute: c.RatingsPerClient}, trusted)
	b.showMissed(cfg.Sources.Desk)
	if cfg.Pages, err = registered.pages(lists, c.QueryURL, trusted); err != nil {
		return err
	}
	var reports, beats process.Part
	cfg.Heartbeats, beats = b.heartbeatsPart(b.client, cfg.Pages.Desk)
	if cfg.Served, reports, err = b.reportsPart(b.client, lists); err != nil {
		return err
	}
	server, err := b.ingestPart(ctx, ln, b.tracing.Log(producer), registered.terminals, cfg)
	if err != nil {
		return err
	}
	b.admin.Set(registered.check(), clockCheck(producer))
	b.log.Info("ingest starts", slog.String("listen", c.url(ln)), slog.Int("partitions", id.Partitions))
	return c.serve(ctx, b.log, server, process.Part{Name: "producer", Run: producer.Run}, registered.part(), reports, beats)
}
