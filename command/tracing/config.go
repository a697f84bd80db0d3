package tracing

import (
	"errors"
	"fmt"
	"log/slog"
	"net/url"

	"github.com/prometheus/client_golang/prometheus"
)

// A Config says where spans go, and of how many requests. Its zero value follows none.
type Config struct {
	TraceEndpoint string  `placeholder:"URL" help:"Send spans of some requests to this collector of OpenTelemetry (OTLP over HTTP), for instance http://localhost:4318. Default: none. OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES say who sends them, OTEL_EXPORTER_OTLP_HEADERS and …_CERTIFICATE how it is let in."`
	TraceRatio    float64 `default:"0.001" help:"Share of requests that are followed, of those whose sender does not say (traceparent); 0 to 1."`
}

// Telemetry is where a Tracer reports to.
type Telemetry struct {
	Registerer prometheus.Registerer
	Logger     *slog.Logger
}

// tracesPath is where collectors take spans that are sent over HTTP.
const tracesPath = "/v1/traces"

// url returns where spans are posted. An address without a path is a collector's. What
// OpenTelemetry's upload would leave out of it is refused: spans would be sent without
// the secret that lets them in. No error quotes it.
func (c Config) url() (string, error) {
	u, err := url.Parse(c.TraceEndpoint)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return "", errors.New("--trace-endpoint: want a URL, http://host:port or https://host:port")
	}
	if u.User != nil || u.RawQuery != "" {
		return "", errors.New("--trace-endpoint: want no user, password or query in the URL: OTEL_EXPORTER_OTLP_HEADERS says how spans are let in, for instance Authorization=Bearer%20…")
	}
	if u.Path == "" || u.Path == "/" {
		u.Path = tracesPath
	}
	return u.String(), nil
}

// Check refuses what cannot be.
func (c Config) Check() error {
	if c.TraceEndpoint == "" {
		return nil
	}
	if !(c.TraceRatio >= 0 && c.TraceRatio <= 1) {
		return fmt.Errorf("--trace-ratio %v: want 0 to 1", c.TraceRatio)
	}
	_, err := c.url()
	return err
}
