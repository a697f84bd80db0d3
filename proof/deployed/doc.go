// Package deployed tries what is in deploy/k8s on a real Kubernetes node: with real
// Kafka and ClickHouse beside it, it lets a country vote through the Services while
// stages are rolled, frozen and evicted.
//
// It knows the manifests, the command line and the public interfaces. It must not
// know the inside of any stage, nor how the node is built.
package deployed
