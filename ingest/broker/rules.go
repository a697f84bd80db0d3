package broker

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/segmentio/kafka-go"

	"mlf/ingest/broker/members"
	"mlf/schema"
)

// ErrRulesStay says that the log's rules were not raised: a worker might halt. The
// log goes on as it was.
var ErrRulesStay = errors.New("run mlf schema apply again when every worker is of this version")

// RaiseRules has the log be counted by rules to, from now on, and returns by which
// rules it is: those in force with ErrRulesStay when a worker of the group does not
// know the others, or the group cannot tell. Where nobody counts, nobody can halt.
// It may run again at any time and twice at once: what was broken off is done again,
// and a second control record changes nothing.
func (c *Client) RaiseRules(ctx context.Context, id schema.Identity, to schema.Rules) (schema.Rules, error) {
	terminals, err := c.ReadRegistry(ctx)
	if err != nil {
		return 0, err
	}
	inForce := max(id.Rules, terminals.RulesRaised(id.Log))
	if inForce >= to {
		return inForce, nil
	}
	older, err := c.olderMembers(ctx, to)
	if err != nil {
		return inForce, fmt.Errorf("rules %d stay in force, because the groups %s… do not tell who counts (%w): %w", inForce, c.cfg.Groups, err, ErrRulesStay)
	}
	if len(older) > 0 {
		return inForce, fmt.Errorf("rules %d stay in force, because %s is of an older version: %w", inForce, strings.Join(older, " and "), ErrRulesStay)
	}
	for p := range schema.Partition(id.Partitions) {
		control := schema.Control{Log: id.Log, Partition: p, Partitions: id.Partitions, Rules: to}
		if err := c.put(ctx, c.votes, p, schema.KeyRules, schema.AppendControl(nil, control)); err != nil {
			return inForce, fmt.Errorf("raise rules of partition %d: %w", p, err)
		}
	}
	key, value, err := schema.RulesRaised{Log: id.Log, Rules: to, At: time.Now()}.RegistryRecord()
	if err != nil {
		return inForce, err
	}
	return to, c.PutRegistry(ctx, key, value)
}

// olderMembers names the members of the workers' groups that do not count by rules.
func (c *Client) olderMembers(ctx context.Context, rules schema.Rules) (older []string, err error) {
	err = c.again(ctx, refused, func(ctx context.Context) error {
		groups, err := c.workerGroups(ctx)
		if err != nil {
			return err
		}
		res, err := c.kafka.DescribeGroups(ctx, &kafka.DescribeGroupsRequest{GroupIDs: groups})
		if err != nil {
			return err
		}
		older = nil
		for _, g := range res.Groups {
			switch {
			case errors.Is(g.Error, kafka.GroupIdNotFound):
				continue
			case g.Error != nil:
				return g.Error
			case len(g.Members) > 0 && g.GroupState != "Stable": // Brokers tell a member's data only then.
				return fmt.Errorf("group %s is %s: its workers are coming or going", g.GroupID, g.GroupState)
			}
			for _, m := range g.Members {
				if members.RulesOf(m.MemberMetadata.UserData) < rules {
					older = append(older, fmt.Sprintf("worker %s at %s", m.MemberID, strings.TrimPrefix(m.ClientHost, "/")))
				}
			}
		}
		return nil
	})
	return older, err
}

// Counting returns how many workers the groups have in which somebody counts now, by
// the groups' names.
func (c *Client) Counting(ctx context.Context) (workers map[string]int, err error) {
	err = c.again(ctx, refused, func(ctx context.Context) error { // The first to ask makes the brokers choose who knows.
		groups, err := c.workerGroups(ctx)
		if err != nil {
			return err
		}
		res, err := c.kafka.DescribeGroups(ctx, &kafka.DescribeGroupsRequest{GroupIDs: groups})
		if err != nil {
			return fmt.Errorf("describe groups: %w", err)
		}
		workers = make(map[string]int)
		for _, g := range res.Groups {
			if g.Error != nil && !errors.Is(g.Error, kafka.GroupIdNotFound) {
				return fmt.Errorf("describe group %s: %w", g.GroupID, g.Error)
			}
			if len(g.Members) > 0 {
				workers[g.GroupID] = len(g.Members)
			}
		}
		return nil
	})
	return workers, err
}

// workerGroups names the groups of all workers, of every database. Brokers leave out
// of a list what the asker may not see. So two names are among them always, of which
// a description is then refused: the group of older versions, and one like those of
// this version that there is none of.
func (c *Client) workerGroups(ctx context.Context) ([]string, error) {
	names, err := c.cluster().Groups(ctx, c.cfg.Groups+"-")
	return append([]string{c.cfg.Groups, c.cfg.Groups + "-"}, names...), err
}
