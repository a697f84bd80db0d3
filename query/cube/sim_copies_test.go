package cube

import "mlf/schema"

// A simCopy is a database that the logs are counted into, by workers of its own.
type simCopy struct {
	*storeDouble
	workers     []*simWorker    // One for each partition.
	checkpoints []schema.Offset // Of each partition.
}

// countBeside has the logs counted into another database.
func (s *sim) countBeside() {
	c := &simCopy{storeDouble: newStoreDouble(s.id), checkpoints: make([]schema.Offset, simPartitions)}
	for p := range schema.Partition(simPartitions) {
		c.workers = append(c.workers, s.worker(c, p))
	}
	s.copies = append(s.copies, c)
}

// pick is where the next reading is of: of any copy, however far it is. That is worse
// than whoever picks with care.
func (s *sim) pick() Store {
	n := int(s.picked.Add(1))
	return s.copies[n*n/3%len(s.copies)].storeDouble
}
