// Package inspect asks Kafka how it is set up, and says what that means for votes:
// settings of topics, copies, rights, clocks, disks. Nothing of it changes anything.
//
// It knows kafka-go's way to a broker, and by kmsg the requests that kafka-go does not
// know. What settings mean is in package settings. It must not know what a record
// says, nor who reads what was found.
package inspect
