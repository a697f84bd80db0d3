package collector

import (
	"context"
	_ "embed"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"mlf/proof/child"
	"mlf/proof/cluster"
)

// Version of the collector that is built.
const Version = "v0.165.0"

const program = "otelcol"

//go:embed testdata/otelcol.go.txt
var source string

// Module is what the real collector is built from: nobody publishes one as a Go program.
func Module() cluster.Module {
	return cluster.Own(program, Version, source, "go.opentelemetry.io/collector/otelcol", "go.opentelemetry.io/collector/receiver/otlpreceiver",
		"go.opentelemetry.io/collector/exporter/otlphttpexporter", "go.opentelemetry.io/collector/service")
}

// config has the collector take spans on the first address, and hand them on to the
// second, uncompressed and one request at a time, as they come.
const config = `
receivers: {otlp: {protocols: {http: {endpoint: %q}}}}
exporters: {otlp_http: {endpoint: %q, compression: none, sending_queue: {enabled: false}}}
service:
  telemetry: {metrics: {level: none}}
  pipelines: {traces: {receivers: [otlp], exporters: [otlp_http]}}
`

// Forward runs the real collector until the test's end, and returns where it takes
// spans. It hands them on to r. It builds the collector where nobody has, which takes a
// minute or two.
func Forward(t *testing.T, r *Receiver) (url string) {
	t.Helper()
	folders, err := cluster.Build(t.Context(), os.Stderr, Module())
	if err != nil {
		t.Fatal(err)
	}
	addr, err := child.FreeAddr()
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "collector.yaml")
	if err := os.WriteFile(file, fmt.Appendf(nil, config, addr, r.URL), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(filepath.Join(folders[0], program), "--config", "file:"+file) //nolint:noctx // Ended by signals.
	p, err := child.Start(cmd)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		p.Kill()
		<-p.Ended()
		if t.Failed() {
			t.Logf("the collector said\n%s", p.Said())
		}
	})
	if err := answers(t.Context(), p, "http://"+addr); err != nil {
		t.Fatal(err)
	}
	return "http://" + addr
}

// answers waits until whoever p is takes requests at url.
func answers(ctx context.Context, p *child.Process, url string) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return err
		}
		if res, err := http.DefaultClient.Do(req); err == nil {
			return res.Body.Close()
		}
		select {
		case <-p.Ended():
			return fmt.Errorf("the collector has ended: exit code %d", p.ExitCode())
		case <-ctx.Done():
			return fmt.Errorf("wait for the collector: %w", ctx.Err())
		case <-tick.C:
		}
	}
}
