// Package doctor looks at a log and its databases together, and tells what was found
// in words or as JSON.
//
// It knows which of them belong together, and how long anybody is waited for. It must
// not know a setting of Kafka's or ClickHouse's: those who do return findings.
package doctor
