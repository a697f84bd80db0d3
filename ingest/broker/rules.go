package broker

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/segmentio/kafka-go"

	"mlf/schema"
)

// A balancer shares the partitions out by range, as it always was, and tells the
// group by which rules its member counts at most.
type balancer struct {
	kafka.RangeGroupBalancer
	rules schema.Rules
}

const rulesUserData = "mlf rules "

// UserData is what DescribeGroups shows of a member.
func (b balancer) UserData() ([]byte, error) {
	return []byte(rulesUserData + strconv.FormatUint(uint64(b.rules), 10)), nil
}

// rulesOf reads what UserData wrote. Members of versions that did not say count by
// the first rules.
func rulesOf(userData []byte) schema.Rules {
	digits, ok := strings.CutPrefix(string(userData), rulesUserData)
	n, err := strconv.ParseUint(digits, 10, 32)
	if !ok || err != nil {
		return schema.RulesV1
	}
	return schema.Rules(n)
}

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
		return inForce, fmt.Errorf("rules %d stay in force, because group %s does not tell who counts (%w): %w", inForce, c.cfg.Group, err, ErrRulesStay)
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

// olderMembers names the members of the workers' group that do not count by rules.
func (c *Client) olderMembers(ctx context.Context, rules schema.Rules) (older []string, err error) {
	err = c.again(ctx, refused, func(ctx context.Context) error {
		res, err := c.kafka.DescribeGroups(ctx, &kafka.DescribeGroupsRequest{GroupIDs: []string{c.cfg.Group}})
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
				if rulesOf(m.MemberMetadata.UserData) < rules {
					older = append(older, fmt.Sprintf("worker %s at %s", m.MemberID, strings.TrimPrefix(m.ClientHost, "/")))
				}
			}
		}
		return nil
	})
	return older, err
}
