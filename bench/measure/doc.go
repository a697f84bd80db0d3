// Package measure holds what every benchmark of mlf shares: subjects that take
// turns, their figures over several runs, processes whose processor time and
// memory are read from outside, latencies, and the machine they were seen on.
//
// It knows numbers and processes. It must not know what is measured: neither
// votes nor HTTP nor Kafka.
package measure
