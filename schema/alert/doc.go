// Package alert is what a body wants to be told of, and what it was told: settings, alerts
// and notes, as they lie on a topic of their own, and a Book that has them in memory.
//
// Watchers judge and write; two may do so at once. So an alert's id is a function of what it
// is about and of its first hour, and two records of one id are joined (Alert.Join): what one
// of them told is never forgotten, in whatever order they come.
//
// It knows records and keys. It must not know Kafka, HTTP, how figures are made, or what time
// it is.
package alert
