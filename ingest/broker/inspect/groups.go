package inspect

import (
	"context"
	"fmt"
	"strings"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"
	"github.com/segmentio/kafka-go/protocol/listgroups"
)

// Groups returns the names of the consumer groups that begin with prefix. Brokers leave
// out those that the asker may not see.
func (c *Cluster) Groups(ctx context.Context, prefix string) (names []string, err error) {
	message, err := c.Kafka.Transport.RoundTrip(ctx, c.Kafka.Addr, new(listGroups))
	if err != nil {
		return nil, fmt.Errorf("list groups: %w", err)
	}
	for _, g := range message.(*listgroups.Response).Groups { // As listGroups merges.
		if strings.HasPrefix(g.GroupID, prefix) {
			names = append(names, g.GroupID)
		}
	}
	return names, nil
}

// A listGroups asks every broker for its groups. kafka-go's own takes a broker that
// cannot tell, because it is just being made their coordinator, for one without any.
type listGroups struct{ listgroups.Request }

// Split is protocol.Splitter's.
func (r *listGroups) Split(cluster protocol.Cluster) ([]protocol.Message, protocol.Merger, error) {
	messages, _, err := r.Request.Split(cluster)
	return messages, r, err
}

// Merge is protocol.Merger's.
func (*listGroups) Merge(_ []protocol.Message, results []any) (protocol.Message, error) {
	all := new(listgroups.Response)
	for _, result := range results {
		message, err := protocol.Result(result)
		if err != nil {
			return nil, err
		}
		one := message.(*listgroups.Response)
		if one.ErrorCode != 0 {
			return nil, kafka.Error(one.ErrorCode)
		}
		all.Groups = append(all.Groups, one.Groups...)
	}
	return all, nil
}
