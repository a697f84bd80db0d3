// Package rights reads what Strimzi's manifests say of Kafka, users' rights and
// topics' settings, so that tests put just that on real brokers, and tells which
// rights nobody has needed.
//
// It knows kafka.strimzi.io's KafkaUser and KafkaTopic, and which right implies
// which. It must not know what any user does.
package rights
