// Package recordset is the bytes in which Kafka takes records, keeps them and gives
// them back: a Set is written into a request, a Reader takes an answer apart and
// refuses what is damaged, cut off or missing.
//
// It knows Kafka's record batches and the codecs that foreign producers compress
// with; it must not know a connection, a topic, or what a record says.
package recordset
