package command

import (
	"context"
	"log/slog"

	"mlf/aggregate/store"
	"mlf/command/process"
	"mlf/query"
	"mlf/schema"
	"mlf/schema/registry"
)

type queryCmd struct {
	stageFlags
	storeFlags
	tlsFlags
	registryFlags
	Listen     string `default:"127.0.0.1:8081" help:"Listener for the public: statistics and the page."`
	Disclosure string `required:"" enum:"none" help:"How small counts are protected. none: every cell is shown."`
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
	if err := c.validate(); err != nil {
		return err
	}
	cfg := query.Config{TLS: tlsConfig, Disclosure: c.Disclosure}
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
	server, err := b.queryPart(ln, b.queryParts(s, registered.terminals, lists), cfg)
	if err != nil {
		return err
	}
	b.admin.Set(registered.check(), b.logCheck(), storeCheck(s))
	b.log.Info("query starts", slog.String("listen", c.url(ln)))
	return process.InOrder(ctx, b.log, server, registered.part())
}

func (b *base) queryParts(s *store.Store, terminals *schema.Terminals, lists *registry.Registry) query.Parts {
	return query.Parts{Store: s, Log: b.client, Terminals: terminals, Registry: lists}
}
