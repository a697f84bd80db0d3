package members_test

import (
	"fmt"
	"testing"

	"github.com/segmentio/kafka-go"

	"mlf/ingest/broker/members"
	"mlf/schema"
	"mlf/schema/shares"
)

// TestAGroupSharesOutItsShareAlone: of every share's partitions each is one member's,
// and the shares together have every partition once.
func TestAGroupSharesOutItsShareAlone(t *testing.T) {
	const partitions = 16
	var all []kafka.Partition
	for p := range partitions {
		all = append(all, kafka.Partition{Topic: "votes", ID: p})
	}
	for of := 1; of <= 5; of++ {
		held := make(map[int]int)
		for number := range of {
			share := shares.Share{Number: number, Of: of}
			b := members.Balancer{Holds: func(p schema.Partition) bool { return share.Holds(p, partitions) }}
			workers := []kafka.GroupMember{{ID: "a", Topics: []string{"votes"}}, {ID: "b", Topics: []string{"votes"}}}
			for _, topics := range b.AssignGroups(workers, all) {
				for _, p := range topics["votes"] {
					held[p]++
					if !share.Holds(schema.Partition(p), partitions) {
						t.Errorf("share %v was given partition %d", share, p)
					}
				}
			}
		}
		if fmt.Sprint(held) != "map[0:1 1:1 2:1 3:1 4:1 5:1 6:1 7:1 8:1 9:1 10:1 11:1 12:1 13:1 14:1 15:1]" {
			t.Errorf("%d shares: %v: want each partition once", of, held)
		}
	}
}
