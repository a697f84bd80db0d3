package deployed

import (
	"context"
	"os/exec"

	clickhouse "mlf/aggregate/store/embedded"
	"mlf/proof/cluster"
	"mlf/proof/kafka"
)

// Namespace is where the overlay puts everything.
const Namespace = namespace

// Addresses of the Services, in the cluster's network.
const (
	IngestURL = ingestURL
	QueryURL  = queryURL
)

// Ports of the node at which pods reach Kafka and ClickHouse.
const (
	KafkaPort = kafkaPort
	StorePort = storePort
)

// A Site is mlf as it runs on a cluster, with Kafka and ClickHouse beside it. Whoever
// uses it leaves it as it was.
type Site struct{ *site }

// A Guest tries more on a site, and notes in the report what came of it.
type Guest func(context.Context, *Site, *cluster.Report)

// Ground returns what deploys mlf on a cluster, lets guests in one after the other,
// and takes down what is beside the cluster.
func Ground(c Config, guests ...Guest) cluster.Trial {
	return func(ctx context.Context, on *cluster.Cluster, report *cluster.Report) {
		s := &site{Cluster: on, Config: c, lines: make(map[int]*cluster.Forward)}
		defer func() {
			report.Step("Kafka and ClickHouse end", func() (string, error) { return "", s.end() })
		}()
		if !s.begin(ctx, report) {
			return // Without it nothing else can go well.
		}
		for _, guest := range guests {
			if ctx.Err() == nil {
				guest(ctx, &Site{s}, report)
			}
		}
	}
}

// Kafka returns the brokers.
func (s *Site) Kafka() *kafka.Cluster { return s.kafka }

// Store returns ClickHouse.
func (s *Site) Store() *clickhouse.Server { return s.store }

// FillKafka leaves no room on the disk of the brokers, and returns what gives it back.
func (s *Site) FillKafka() (empty func() error, err error) { return fill(s.volumes.kafka) }

// FillStore leaves no room on the disk of ClickHouse, and returns what gives it back.
func (s *Site) FillStore() (empty func() error, err error) { return fill(s.volumes.store) }

// Mlf returns a run of mlf in the cluster's network, which knows where Kafka is.
func (s *Site) Mlf(ctx context.Context, args ...string) *exec.Cmd { return s.mlf(ctx, args...) }

// Get returns what url says, on a connection of its own.
func (s *Site) Get(ctx context.Context, url string) (string, error) { return s.get(ctx, url) }

// Scale returns when n pods of a stage run, and no other.
func (s *Site) Scale(ctx context.Context, stage string, n int) error { return s.scale(ctx, stage, n) }

// Rolled returns when a stage runs as its Deployment is written.
func (s *Site) Rolled(ctx context.Context, stages ...string) (string, error) {
	return s.waitStages(ctx, stages...)
}

// Restart rolls what takes, counts and shows votes, all at once.
func (s *Site) Restart(ctx context.Context, stages ...string) (string, error) {
	args := []string{"rollout", "restart", "--namespace=" + namespace}
	for _, stage := range stages {
		args = append(args, "deployment/"+stage)
	}
	if _, err := s.Kubectl(ctx, args...); err != nil {
		return "", err
	}
	return s.waitStages(ctx, stages...)
}

// StagePods returns the pods of a stage.
func (s *Site) StagePods(ctx context.Context, stage string) ([]string, error) {
	return s.Pods(ctx, namespace, component+stage)
}
