package sim

import (
	"bytes"
	"fmt"
	"time"

	"mlf/schema"
)

// A told is a record of the counts topic.
type told struct {
	at    time.Time
	value []byte
}

// append is what a broker does with a record. Of the topic that is there now, it is
// the record at next.
func (f *feed) append(value []byte) {
	f.records = append(f.records, told{time.Now(), bytes.Clone(value)})
}

// next returns the offset of the next record of the topic that is there now.
func (f *feed) next() schema.Offset { return schema.Offset(len(f.records) - f.base) }

// loseHead is retention, early.
func (f *feed) loseHead() {
	f.head = f.next() - min(f.next()-f.head, schema.Offset(f.w.dice.IntN(20)))
}

// makeAnew deletes the topic and makes it again: it is empty.
func (f *feed) makeAnew() { f.base, f.head = len(f.records), 0 }

// since returns the offset of the first record that was appended at t or later.
func (f *feed) since(t time.Time) schema.Offset {
	at := f.next()
	for at > f.head && !f.records[f.base+int(at)-1].at.Before(t) {
		at--
	}
	return at
}

// fetch returns some batches from offset at on.
func (f *feed) fetch(at schema.Offset) (batches []schema.ClaimBatch, next schema.Offset, err error) {
	if at < f.head || at > f.next() {
		f.w.hits[hitTopicRange]++
		return nil, at, schema.ErrOffsetOutOfRange
	}
	next = at
	for end := min(f.next(), at+10); next < end; next++ {
		batches = append(batches, f.batch(f.base+int(next)))
	}
	return batches, next, nil
}

// batch returns a record, read.
func (f *feed) batch(i int) schema.ClaimBatch {
	b, err := schema.DecodeClaimBatch(f.records[i].value)
	if err != nil {
		panic(fmt.Sprintf("BUG: claims that cannot be read: %v", err))
	}
	return b
}
