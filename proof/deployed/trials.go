package deployed

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"mlf/proof/cluster"
)

// appliesAgain applies what is there: a Job, above all, that must not be changed.
func (s *site) appliesAgain(ctx context.Context) (string, error) {
	pods, err := s.Pods(ctx, namespace, partOfMlf)
	if err != nil {
		return "", err
	}
	if err := s.Apply(ctx, s.Manifests); err != nil {
		return "", err
	}
	if _, err := s.waitStages(ctx, stages()...); err != nil {
		return "", err
	}
	after, err := s.Pods(ctx, namespace, partOfMlf)
	if err == nil && strings.Join(after, " ") != strings.Join(pods, " ") {
		err = fmt.Errorf("there were pods %v, and now %v", pods, after)
	}
	return fmt.Sprintf("the same %d pods", len(after)), err
}

// limitShare is of the memory limit, what the collector may use: a million bytes
// for each MiB.
const limitShare = 1e6 / (1 << 20)

// knowsLimit compares GOMEMLIMIT, as the process knows it, to 1 GiB of ingest.
func (s *site) knowsLimit(ctx context.Context) (string, error) {
	const want = limitShare * (1 << 30)
	got, err := s.metric(ctx, "ingest", "go_gc_gomemlimit_bytes")
	if err == nil && got != want {
		err = fmt.Errorf("the limit is %.0f bytes: want %.0f", got, want)
	}
	return fmt.Sprintf("%.0f bytes of %d", got, 1<<30), err
}

// probes waits until the probe has seen a vote of its own come through.
func (s *site) probes(ctx context.Context) (string, error) {
	return "", await(ctx, func() error {
		value, err := s.metric(ctx, "probe", "mlf_probe_success")
		if err == nil && value != 1 {
			err = fmt.Errorf("mlf_probe_success is %v", value)
		}
		return err
	})
}

const (
	// simulated is how long the country votes: a rollout of all stages takes 6 to
	// 30 s of it on two busy cores.
	simulated = time.Minute

	// rate is of votes a second, by as many terminals as it takes for the votes of
	// each to be apart.
	rate, terminals = "20", "1000"
)

// A simulation is what mlf simulate reports.
type simulation struct {
	Votes            uint64
	Requests         uint64
	Weather          map[string]int // Requests without a useful answer.
	Compared         bool
	Cells            int
	DifferencesTotal int `json:"differences_total"`
}

// rolls restarts ingest, aggregate and query at once, while terminals vote and
// somebody reads on a new connection each time. The probe pauses: a simulation takes
// votes that are not its own for differences.
func (s *site) rolls(ctx context.Context) (_ string, err error) {
	if err := s.scale(ctx, "probe", 0); err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, s.scale(ctx, "probe", 1)) }()
	country := s.mlf(ctx, "simulate", "--ingest", ingestURL, "--query", queryURL, "--pace", "real", "--rate", rate,
		"--duration", simulated.String(), "--terminals", terminals, "--json")
	voted := make(chan struct{})
	var report simulation
	var failed error
	go func() { defer close(voted); failed = run(country, &report) }()
	var reader tally
	rolled, err := s.rollsWhile(ctx, voted, &reader)
	<-voted
	if err = errors.Join(err, failed); err != nil {
		return "", err
	}
	return fmt.Sprintf("%s; %d votes in %d requests, 0 failed; %d cells, 0 differences; %d answers to a reader, 0 failed",
		rolled, report.Votes, report.Requests, report.Cells, reader.made), errors.Join(report.good(), reader.good())
}

// rollsWhile restarts the stages as soon as votes are counted, and wants to be done
// before all have voted.
func (s *site) rollsWhile(ctx context.Context, voted <-chan struct{}, reader *tally) (rolled string, err error) {
	if err := s.counts(ctx); err != nil {
		return "", err
	}
	stop := s.read(ctx, reader)
	rolled, err = s.restart(ctx, stages()[:3]...)
	stop()
	select {
	case <-voted:
		err = errors.Join(err, errors.New("all had voted before all was rolled"))
	default:
	}
	return rolled, err
}

// restart rolls stages, all at once.
func (s *site) restart(ctx context.Context, rolled ...string) (string, error) {
	args := []string{"rollout", "restart", "--namespace=" + namespace}
	for _, stage := range rolled {
		args = append(args, "deployment/"+stage)
	}
	if _, err := s.Kubectl(ctx, args...); err != nil {
		return "", err
	}
	said, err := s.waitStages(ctx, rolled...)
	if err != nil {
		return "", err
	}
	// Rolled out is what has new pods; old ones may still be answering.
	for _, stage := range rolled {
		if err := s.hasPods(ctx, stage, 1); err != nil {
			return "", err
		}
	}
	return said, nil
}

// scale returns when n pods of a stage run, and no other.
func (s *site) scale(ctx context.Context, stage string, n int) error {
	if _, err := s.Kubectl(ctx, "scale", "--namespace="+namespace, "--replicas="+strconv.Itoa(n), "deployment/"+stage); err != nil {
		return err
	}
	if _, err := s.waitStages(ctx, stage); err != nil {
		return err
	}
	return s.hasPods(ctx, stage, n)
}

// hasPods waits until there are n pods of a stage, those on their way out included.
func (s *site) hasPods(ctx context.Context, stage string, n int) error {
	return await(ctx, func() error {
		pods, err := s.Kubectl(ctx, "get", "pods", "--namespace="+namespace, "--output=name", "--selector="+component+stage)
		if is := len(strings.Fields(pods)); err == nil && is != n {
			err = fmt.Errorf("there are %d pods of %s: want %d", is, stage, n)
		}
		return err
	})
}

// run runs country, and reads what it reports.
func run(country *exec.Cmd, report *simulation) error {
	out, err := country.Output()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return fmt.Errorf("simulate: %w: %s%s", err, exit.Stderr, out)
	}
	if err != nil {
		return fmt.Errorf("simulate: %w", err)
	}
	if err := json.Unmarshal(out, report); err != nil {
		return fmt.Errorf("read report of the simulation: %w", err)
	}
	return nil
}

// good tells whether nobody noticed.
func (r *simulation) good() error {
	if len(r.Weather) > 0 {
		return fmt.Errorf("requests failed: %v", r.Weather)
	}
	if !r.Compared || r.Cells == 0 || r.DifferencesTotal > 0 {
		return fmt.Errorf("the comparison (%v) of %d cells has %d differences", r.Compared, r.Cells, r.DifferencesTotal)
	}
	return nil
}

// evictsOne evicts both of two.
func (s *site) evictsOne(ctx context.Context) (string, error) {
	if err := s.scale(ctx, "ingest", 2); err != nil {
		return "", err
	}
	pods, err := s.Pods(ctx, namespace, component+"ingest")
	if err != nil || len(pods) != 2 {
		return "", errors.Join(fmt.Errorf("pods %v of ingest: want two", pods), err)
	}
	if err := s.Evict(ctx, namespace, pods[0]); err != nil {
		return "", err
	}
	if err := s.Evict(ctx, namespace, pods[1]); !errors.Is(err, cluster.ErrBudget) {
		return "", fmt.Errorf("the second eviction was not refused by the budget: %w", err)
	}
	if err := s.Wait(ctx, namespace, "--for=delete", "pod/"+pods[0]); err != nil {
		return "", err
	}
	said, err := s.waitStages(ctx, "ingest")
	return "the second one 429; " + said, err
}

// replacedMax is how long a frozen pod may stay: three probes of 3 s, the last one's
// 2 s, 3 s until it is killed, and the start; the rest is for a node that is busy.
const replacedMax = 25 * time.Second

// replacesFrozen freezes one of two.
func (s *site) replacesFrozen(ctx context.Context) (string, error) {
	pods, err := s.Pods(ctx, namespace, component+"ingest")
	if err != nil || len(pods) == 0 {
		return "", errors.Join(fmt.Errorf("pods %v of ingest", pods), err)
	}
	if err := s.Freeze(ctx, namespace, pods[0]); err != nil {
		return "", err
	}
	frozen := time.Now()
	const restarts = "{.status.containerStatuses[0].restartCount}"
	if err := s.Wait(ctx, namespace, "--for=jsonpath="+restarts+"=1", "pod/"+pods[0]); err != nil {
		return "", err
	}
	err = s.Wait(ctx, namespace, "--for=condition=Ready", "pod/"+pods[0])
	took := time.Since(frozen)
	if err == nil && took > replacedMax {
		err = fmt.Errorf("it took %.1f s", took.Seconds())
	}
	return fmt.Sprintf("%.1f s", took.Seconds()), err
}

// frozenFor is how long the statistics are asked for after query has noticed: more
// than it takes to be no longer ready, or to be restarted.
const frozenFor = 20 * time.Second

// survivesKafka freezes Kafka, and asks for statistics.
func (s *site) survivesKafka(ctx context.Context) (_ string, err error) {
	if err := s.kafka.Pause(0); err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, s.kafka.Resume(0)) }()
	frozen := time.Now()
	if err := await(ctx, func() error {
		up, err := s.metric(ctx, "query", `mlf_dependency_up{dependency="kafka"}`)
		if err == nil && up != 0 {
			err = errors.New("query has not noticed")
		}
		return err
	}); err != nil {
		return "", err
	}
	noticed := time.Since(frozen)
	var reader tally
	stop := s.read(ctx, &reader)
	ready, err := s.staysReady(ctx, "query", frozenFor)
	stop()
	return fmt.Sprintf("noticed after %.1f s; %d answers in %.0f s, 0 failed; endpoints %s",
		noticed.Seconds(), reader.made, frozenFor.Seconds(), ready), errors.Join(err, reader.good())
}

// staysReady looks each second whether all endpoints of a Service are ready.
func (s *site) staysReady(ctx context.Context, service string, d time.Duration) (ready string, err error) {
	end := time.After(d)
	for {
		ready, err = s.Kubectl(ctx, "get", "endpointslices", "--namespace="+namespace, "--selector=kubernetes.io/service-name="+service,
			"--output=jsonpath={.items[*].endpoints[*].conditions.ready}")
		if err == nil && (ready == "" || strings.Contains(ready, "false")) {
			err = fmt.Errorf("endpoints of %s that are ready: %q", service, ready)
		}
		select {
		case <-end:
			return ready, err
		case <-time.After(time.Second):
		}
		if err != nil {
			return ready, err
		}
	}
}
