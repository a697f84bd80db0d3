// Package routes is what a body asks about its alerts over HTTP, and what it may say: settings,
// acknowledgements and notes.
//
// It knows the desk, who asks, and records of alerts. It must not know Kafka, how anything is
// judged, or how messages travel.
package routes
