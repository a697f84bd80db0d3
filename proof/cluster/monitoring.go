package cluster

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
)

// definitions returns the folder of what prometheus-operator defines, which comes
// with its source.
func definitions(ctx context.Context) (string, error) {
	source, err := operator().download(ctx)
	return filepath.Join(source.Dir, "example", "prometheus-operator-crd"), err
}

// StartOperator applies what prometheus-operator defines, and starts it. It checks
// PodMonitors and PrometheusRules, and makes of them what Prometheus reads.
func (c *Cluster) StartOperator(ctx context.Context) error {
	dir, err := definitions(ctx)
	if err != nil {
		return err
	}
	if _, err := c.acceptDefinitions(ctx, dir); err != nil {
		return err
	}
	folders, err := Build(ctx, c.config.Progress, operator())
	if err != nil {
		return err
	}
	return c.launch(ctx, filepath.Join(folders[0], "operator"), "--apiserver=https://"+apiAddr, "--ca-file="+c.path("pki/ca.crt"),
		"--cert-file="+c.path("pki/admin.crt"), "--key-file="+c.path("pki/admin.key"), "--web.listen-address=127.0.0.1:8090")
}

// prometheusAddr is where Prometheus listens.
const prometheusAddr = nodeAddr + ":9090"

// StartPrometheus starts Prometheus as the operator writes it down for the
// Prometheus that is called so: with the PodMonitors and the rules that this one
// selects. It finds pods by asking the API server, and scrapes them from the node.
// It does not notice what is applied later; of a second call the one process reads
// what that one is to have in place of the first's. The Prometheus is to say
// replicas: 0, since there is no image of it.
func (c *Cluster) StartPrometheus(ctx context.Context, namespace, name string) error {
	folders, err := Build(ctx, c.config.Progress, prometheus())
	if err != nil {
		return err
	}
	dir := c.path("prometheus")
	// The second is of a reconciliation that has written the first, and all else.
	for _, what := range [][]string{
		{"--for=create", "secret/prometheus-" + name},
		{"--for=condition=Reconciled", "prometheus/" + name},
	} {
		if err := c.Wait(ctx, namespace, what...); err != nil {
			return err
		}
	}
	if err := c.writeRules(ctx, dir, namespace, name); err != nil {
		return err
	}
	if err := c.writePrometheus(ctx, dir, namespace, name); err != nil {
		return err
	}
	if c.answers(ctx, "http://"+prometheusAddr+"/-/ready") == nil {
		return c.reloadPrometheus(ctx)
	}
	if err := c.launch(ctx, filepath.Join(folders[0], "prometheus"), "--config.file="+filepath.Join(dir, "prometheus.yaml"),
		"--storage.tsdb.path=/var/lib/prometheus", "--web.listen-address="+prometheusAddr,
		"--web.enable-lifecycle", "--rules.alert.resend-delay=1s"); err != nil {
		return err
	}
	return c.await(ctx, func() error { return c.answers(ctx, "http://"+prometheusAddr+"/-/ready") })
}

func (c *Cluster) reloadPrometheus(ctx context.Context) error {
	client, err := c.Client()
	if err != nil {
		return err
	}
	defer client.CloseIdleConnections()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+prometheusAddr+"/-/reload", nil)
	if err != nil {
		return fmt.Errorf("reload Prometheus: %w", err)
	}
	response, err := client.Do(request)
	if err != nil {
		return fmt.Errorf("reload Prometheus: %w", err)
	}
	if response.StatusCode != http.StatusOK {
		err = fmt.Errorf("reload Prometheus: answered %s", response.Status)
	}
	return errors.Join(err, response.Body.Close())
}

// writePrometheus writes the configuration that the operator has made, with what
// Prometheus is told in a pod by its environment and mounts.
func (c *Cluster) writePrometheus(ctx context.Context, dir, namespace, name string) error {
	out, err := c.Kubectl(ctx, "get", "secret", "prometheus-"+name, "--namespace="+namespace,
		`--output=go-template={{index .data "prometheus.yaml.gz" | base64decode}}`)
	if err != nil {
		return err
	}
	unpacked, err := gzip.NewReader(strings.NewReader(out))
	if err != nil {
		return fmt.Errorf("unpack configuration of Prometheus: %w", err)
	}
	text, err := io.ReadAll(unpacked)
	if err != nil {
		return fmt.Errorf("unpack configuration of Prometheus: %w", err)
	}
	replaced := strings.NewReplacer(
		"$(SHARD)", "0", "$(POD_NAME)", name+"-0", "/etc/prometheus/", dir+"/",
		"  - role: pod\n", "  - role: pod\n    kubeconfig_file: "+c.Kubeconfig()+"\n").Replace(string(text))
	if err := os.WriteFile(filepath.Join(dir, "prometheus.yaml"), []byte(replaced), 0o600); err != nil {
		return fmt.Errorf("write configuration of Prometheus: %w", err)
	}
	return nil
}

// writeRules writes the files of rules that the operator has made.
func (c *Cluster) writeRules(ctx context.Context, dir, namespace, name string) error {
	out, err := c.Kubectl(ctx, "get", "configmaps", "--namespace="+namespace, "--selector=prometheus-name="+name, "--output=json")
	if err != nil {
		return err
	}
	var maps struct {
		Items []struct {
			Metadata struct{ Name string }
			Data     map[string]string
		}
	}
	if err := json.Unmarshal([]byte(out), &maps); err != nil {
		return fmt.Errorf("read rules: %w", err)
	}
	for _, m := range maps.Items {
		folder := filepath.Join(dir, "rules", m.Metadata.Name)
		if err := os.MkdirAll(folder, 0o755); err != nil {
			return fmt.Errorf("make folder of rules: %w", err)
		}
		for file, text := range m.Data {
			if err := os.WriteFile(filepath.Join(folder, file), []byte(text), 0o600); err != nil {
				return fmt.Errorf("write rules: %w", err)
			}
		}
	}
	return nil
}

// A Sample is one series of what Query finds, at its last value.
type Sample struct {
	Metric map[string]string // Its labels.
	Value  string            // As Prometheus writes it.
}

// Query asks Prometheus for an expression that is a vector, as of now.
func (c *Cluster) Query(ctx context.Context, expression string) ([]Sample, error) {
	body, err := c.get(ctx, "http://"+prometheusAddr+"/api/v1/query?query="+url.QueryEscape(expression))
	if err != nil {
		return nil, err
	}
	var answer struct {
		Data struct {
			Result []struct {
				Metric map[string]string
				Value  [2]any // When, and what.
			}
		}
	}
	if err := json.NewDecoder(bytes.NewReader(body)).Decode(&answer); err != nil {
		return nil, fmt.Errorf("read answer to %s: %w", expression, err)
	}
	var samples []Sample
	for _, r := range answer.Data.Result {
		samples = append(samples, Sample{r.Metric, fmt.Sprint(r.Value[1])})
	}
	return samples, nil
}
