package command

import (
	"context"
	"errors"
	"log/slog"

	"mlf/aggregate/store"
	"mlf/command/process"
	"mlf/query"
	"mlf/query/cube"
	"mlf/schema/registry"
	"mlf/schema/served"
)

type queryCmd struct {
	stageFlags
	storeFlags
	tlsFlags
	registryFlags
	publicFlags
	Listen     string `default:"127.0.0.1:8081" help:"Listener for the public: statistics and the page."`
	Snapshots  string `placeholder:"DIR" help:"Folder of this process's own for what it has in memory, so that it starts within seconds. Default: none; it reads all of ClickHouse then."`
	Disclosure string `required:"" enum:"lots,none" help:"What the public is shown. lots: sums of sets of at least --disclosure-k votes, published every night; exact counts only by a token (--issuer). none: every cell, to everybody."`
}

// Run answers until ctx ends.
func (c *queryCmd) Run(ctx context.Context, p *console) error {
	tlsConfig, err := c.config()
	if err != nil {
		return err
	}
	lists, err := c.load()
	if err != nil {
		return err
	}
	if err := errors.Join(c.validate(), c.check()); err != nil {
		return err
	}
	cfg := query.Config{Release: knownRelease(), TLS: tlsConfig, Disclosure: c.Disclosure}
	return c.run(ctx, p, "query", func(ctx context.Context, b *base) error { return c.serve(ctx, b, lists, cfg) })
}

func (c *queryCmd) serve(ctx context.Context, b *base, lists *registry.Registry, cfg query.Config) error {
	if _, err := b.awaitLog(ctx); err != nil {
		return err
	}
	s, err := b.awaitStore(ctx, &c.storeFlags)
	if err != nil {
		return err
	}
	defer closeStore(s, b.log)
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
	public, err := b.publicParts(&c.publicFlags, s, counts, lists, book)
	if err != nil {
		return err
	}
	parts := b.queryParts(s, counts, registered, lists, public)
	parts.Served = book
	server, err := b.queryPart(ln, parts, cfg)
	if err != nil {
		return err
	}
	b.admin.Set(registered.check(), b.logCheck(), countsCheck(counts))
	b.log.Info("query starts", slog.String("listen", c.url(ln)))
	return process.InOrder(ctx, b.log, append([]process.Part{server, following, registered.part(), b.servedPart(book)}, public.parts...)...)
}

func (b *base) queryParts(s *store.Store, counts *cube.Follower, registered *follower, lists *registry.Registry, p *public) query.Parts {
	return query.Parts{
		Store: s, Counts: counts, Log: b.client, Terminals: registered.terminals, Registry: lists,
		Annotations: registered.annotations, Published: p.published, Open: p.open, Access: p.access, Quota: p.quota,
	}
}

// servedPart keeps a book of served users up to date. Answers do without until it is
// read: what is not known is null.
func (b *base) servedPart(book *served.Book) process.Part {
	return process.Part{Name: "served", Run: func(ctx context.Context) error {
		return b.client.FollowServed(ctx, book.Apply, book.SetComplete)
	}}
}
