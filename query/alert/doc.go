// Package alert judges whether something has happened that a body wants to be told of: more
// red faces than were usual, terminals that are silent, votes that come too fast.
//
// A rule is judged once for each whole hour (Judge), by counts, heartbeats and the registry. What
// was judged becomes the next state of an alert (Next): it opens at once, and closes only when
// it has been calm for long, so nobody is told of a figure that goes to and fro. What is told of
// it, and when, is decided apart (Plan).
//
// It knows counts, figures and the fleet. It must not know HTTP, Kafka, who carries messages, or
// how they are worded.
package alert
