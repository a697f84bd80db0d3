// Package wire is what terminals say: the body of a request is read, and each vote
// in it is judged.
//
// A [Reader] reads a body: the scanner JSON (scan_json.go, decode_json.go; usual_json.go
// the votes that are written as nearly all are), decodeProto protobuf. Both make of
// it a message of claims, by the criteria of the terminal (claim.go), and know numbers
// and times in all the ways in which they are written (number.go, rfc3339.go). Then
// claims become votes and findings, the [Verdict] (judge.go), and that the answer
// (answer.go).
//
// What is told of served users has a way of its own: a [ServedForm] reads rows as JSON
// (served_json.go), as a table (served_csv.go) or off the displays of queues
// (served_queue.go), and judges them (served.go) against what was told before.
//
// It knows bodies, enrolments, the clocks of terminals and what becomes of a vote. It
// must not know HTTP, connections, the log, or what time it is: a verdict is a
// function of the body, the enrolment and the time of arrival alone, of served users
// also of what was told before.
package wire
