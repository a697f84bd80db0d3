// Package members is how the workers of one group share partitions out, and what
// each tells the others of itself.
//
// It knows kafka-go's balancers. It must not know how a group is joined, or what is
// done with a partition.
package members

import (
	"strconv"
	"strings"

	"github.com/segmentio/kafka-go"

	"mlf/schema"
)

// A Balancer shares the partitions out by range, as it always was, and tells the
// group by which rules its member counts at most.
type Balancer struct {
	kafka.RangeGroupBalancer

	Rules schema.Rules

	// Holds tells which partitions the group counts; nil: all. Others are nobody's, so
	// it must be the same for all members: any of them may be asked to share out.
	Holds func(p schema.Partition) bool
}

const rulesUserData = "mlf rules "

// UserData is what DescribeGroups shows of a member.
func (b Balancer) UserData() ([]byte, error) {
	return []byte(rulesUserData + strconv.FormatUint(uint64(b.Rules), 10)), nil
}

// AssignGroups shares out what the group counts of partitions.
func (b Balancer) AssignGroups(members []kafka.GroupMember, partitions []kafka.Partition) kafka.GroupMemberAssignments {
	if b.Holds == nil {
		return b.RangeGroupBalancer.AssignGroups(members, partitions)
	}
	var held []kafka.Partition
	for _, p := range partitions {
		if b.Holds(schema.Partition(p.ID)) {
			held = append(held, p)
		}
	}
	return b.RangeGroupBalancer.AssignGroups(members, held)
}

// RulesOf reads what UserData wrote. Members of versions that did not say count by
// the first rules.
func RulesOf(userData []byte) schema.Rules {
	digits, ok := strings.CutPrefix(string(userData), rulesUserData)
	n, err := strconv.ParseUint(digits, 10, 32)
	if !ok || err != nil {
		return schema.RulesV1
	}
	return schema.Rules(n)
}
