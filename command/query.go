package command

import (
	"context"
	"errors"
	"log/slog"

	"mlf/command/alerts"
	"mlf/command/process"
	"mlf/command/public"
	"mlf/query"
	"mlf/query/cube"
	"mlf/query/fleet"
	"mlf/query/seen"
	"mlf/query/uncounted"
	"mlf/schema/network"
	"mlf/schema/registry"
	"mlf/schema/served"
)

type queryCmd struct {
	stageFlags
	storesFlags
	tlsFlags
	registryFlags
	hoursFlags
	public.Flags
	deskFlags
	alerts.KeyFlags
	drainFlags
	Listen     string `default:"127.0.0.1:8081" help:"Listener for the public: statistics and the page."`
	Snapshots  string `placeholder:"DIR" help:"Folder of this process's own for what it has in memory, so that it starts within seconds. Default: none; it reads all of ClickHouse then."`
	Disclosure string `required:"" enum:"lots,none" help:"What the public is shown. lots: sums of sets of at least --disclosure-k votes, published every night; exact counts only by a token (--issuer). none: every cell, to everybody."`
}

// Validate refuses flags that do not go together. kong calls it.
func (c *queryCmd) Validate() error {
	return errors.Join(c.kafkaFlags.Validate(), c.Config.Check(), c.storesFlags.Validate(), c.tlsFlags.Validate(), c.drainFlags.Validate())
}

// Run answers until ctx ends.
func (c *queryCmd) Run(ctx context.Context, p *console) error {
	lists, err := c.Load()
	if err != nil {
		return err
	}
	if err := c.Check(); err != nil {
		return usageError{err}
	}
	cfg := query.Config{Release: knownRelease(), Disclosure: c.Disclosure, URL: c.OpenURL, Notices: c.Notices()}
	return c.run(ctx, p, "query", func(ctx context.Context, b *base) error { return c.begin(ctx, b, lists, cfg) }, onKafka, onClickhouse)
}

func (c *queryCmd) begin(ctx context.Context, b *base, lists *registry.Registry, cfg query.Config) error {
	var err error
	if cfg.TLS, err = c.config(b.keeper); err != nil {
		return err
	}
	if _, err := b.awaitLog(ctx); err != nil {
		return err
	}
	s, err := b.openStores(&c.storesFlags)
	if err != nil {
		return err
	}
	defer closeStores(s, b.log)
	looking, err := b.await(ctx, s)
	if err != nil {
		return err
	}
	ln, err := listen("query", c.Listen)
	if err != nil {
		return err
	}
	registered := b.newFollower()
	counts, following, err := b.countsPart(s, lists, c.Snapshots)
	if err != nil {
		return err
	}
	book := new(served.Book)
	shown, err := b.publicParts(&c.Flags, s, counts, lists, book)
	if err != nil {
		return err
	}
	parts := b.queryParts(s, counts, registered, lists, shown)
	beside, err := b.besideParts(&parts, s, book, &c.hoursFlags)
	if err != nil {
		return err
	}
	if err := registered.serveBodies(&parts, c.KioskURL); err != nil {
		return err
	}
	told := b.alertParts(s, counts, registered, parts.Fleet)
	asked, err := told.Routes(&c.KeyFlags)
	if err != nil {
		return err
	}
	parts.Desk = append(parts.Desk, asked...)
	server, err := b.queryPart(ctx, ln, parts, cfg)
	if err != nil {
		return err
	}
	b.admin.Set(registered.check(), countsCheck(counts))
	b.log.Info("query starts", slog.String("listen", c.url(ln)))
	watching, err := b.uncountedPart(s)
	if err != nil {
		return err
	}
	return c.serve(ctx, b.log, append([]process.Part{server, following, registered.part(), told.Follow(), watching, looking}, append(beside, shown.parts...)...)...)
}

func (b *base) queryParts(s *stores, counts *cube.Follower, registered *follower, lists *registry.Registry, p *front) query.Parts {
	return query.Parts{
		Store: func() query.Store { return b.tracing.Store(s.pick()) }, Counts: counts, Log: b.client, Terminals: registered.terminals, Network: registered.network, Registry: lists,
		Annotations: registered.annotations, Published: p.published, Open: p.open, Access: p.access, Quota: p.quota,
	}
}

// uncountedPart looks at what is on the log and not in s.
func (b *base) uncountedPart(s *stores) (process.Part, error) {
	observer, err := uncounted.New(uncounted.Config{Log: b.client, Store: s, Registry: b.metrics, Logger: b.log})
	if err != nil {
		return process.Part{}, err
	}
	return process.Part{Name: "uncounted", Run: observer.Run}, nil
}

// besideParts have parts follow what is told beside votes, who was served, in book, and what
// is known of the fleet. Answers do without until it is read: what is not known is null.
func (b *base) besideParts(parts *query.Parts, s *stores, book *served.Book, open *hoursFlags) ([]process.Part, error) {
	all, reader, err := b.fleet(parts.Network, parts.Registry, s, open)
	if err != nil {
		return nil, err
	}
	parts.Served, parts.Fleet, parts.Sightings = book, all, reader
	return []process.Part{
		{Name: "seen", Run: reader.Run},
		{Name: "served", Run: func(ctx context.Context) error { return b.client.FollowServed(ctx, book.Apply, book.SetComplete) }},
		{Name: "fleet", Run: func(ctx context.Context) error { return all.Follow(ctx, b.client, b.metrics) }},
	}, nil
}

// fleet returns the fleet of a network's terminals, and what reads when they voted, as s has it.
func (b *base) fleet(of *network.Network, lists *registry.Registry, s *stores, open *hoursFlags) (*fleet.Fleet, *seen.Reader, error) {
	all, err := fleet.New(of.Terminals(), lists)
	if err != nil {
		return nil, nil, err
	}
	if all.Hours, err = open.Hours(); err != nil {
		return nil, nil, err
	}
	reader, err := seen.New(seen.Config{Store: func() seen.Store { return s.pick() }, Network: of, Heartbeats: all.Book, Logger: b.log})
	if err != nil {
		return nil, nil, err
	}
	all.Follows(reader)
	return all, reader, nil
}
