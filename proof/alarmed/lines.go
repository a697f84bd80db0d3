package alarmed

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"mlf/proof/deployed"
)

// lines are those between pods and their neighbours. What is sent on a cut one is
// lost, and nobody is told.
func (t *trial) lines() (l struct{ ingest, aggregate, query fault }) {
	l.ingest = fault{
		name: "line of one ingest to Kafka cut", breaks: t.cutsBusiest,
		expects: []string{"MlfDependencyDownForSome kafka", "MlfIngestFails"},
		may:     []string{"MlfIngestSlow", "MlfProbeFails"}, // Some terminals go to the other one, in what order nobody knows.
	}
	l.aggregate = fault{
		name: "line of one aggregate to ClickHouse cut", breaks: t.cuts("aggregate", deployed.StorePort),
		expects: []string{"MlfDependencyDownForSome clickhouse", "MlfUncounted", "MlfStuck"}, may: []string{"MlfProbeFails"},
	}
	l.query = fault{
		name: "line of one query to ClickHouse cut", breaks: t.cuts("query", deployed.StorePort),
		until:   t.shows(`count(mlf_dependency_up{dependency="clickhouse"} == 0) == 1`),
		expects: []string{"MlfDependencyDownForSome clickhouse"},
	}
	return l
}

// cuts cuts the line of one pod of a stage to a port of the node.
func (t *trial) cuts(stage string, port int) func(context.Context) (mending, error) {
	return func(ctx context.Context) (mending, error) {
		pod, err := t.pod(ctx, stage)
		if err != nil {
			return nil, err
		}
		return t.uncut, t.cut(ctx, port, pod)
	}
}

// cutsBusiest cuts the line of the ingest that takes most votes to Kafka: terminals keep
// their connections, perhaps all to one.
func (t *trial) cutsBusiest(ctx context.Context) (mending, error) {
	found, err := t.Query(ctx, `topk(1, sum by (pod) (rate(mlf_ingest_votes_total[5s])))`)
	if err == nil && len(found) != 1 {
		err = errors.New("nobody takes votes")
	}
	if err != nil {
		return nil, err
	}
	return t.uncut, t.cut(ctx, deployed.KafkaPort, found[0].Metric["pod"])
}

// cut drops what pods send to a port of the node, until uncut.
func (t *trial) cut(ctx context.Context, port int, pods ...string) error {
	var from []string
	for _, pod := range pods {
		ip, err := t.Kubectl(ctx, "get", "pod", pod, "--namespace="+deployed.Namespace, "--output=jsonpath={.status.podIP}")
		if err != nil {
			return err
		}
		from = append(from, ip)
	}
	return t.nft(ctx, fmt.Sprintf("table inet alarmed { chain input { type filter hook input priority 0; ip saddr { %s } tcp dport %d drop; }; }",
		strings.Join(from, ", "), port))
}

func (t *trial) uncut(ctx context.Context) error { return t.nft(ctx, "delete table inet alarmed") }

func (t *trial) nft(ctx context.Context, rules string) error {
	cmd := t.Command(ctx, "nft", "--file", "-")
	cmd.Stdin = strings.NewReader(rules)
	if said, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("nft: %w: %s", err, said)
	}
	return nil
}
