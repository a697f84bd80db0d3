// Package broker is mlf's way to Kafka: it appends records to the votes topic
// and reads them back, follows the registry topic, creates the topics and writes
// the genesis records.
//
// It is the only package that imports kafka-go. It knows Kafka's protocol and
// its faults, and how to live with those of the library (each is named where it
// matters); it does not know what a record says. Genesis records, stream keys and
// numbers of served users, which it writes and reads by schema's functions, are
// the exception.
//
// # The way of a record to the log
//
// In order of appearance:
//
//   - Producer.Append takes the record of one request, and waits.
//   - The appender of its partition adds it to a batch: what arrives while the one
//     before is under way goes together (appender.go).
//   - The batch's recordset.Set is the bytes that Kafka keeps, sealed with a checksum
//     when the batch goes (package recordset).
//   - Producer.deliver tries until the set is acknowledged, refused for good, or
//     nobody waits any more (producer.go).
//   - leaders know who leads the partition, and have a courier to each (leaders.go).
//   - The courier takes the set as a parcel. Those that wait for one leader at the
//     same time are parcels of one request (courier.go).
//   - produce.go writes the request and reads the answer, over a connection on
//     which nothing lasts for ever (exchange.go, package lines).
//
// Send is where Kafka can be replaced: a simulation is a Sender of its own.
//
// # The way back
//
// Consumer.Fetch reads a partition from an offset on (fetch.go, exchange.go), and a
// recordset.Reader takes the batches apart and refuses what is damaged or missing
// (package recordset). Group says which partitions are a worker's. Follow
// reads the registry for as long as a process lives, ReadRegistry once.
//
// # Before all that
//
// Apply makes topics, stream key and genesis records, and looks whether the topics
// are fit to keep votes (apply.go, topics.go, genesis.go, and the package settings).
package broker
