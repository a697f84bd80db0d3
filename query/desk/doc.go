// Package desk is what requests have in common that are about one body, or change
// something: who may ask, how a body is read, how a request is refused.
//
// It knows HTTP, who asks, and how problems look. It must not know Kafka, the store, or
// what any request is about.
package desk
