package enrolment

import (
	"context"
	"fmt"
	"time"

	"mlf/schema"
	"mlf/schema/network"
)

// A Clerk does on the registry topic what bodies wish, in a process that follows it: each
// record is applied to its network, and to the terminals of that, within moments. What it
// has written itself it knows at once. Each record says whose wish it was. Safe for use by
// several goroutines, of several processes on one topic.
//
// After an error a record may be there or not, unless it says otherwise. To wish the same
// again is safe.
type Clerk struct {
	*Offers
	registry Registry
}

// NewClerk returns one of a process in which somebody follows r into n.
func NewClerk(r interface {
	Registry
	NetworkRegistry
}, n *network.Network) *Clerk {
	return &Clerk{FollowedOffers(r, n), r}
}

// Close closes a terminal of n since at. One that is closed stays as it is.
func (c *Clerk) Close(ctx context.Context, id schema.TerminalID, at time.Time, by schema.By) error {
	_, err := c.enroller(by).Close(ctx, id, at)
	return err
}

// Revoke revokes a terminal of n. One that is revoked stays as it is.
func (c *Clerk) Revoke(ctx context.Context, id schema.TerminalID, by schema.By) error {
	if e := c.network.Terminals().ByID(id); e != nil && e.Revoked {
		return nil
	}
	_, err := c.enroller(by).Change(ctx, id, func(e *schema.Enrolment) { e.Revoked = true })
	return err
}

func (c *Clerk) enroller(by schema.By) *Enroller {
	return &Enroller{registry: c.registry, terminals: c.network.Terminals(), by: by}
}

// Order notes an order, in place of any of the same id.
func (c *Clerk) Order(ctx context.Context, o *network.Order) error {
	if err := c.write(ctx, o.RegistryRecord); err != nil {
		return fmt.Errorf("write order %s: %w", o.ID, err)
	}
	return nil
}
