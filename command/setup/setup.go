// Package setup makes what stages need before they run: topics, genesis records, keys,
// databases and their tables.
//
// It knows in which order, and that all of it may run again at any time. It must not know
// flags, how long to wait for what is not there, or who runs a stage.
package setup

import (
	"context"
	"errors"

	"mlf/aggregate"
	"mlf/aggregate/store"
	"mlf/ingest/broker"
	"mlf/schema"
	"mlf/schema/registry"
	"mlf/schema/shares"
)

// A Plan says what is to be there.
type Plan struct {
	Topics   broker.TopicsConfig
	Database store.Config
	Lists    *registry.Registry // What BI tools are shown beside the counts.

	// Share is what the database is to have of the log. Zero: all of it.
	Share shares.Share

	// Cluster is where the shares are that the database is to be put together of; zero:
	// it counts by itself.
	Cluster store.Cluster
}

// Done is what is there.
type Done struct {
	schema.Identity
	InForce schema.Rules // By which the log is counted from now on.
	Stays   error        // Why these are not the newest; nil if they are.
}

// Apply creates what is missing: topics, a stream key, a ticket secret, genesis records,
// database and tables, the log's identity in the store. Of what is there it changes the
// names for BI tools, and the log's rules, once every worker knows the newest. It may be
// run again at any time, and several times at once.
func (p Plan) Apply(ctx context.Context, client *broker.Client) (Done, error) {
	identity, err := client.Apply(ctx, p.Topics)
	if err != nil {
		return Done{}, err
	}
	if err := p.applyDatabase(ctx, identity); err != nil {
		return Done{}, err
	}
	done := Done{Identity: identity}
	done.InForce, err = client.RaiseRules(ctx, identity, aggregate.RulesMax)
	if errors.Is(err, broker.ErrRulesStay) {
		done.Stays, err = err, nil
	}
	return done, err
}

// applyDatabase makes the database. In a share there is nothing for BI tools.
func (p Plan) applyDatabase(ctx context.Context, identity schema.Identity) error {
	switch {
	case p.Share != shares.Share{}:
		return store.ApplyShare(ctx, p.Database, identity, p.Share)
	case p.Cluster != store.Cluster{}:
		if err := store.ApplyFront(ctx, p.Database, identity, p.Cluster); err != nil {
			return err
		}
	default:
		if err := store.Apply(ctx, p.Database, identity); err != nil {
			return err
		}
	}
	return store.ApplyNames(ctx, p.Database, namesOf(p.Lists))
}
