// Package packed is counts in few bytes, and the questions that are answered from
// them. Cells are all counts at one moment: leaves, a block of bytes for every month
// of Rome's calendar, and runs of what came since. They never change; a Builder,
// which takes what is added, makes the next.
//
// It knows cells, bytes and axes. It must not know where additions come from, nor
// anything of logs, positions and files.
package packed
