// Package grafana is where the dashboards for Grafana are made that lie beside it as
// JSON: `go test ./deploy/grafana -update` writes them.
//
// It knows metrics, alerts and Grafana's format. It must not know any stage, nor how
// to reach Prometheus: Check asks through a function that it is given. Nothing in the
// product imports it.
package grafana
