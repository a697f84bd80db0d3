// Package alarmed breaks what package deployed has put on a cluster, one fault after
// the other, and holds what arrives at the end of the alert path to what ought to:
// the stages' metrics, our PodMonitor and rules through prometheus-operator, a real
// Prometheus, a real Alertmanager, a webhook.
//
// It knows the rules, the alerts' names and how to break things. It must not know
// the inside of any stage, nor how the node is built.
package alarmed
