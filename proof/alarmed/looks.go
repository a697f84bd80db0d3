package alarmed

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"mlf/proof/deployed"
)

// all looks everywhere.
func all(looks ...func(context.Context) error) func(context.Context) error {
	return func(ctx context.Context) (err error) {
		for _, look := range looks {
			err = errors.Join(err, look(ctx))
		}
		return err
	}
}

// shows wants Prometheus to find something.
func (t *trial) shows(expression string) func(context.Context) error {
	return func(ctx context.Context) error {
		found, err := t.Query(ctx, expression)
		if err == nil && len(found) == 0 {
			err = fmt.Errorf("there is no %s", expression)
		}
		return err
	}
}

// probeSays wants most votes for tests to come to an end at one of stages: the one that
// was under way may have come further than those that follow it.
func (t *trial) probeSays(stages ...string) func(context.Context) error {
	return func(ctx context.Context) error {
		found, err := t.Query(ctx, `topk(1, sum by (stage) (increase(mlf_probe_rounds_total{stage!="success"}[10s])) > 0)`)
		if err == nil && (len(found) != 1 || !slices.Contains(stages, found[0].Metric["stage"])) {
			err = fmt.Errorf("the probe does not say %q: %v", stages, found)
		}
		return err
	}
}

// tellsNeighbour types what the runbook says to, and wants the neighbour that is away
// to be named.
func (t *trial) tellsNeighbour(stage, neighbour string) func(context.Context) error {
	return func(ctx context.Context) error {
		pod, err := t.pod(ctx, stage)
		if err != nil {
			return err
		}
		said, err := t.Kubectl(ctx, "get", "--raw", "/api/v1/namespaces/"+deployed.Namespace+"/pods/"+pod+":9090/proxy/readyz?verbose")
		if err != nil {
			return err
		}
		var ready struct{ Dependencies map[string]string }
		if err := json.Unmarshal([]byte(said), &ready); err != nil {
			return fmt.Errorf("read readiness: %w", err)
		}
		if is := ready.Dependencies[neighbour]; is == "" || is == "ok" {
			return fmt.Errorf("%s does not say that %s is away: %s", stage, neighbour, said)
		}
		return nil
	}
}

// tellsLedger wants the reason of a partition that is not counted in the ledger.
func (t *trial) tellsLedger(reason string) func(context.Context) error {
	return func(ctx context.Context) error {
		said, err := t.Kubectl(ctx, "get", "--raw", "/api/v1/namespaces/"+deployed.Namespace+"/services/query:http/proxy/v1/ledger")
		if err == nil && !strings.Contains(said, reason) {
			err = fmt.Errorf("the ledger does not say %q: %s", reason, said)
		}
		return err
	}
}

// tellsLog wants a line in the log of pods that a selector finds, as the runbook quotes
// it, and in that line what is the matter.
func (t *trial) tellsLog(component, line, matter string) func(context.Context) error {
	return func(ctx context.Context) error {
		said, err := t.Kubectl(ctx, "logs", "--namespace="+deployed.Namespace, "--selector=app.kubernetes.io/component="+component, "--prefix", "--tail=-1")
		if err != nil {
			return err
		}
		for logged := range strings.Lines(said) {
			if strings.Contains(logged, line) && strings.Contains(logged, matter) {
				return nil
			}
		}
		return fmt.Errorf("no log of %s says %q, and %q in that line", component, line, matter)
	}
}
