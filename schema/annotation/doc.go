// Package annotation is what is noted beside figures: breaks in a series, and events.
// They lie on the registry topic, one record each, and a Book has them in memory.
//
// It knows records and keys. It must not know Kafka, HTTP, votes, or what a scope comes
// to: scopes are filters, in the words of questions.
package annotation
