package annotation

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"mlf/schema"
)

// Max is the most annotations that there may be: an answer looks at all of them.
const Max = 10_000

// A Book is the annotations as of the last record applied. Its zero value is empty and
// ready. Safe for use by several goroutines.
type Book struct {
	mu       sync.RWMutex
	byID     map[string]*Annotation
	version  uint64
	all      []*Annotation // Sorted; nil: to be made.
	complete atomic.Bool
}

// SetComplete tells that everything was applied that the topic held when reading
// began.
func (b *Book) SetComplete() { b.complete.Store(true) }

// Complete tells whether what is not in b is not on the topic either.
func (b *Book) Complete() bool { return b.complete.Load() }

// Version returns a number that differs when annotations do, and is the same in every
// process that has the same.
func (b *Book) Version() uint64 {
	b.mu.RLock()
	defer b.mu.RUnlock()
	return b.version
}

// Apply takes one record of the registry topic; those of other kinds are none of its. A
// nil value takes an annotation back. A record applied again changes nothing; one that
// cannot be read, or is one too many, is an error and changes nothing.
func (b *Book) Apply(key string, value []byte) error {
	id, ok := strings.CutPrefix(key, schema.AnnotationKeyPrefix)
	if !ok {
		return nil
	}
	var a *Annotation
	if value != nil {
		var err error
		if a, err = decode(id, value); err != nil {
			return fmt.Errorf("read registry record %s: %w", key, err)
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if a != nil && b.byID[id] == nil && len(b.byID) == Max {
		return fmt.Errorf("take registry record %s: there are %d annotations already", key, Max)
	}
	b.put(id, a)
	return nil
}

// put makes a the annotation of id; nil for none. b is locked.
func (b *Book) put(id string, a *Annotation) {
	if b.byID == nil {
		b.byID = make(map[string]*Annotation)
	}
	if old := b.byID[id]; old != nil {
		b.version -= stampOf(old)
		delete(b.byID, id)
	}
	if a != nil {
		b.version += stampOf(a)
		b.byID[id] = a
	}
	b.all = nil
}

// stampOf returns what an annotation adds to the version: a sum does not depend on the
// order of records.
func stampOf(a *Annotation) uint64 {
	text, err := a.MarshalJSON()
	if err != nil {
		panic("BUG: an annotation is not JSON: " + err.Error())
	}
	sum := sha256.Sum256(text)
	return binary.BigEndian.Uint64(sum[:])
}

// All returns every annotation, by first day and id. Do not change them.
func (b *Book) All() []*Annotation {
	b.mu.RLock()
	all := b.all
	b.mu.RUnlock()
	if all != nil {
		return all
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.all = slices.SortedFunc(maps.Values(b.byID), func(x, y *Annotation) int {
		return cmp.Or(cmp.Compare(x.From, y.From), strings.Compare(x.ID, y.ID))
	})
	return b.all
}
