// Package departure sends answers: whole in memory before their first byte leaves, within
// limits of memory and time, packed for who can unpack them, and not at all to who has them.
//
// It knows HTTP's headers and slow readers. It must not know what is asked, what an answer
// says, or who may read it.
package departure
