package command

import (
	"context"
	"errors"

	"mlf/command/alerts"
	"mlf/command/process"
	"mlf/query/cube"
	"mlf/query/fleet"
	"mlf/schema/alert"
	"mlf/schema/registry"
)

// alertCmd groups the commands on alerts.
type alertCmd struct {
	Run alertRunCmd `cmd:"" help:"Judge what bodies want to be told of, and tell them by webhook and e-mail."`
	alerts.Tools
}

type alertRunCmd struct {
	stageFlags
	storesFlags
	registryFlags
	hoursFlags
	alerts.SendFlags
	Snapshots string `placeholder:"DIR" help:"Folder of this process's own for the counts that it has in memory, so that it starts within seconds. Default: none; it reads all of ClickHouse then."`
}

// Validate refuses flags that do not go together. kong calls it.
func (c *alertRunCmd) Validate() error {
	return errors.Join(c.kafkaFlags.Validate(), c.Check(), c.storesFlags.Validate(), c.CheckSending())
}

// Run judges and tells until ctx ends.
func (c *alertRunCmd) Run(ctx context.Context, p *console) error {
	lists, err := c.Load()
	if err != nil {
		return err
	}
	return c.run(ctx, p, "alert", func(ctx context.Context, b *base) error { return c.begin(ctx, b, lists) }, onKafka, onClickhouse)
}

func (c *alertRunCmd) begin(ctx context.Context, b *base, lists *registry.Registry) error {
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
	registered := b.newFollower()
	counts, following, err := b.countsPart(s, lists, c.Snapshots)
	if err != nil {
		return err
	}
	all, reader, err := b.fleet(registered.network, lists, s, &c.hoursFlags)
	if err != nil {
		return err
	}
	parts := b.alertParts(s, counts, registered, all)
	watching, err := parts.Watch(&c.SendFlags)
	if err != nil {
		return err
	}
	b.admin.Set(registered.check(), countsCheck(counts))
	b.log.Info("alert starts")
	// Who follows the fleet for its figures is mlf query: metrics of it are told once.
	beating := process.Part{Name: "fleet", Run: func(ctx context.Context) error { return all.Follow(ctx, b.client, nil) }}
	return process.InOrder(ctx, b.log, append(watching, parts.Follow(), following, registered.part(), process.Part{Name: "seen", Run: reader.Run}, beating, looking)...)
}

// alertParts returns what alerts are made of in this process.
func (b *base) alertParts(s *stores, counts *cube.Follower, registered *follower, all *fleet.Fleet) *alerts.Parts {
	return &alerts.Parts{
		Log: b.client, Book: new(alert.Book), Counts: counts.View, States: s.States, Words: b.words,
		Terminals: registered.terminals, Network: registered.network, Annotations: registered.annotations, Fleet: all,
		Metrics: b.metrics, Logger: b.log,
	}
}
