package command

import (
	"context"
	"time"

	"mlf/command/process"
	"mlf/command/public"
	"mlf/query"
	"mlf/query/access"
	"mlf/query/cube"
	"mlf/query/disclosure"
	"mlf/query/opendata"
	"mlf/query/question"
	"mlf/schema"
	"mlf/schema/registry"
	"mlf/schema/served"
)

// A front is what a process that answers has before its answers, and what of it runs.
type front struct {
	access    *access.Access
	quota     *access.Quota
	published query.Published
	open      *opendata.Library
	parts     []process.Part
}

// publicParts returns what f says of the public. This process publishes lots, as any
// may: bulletins are made of them even where the public is shown everything.
func (b *base) publicParts(f *public.Flags, s *stores, counts *cube.Follower, lists *registry.Registry, book *served.Book) (*front, error) {
	p := new(front)
	cfg := f.Access()
	cfg.Logger, cfg.Registerer = b.log, b.metrics
	cfg.Service = lists.ServiceID
	var err error
	if cfg.ComuniOf, err = b.registered.comuniOf(); err != nil {
		return nil, err
	}
	if p.access, err = access.New(cfg); err != nil {
		return nil, err
	}
	p.parts = []process.Part{{Name: "access", Run: p.access.Run}}
	quota, err := f.Quota()
	if err != nil {
		return nil, err
	}
	if quota != nil {
		quota.Registerer = b.metrics
		if p.quota, err = access.NewQuota(*quota); err != nil {
			return nil, err
		}
	}
	telemetry := disclosure.Telemetry{Registerer: b.metrics, Logger: b.log}
	places := func(today schema.Day) disclosure.Places { return disclosure.PlacesOf(lists, registry.Date(today)) }
	releases, err := b.mirror(s)
	if err != nil {
		return nil, err
	}
	shelf, err := disclosure.NewShelf(releases, places, telemetry)
	if err != nil {
		return nil, err
	}
	p.published = shelf
	if p.open, err = opendata.New(opendata.Parts{Source: releases, Published: shelf, Registry: lists}, f.Open()); err != nil {
		return nil, err
	}
	p.parts = append(p.parts, process.Part{Name: "published", Run: shelf.Run})
	if f.Publish == "off" {
		return p, nil
	}
	part, err := releasePart(disclosure.ReleaserConfig{Rules: f.Rules(), Places: places, Served: book, Ledger: releases.Ledger()}, counts, telemetry)
	p.parts = append(p.parts, process.Part{Name: "mirror", Run: releases.Run}, part)
	return p, err
}

// releasePart makes releases of what counts has.
func releasePart(cfg disclosure.ReleaserConfig, counts *cube.Follower, telemetry disclosure.Telemetry) (process.Part, error) {
	cfg.View = func() (question.View, error) {
		if view := counts.View(); view != nil {
			return view, nil
		}
		return nil, counts.Ready()
	}
	releaser, err := disclosure.NewReleaser(cfg, telemetry)
	return process.Part{Name: "release", Run: func(ctx context.Context) error {
		await(ctx, func() bool { return counts.Ready() == nil })
		limited, cancel := context.WithTimeout(ctx, servedWait)
		defer cancel()
		await(limited, cfg.Served.Complete)
		return releaser.Run(ctx)
	}}, err
}

// servedWait is how long the first release after a start waits for who was served. It
// is made without them where they cannot be read.
const servedWait = time.Minute

// await returns when ready is true, or ctx ends: what is published first after a start
// should not have to be tried twice.
func await(ctx context.Context, ready func() bool) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for !ready() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}
