// Package cdr reads the files in which an Asterisk exchange keeps its calls, for those in
// which a key was pressed at the end: Master.csv (master.go) and queue_log (queuelog.go).
//
// It knows the columns of these files, and reads them line by line, however long they
// are. It must not know Kafka, HTTP, or what a key stands for. Numbers of callers and
// names of operators are in nearly every column: it returns none of them, and what it
// says of a line that it refuses quotes nothing of it.
package cdr
