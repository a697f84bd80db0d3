// Package opendata gives what was published of a month away whole: a file with a row for
// each lot, in one vintage or another, which never changes; beside it what its columns
// mean (CSVW), and a catalogue of all of them (DCAT-AP_IT).
//
// It knows vintages, files and HTTP's headers for them. It must not know SQL, who asks,
// or how votes came to be counted.
package opendata
