// Package fleet says which terminals live, and how they do: by their heartbeats, and by
// votes where those are known, in the hours in which offices are open.
//
// It knows enrolments, heartbeats, the calendar, and what may be asked of them. It must not know
// HTTP, Kafka, counts, or who asks: whose terminals are shown is a function's to say.
package fleet
