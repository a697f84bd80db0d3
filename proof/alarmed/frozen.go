package alarmed

import (
	"context"
	"errors"
	"fmt"
	"syscall"
	"time"

	"mlf/proof/cluster"
	"mlf/proof/deployed"
)

// frozen are processes that hang: their connections stay open, and nothing answers.
func (t *trial) frozen() (f struct{ store, kafka, pods fault }) {
	f.store = fault{
		name: "ClickHouse frozen", isShort: true, breaks: t.freezesStore,
		expects: []string{"MlfDependencyDown clickhouse", "MlfDatabaseDown", "MlfUncounted", "MlfStuck", "MlfProbeFails"},
		until:   all(t.tellsNeighbour("aggregate", "clickhouse"), t.shows("max(mlf_aggregate_stuck) == 1"), t.probeSays("count")),
	}
	f.kafka = fault{
		name: "Kafka frozen", breaks: t.freezesKafka, expects: append(withoutKafka(), "MlfIngestSlow"),
		until: all(t.tellsNeighbour("ingest", "kafka"), t.shows("sum(increase(mlf_ingest_unacknowledged_total[20s])) > 0"), t.probeSays("vote", "show")),
	}
	f.pods = fault{name: "one pod of each stage frozen", breaks: t.freezesPods, lasts: 30 * time.Second}
	return f
}

// withoutKafka are the alerts of a Kafka that is away. Where that lasts longer, requests
// of terminals have waited for it long enough for MlfIngestSlow.
func withoutKafka() []string {
	return []string{"MlfDependencyDown kafka", "MlfIngestFails", "MlfStuck", "MlfProbeFails"}
}

func (t *trial) freezesAlertmanager(ctx context.Context) (mending, error) {
	return func(context.Context) error {
		if err := t.alertmanager.Resume(); err != nil {
			return err
		}
		return cluster.Await(ctx, quietMax, func() error {
			if t.receiver.silence() > silent/2 {
				return errors.New("the watchdog is not heard again")
			}
			return nil
		})
	}, t.alertmanager.Pause()
}

func (t *trial) freezesStore(context.Context) (mending, error) {
	pid := t.Store().Pid()
	return func(context.Context) error { return syscall.Kill(pid, syscall.SIGCONT) }, syscall.Kill(pid, syscall.SIGSTOP)
}

func (t *trial) freezesKafka(context.Context) (mending, error) {
	return func(context.Context) error { return t.Kafka().Resume(0) }, t.Kafka().Pause(0)
}

// freezesPods freezes one pod of each stage, which the node replaces.
func (t *trial) freezesPods(ctx context.Context) (mending, error) {
	for _, stage := range voting() {
		pod, err := t.pod(ctx, stage)
		if err == nil {
			err = t.Freeze(ctx, deployed.Namespace, pod)
		}
		if err != nil {
			return nil, err
		}
	}
	return func(ctx context.Context) error {
		_, err := t.Rolled(ctx, voting()...)
		return err
	}, nil
}

// pod returns the first pod of a stage.
func (t *trial) pod(ctx context.Context, stage string) (string, error) {
	pods, err := t.StagePods(ctx, stage)
	if err != nil || len(pods) == 0 {
		return "", errors.Join(fmt.Errorf("pods %v of %s", pods, stage), err)
	}
	return pods[0], nil
}

// full are disks with no room left.
func (t *trial) full() []fault {
	return []fault{
		{
			name: "disk of Kafka full", breaks: t.fillsKafka, expects: withoutKafka(), may: []string{"MlfIngestSlow"},
		},
		{
			name: "disk of ClickHouse full", breaks: t.fillsStore, until: all(t.tellsLog("aggregate", "partition stands still", "not enough space"), t.probeSays("count")),
			expects: []string{"MlfUncounted", "MlfStuck", "MlfProbeFails"},
		},
	}
}

// fillsKafka leaves a broker without room, which ends it. It starts again when there is
// some.
func (t *trial) fillsKafka(context.Context) (mending, error) {
	empty, err := t.FillKafka()
	if empty == nil {
		return nil, err
	}
	return func(ctx context.Context) error { return errors.Join(empty(), t.Kafka().Restart(ctx, 0)) }, err
}

func (t *trial) fillsStore(context.Context) (mending, error) {
	empty, err := t.FillStore()
	if empty == nil {
		return nil, err
	}
	return func(context.Context) error { return empty() }, err
}
