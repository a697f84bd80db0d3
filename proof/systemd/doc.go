// Package systemd tries deploy/systemd: systemd judges the units, and runs them as
// the first process of a machine made of this one's files, in namespaces of its own.
// There is nothing in it but tests.
//
// It knows systemd and the units. It must not know the inside of any stage.
package systemd
