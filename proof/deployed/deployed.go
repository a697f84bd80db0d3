package deployed

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	clickhouse "mlf/aggregate/store/embedded"
	"mlf/proof/cluster"
	"mlf/proof/kafka"
	"mlf/proof/rights"
)

// Config says what is tried.
type Config struct {
	Program   string // The static build of mlf, which becomes the image.
	Manifests string // The folder of overlays/dev; beside it are prod and the components.
}

// What overlays/dev says of the place that it is for.
const (
	namespace  = "mlf"
	image      = "localhost/mlf:dev"
	kafkaPort  = 9092
	storePort  = 9000
	otherPort  = 9001 // Of the second ClickHouse of overlays/twice.
	ingestURL  = "http://10.96.0.80"
	ingestAddr = "10.96.0.80:80"
	queryURL   = "http://10.96.0.81"
	comune     = "058091"
	office     = "PROBE"
	publicPort = "8080"
	adminPort  = "9090"
	partOfMlf  = "app.kubernetes.io/name=mlf"
	component  = "app.kubernetes.io/component="
	operator   = "mlf-operator" // A user of Kafka: people.
	partitions = 4
	storeWord  = "forteststoo" // Password of ClickHouse.
)

// stages are the Deployments.
func stages() []string { return []string{"ingest", "aggregate", "query", "probe", "alert"} }

// A site is a cluster with what mlf needs beside it.
type site struct {
	*cluster.Cluster
	Config

	dir     string
	users   *rights.Manifests // Of Kafka.
	kafka   *kafka.Cluster
	store   *clickhouse.Server
	volumes struct{ kafka, store string } // Folders of their data.
	lines   map[int]*cluster.Forward      // By the node's port.
	ends    []func() error                // What to call at the end, the last first.
}

// Trial returns what tries the manifests on a cluster, and lets others go on with
// what then runs. The program that calls it calls ChildMain of the embedded
// ClickHouse first.
func Trial(c Config, then ...Guest) cluster.Trial {
	return Ground(c, append([]Guest{tries}, then...)...)
}

// tries tries what the manifests promise.
func tries(ctx context.Context, on *Site, report *cluster.Report) {
	s := on.site
	for _, step := range []struct {
		name string
		try  func(context.Context) (string, error)
	}{
		{"applied once more, all is as it was", s.appliesAgain},
		{"Prometheus scrapes all stages by our PodMonitor", s.watches},
		{"the collector knows the memory limit", s.knowsLimit},
		{"the probe's votes are shown and counted", s.probes},
		{"all stages are rolled at once while a country votes", s.rolls},
		{"ingest is rolled while new connections come", s.rollsKnocked},
		{"of two evictions of ingest the budget allows one", s.evictsOne},
		{"a frozen ingest is replaced within " + replacedMax.String(), s.replacesFrozen},
		{"each expression of the dashboards has data, also while ClickHouse or Kafka is frozen", s.charts},
		{"Kafka frozen, the statistics stay", s.survivesKafka},
		{"Kafka has denied nothing to any user", s.deniedNothing},
		{"overlays/prod is accepted", s.acceptsProd},
	} {
		if ctx.Err() == nil {
			report.Step(step.name, func() (string, error) { return step.try(ctx) })
		}
	}
}

// begin tells whether mlf runs.
func (s *site) begin(ctx context.Context, report *cluster.Report) bool {
	return report.Step("Kafka and ClickHouse run beside the cluster", func() (string, error) { return "", s.startNeighbours(ctx) }) &&
		report.Step("deploy/k8s is accepted", func() (string, error) { return s.accepted(ctx) }) &&
		report.Step("its Job makes the schema, and all stages roll out", func() (string, error) { return s.rollsOut(ctx) })
}

// startNeighbours starts Kafka and ClickHouse on this machine, and lets pods reach
// them at the node. Each has a disk of its own.
func (s *site) startNeighbours(ctx context.Context) (err error) {
	if err := sweepVolumes(ctx); err != nil {
		return err
	}
	if s.dir, err = os.MkdirTemp("", fmt.Sprintf("%s%d-", dirPrefix, os.Getpid())); err != nil {
		return fmt.Errorf("make folder of neighbours: %w", err)
	}
	s.ends = append(s.ends, func() error { return os.RemoveAll(s.dir) })
	if err := s.startKafka(ctx); err != nil {
		return err
	}
	if s.volumes.store, err = s.volume(ctx, "clickhouse"); err != nil {
		return err
	}
	s.store, err = clickhouse.Start(ctx, clickhouse.Config{Dir: filepath.Join(s.volumes.store, "data"), Password: storeWord}, clickhouse.Telemetry{})
	if err != nil {
		return err
	}
	s.ends = append(s.ends, s.store.Close)
	return errors.Join(s.forward(ctx, kafkaPort, s.kafka.Addrs()[0]), s.forward(ctx, storePort, s.store.Addr()))
}

// startKafka starts a broker with the users, rights and topics of the component for
// Strimzi, as far as one broker can have them.
func (s *site) startKafka(ctx context.Context) (err error) {
	if s.users, err = rights.Read(filepath.Join(s.Manifests, "../../components/strimzi")); err != nil {
		return err
	}
	if s.volumes.kafka, err = s.volume(ctx, "kafka"); err != nil {
		return err
	}
	s.kafka, err = kafka.Start(ctx, kafka.Config{
		Dir: s.volumes.kafka, SASL: true, Users: s.users.Passwords(), Advertised: []string{fmt.Sprintf("%s:%d", s.NodeAddr(), kafkaPort)},
	})
	if err != nil {
		return err
	}
	s.ends = append(s.ends, func() error {
		_ = s.kafka.Kill(0) // Nobody reads its data again; an error says that it does not run.
		s.kafka.Stop()
		return nil
	})
	return errors.Join(s.kafka.Permit(ctx, s.users.Rights...), s.kafka.Create(ctx, s.users.OneBroker(partitions)...))
}

// forward lets pods reach addr at a port of the node.
func (s *site) forward(ctx context.Context, port int, addr string) error {
	f, err := s.Forward(ctx, port, addr)
	if err == nil {
		s.lines[port] = f
	}
	return err
}

// cut ends what forward has begun.
func (s *site) cut(port int) error {
	f := s.lines[port]
	delete(s.lines, port)
	return f.Close()
}

// end ends what was begun.
func (s *site) end() (err error) {
	for port := range s.lines {
		err = errors.Join(err, s.cut(port))
	}
	for i := len(s.ends) - 1; i >= 0; i-- {
		err = errors.Join(err, s.ends[i]())
	}
	return err
}

// accepted applies the manifests, as strictly as the server can.
func (s *site) accepted(ctx context.Context) (string, error) {
	program := filepath.Join(s.dir, "mlf") // As in the image that is shipped.
	if err := os.Symlink(s.Program, program); err != nil {
		return "", fmt.Errorf("name program: %w", err)
	}
	if err := s.ImportProgram(ctx, cluster.Image{Name: image, Program: program}); err != nil {
		return "", err
	}
	err := s.Apply(ctx, filepath.Join(s.Manifests, "namespace.yaml"))
	for user, password := range s.users.Passwords() { // As Strimzi makes them.
		if err == nil {
			err = s.secret(ctx, user, "password", password)
		}
	}
	if err == nil {
		err = s.secret(ctx, "clickhouse", "password", storeWord)
	}
	if err == nil {
		err = s.Apply(ctx, s.Manifests)
	}
	if err != nil {
		return "", err
	}
	kinds, err := s.Kubectl(ctx, "get", "--namespace="+namespace, "--selector="+partOfMlf, "--output=name",
		"deployments,services,jobs,poddisruptionbudgets,networkpolicies,podmonitors,prometheusrules")
	return fmt.Sprintf("%d objects beside pods", len(strings.Fields(kinds))), err
}

// secret makes a Secret of one file.
func (s *site) secret(ctx context.Context, name, key, value string) error {
	text, err := json.Marshal(map[string]any{
		"apiVersion": "v1", "kind": "Secret", "metadata": map[string]string{"name": name, "namespace": namespace},
		"stringData": map[string]string{key: value},
	})
	if err != nil {
		return fmt.Errorf("encode secret %s: %w", name, err)
	}
	return s.ApplyText(ctx, string(text))
}

// rollsOut waits for the Job and enrols the probe's terminal, for whose token the
// probe waits.
func (s *site) rollsOut(ctx context.Context) (string, error) {
	if err := s.Wait(ctx, namespace, "--for=condition=Complete", "jobs", "--all"); err != nil {
		return "", err
	}
	token, err := s.mlf(ctx, "terminal", "enrol", "--test", "--comune", comune, "--office", office, "--channel", "digital", "--services", "anagrafe", "--json").Output()
	if err != nil {
		return "", fmt.Errorf("enrol the probe's terminal: %w", err)
	}
	var enrolled struct{ Token string }
	if err := json.Unmarshal(token, &enrolled); err != nil {
		return "", fmt.Errorf("read token of the probe: %w", err)
	}
	if err := s.secret(ctx, "probe", "token", enrolled.Token); err != nil {
		return "", err
	}
	return s.waitStages(ctx, stages()...)
}

// mlf returns a run of mlf in the cluster's network, which knows where Kafka is.
func (s *site) mlf(ctx context.Context, args ...string) *exec.Cmd {
	cmd := s.Command(ctx, s.Program, args...)
	cmd.Env = append(os.Environ(), fmt.Sprintf("MLF_KAFKA=%s:%d", s.NodeAddr(), kafkaPort), "MLF_KAFKA_USER="+operator, "MLF_KAFKA_PASSWORD="+s.users.Passwords()[operator])
	return cmd
}

// waitStages waits until Deployments run as they are written, and says when each
// did.
func (s *site) waitStages(ctx context.Context, names ...string) (string, error) {
	began := time.Now()
	var seen []string
	for _, name := range names {
		if err := s.WaitRollout(ctx, namespace, "deployment/"+name); err != nil {
			return "", err
		}
		seen = append(seen, fmt.Sprintf("%s %.1f s", name, time.Since(began).Seconds()))
	}
	return strings.Join(seen, ", "), nil
}

// admin returns where the admin listener of a stage's first pod is.
func (s *site) admin(ctx context.Context, stage string) (string, error) {
	ip, err := s.Kubectl(ctx, "get", "pods", "--namespace="+namespace, "--selector="+component+stage, "--output=jsonpath={.items[0].status.podIP}")
	return "http://" + net.JoinHostPort(ip, adminPort), err
}
