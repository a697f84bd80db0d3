package schema

import (
	"crypto/sha256"
	"encoding/binary"
	"hash"
)

// A Chain is the hash of every record from the genesis to some offset, each
// folded into the one before. It never starts anew.
type Chain [32]byte

// A RecordHash is the SHA-256 of one record: length of its key in four bytes,
// key, value.
type RecordHash [sha256.Size]byte

// A Linker makes hashes of records and folds them into chains. Its zero value is
// ready; it holds memory that is used again, so one goroutine uses it at a time.
type Linker struct {
	digest  hash.Hash
	scratch []byte
	last    RecordHash // Here, as what a digest is given escapes.
}

// Hash returns the hash of rec.
func (l *Linker) Hash(rec *Record) RecordHash {
	if l.digest == nil {
		l.digest = sha256.New()
	}
	l.scratch = binary.BigEndian.AppendUint32(l.scratch[:0], uint32(len(rec.Key)))
	l.digest.Reset()
	l.digest.Write(l.scratch)
	l.digest.Write(rec.Key)
	l.digest.Write(rec.Value)
	l.scratch = l.digest.Sum(l.scratch[:0])
	return RecordHash(l.scratch)
}

// Link folds rec into the chain of all records before it, and returns its hash.
func (l *Linker) Link(chain *Chain, rec *Record) RecordHash {
	l.last = l.Hash(rec)
	l.digest.Reset()
	l.digest.Write(chain[:])
	l.digest.Write(l.last[:])
	l.digest.Sum(chain[:0])
	return l.last
}
