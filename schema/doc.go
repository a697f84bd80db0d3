// Package schema is the vocabulary of mlf: the nouns that cross a seam between
// stages, the formats in which they are stored, and the rules that every stage
// must agree on (slot to partition, offset to segment, instant to hour).
//
// It knows no driver, no stage and no I/O. Reference data (comuni, services,
// labels) is in schema/registry, the tables of the store in schema/sql.
package schema
