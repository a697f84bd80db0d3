// Package watch has every body's rules judged, once for each hour, and what came of it told.
//
// A Watcher writes what it judged before it tells anybody, and what became of a message after
// that. So whoever goes on after a crash, or beside it, sends the same messages under the same
// ids, and none that was told. Several watchers do no harm: they write the same alerts, and
// records of one alert are joined (schema/alert).
//
// It knows judging, planning and records. It must not know HTTP, Kafka, SMTP, or how messages
// are worded.
package watch
