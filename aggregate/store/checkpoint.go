package store

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"mlf/aggregate/store/spare"
	"mlf/schema"
	"mlf/schema/sql"
)

const (
	// chunkBytes is the size of a chunk of a payload. A few MiB at a time is what
	// the server reads and writes well.
	chunkBytes = 4 << 20

	// insertChunksMax is the most chunks in one insert, 64 MiB: the client holds
	// them twice, and so does the server.
	insertChunksMax = 16
)

// WriteCheckpoint writes c, durable when it returns nil, and then drops the
// checkpoints of its partition that are too many (see spare.Surplus). It may be
// repeated. Times are kept to the millisecond. After an error some of its chunks
// may be there; without all of them it does not count.
func (s *Store) WriteCheckpoint(ctx context.Context, c schema.Checkpoint) error {
	if len(c.Payload) > schema.CheckpointBytesMax {
		return fmt.Errorf("write checkpoint of partition %d at offset %d: %d bytes: want at most %d", c.Partition, c.Next, len(c.Payload), schema.CheckpointBytesMax)
	}
	chunks := slices.Collect(slices.Chunk(c.Payload, chunkBytes))
	if len(chunks) == 0 {
		chunks = [][]byte{{}}
	}
	for first := 0; first < len(chunks); first += insertChunksMax {
		few := chunks[first:min(first+insertChunksMax, len(chunks))]
		if err := s.insert(ctx, "checkpoint", len(few), checkpointColumns(c.CheckpointInfo, len(chunks), first, few)); err != nil {
			return err
		}
	}
	if err := s.prune(ctx, c.CheckpointInfo); err != nil {
		// Not the caller's trouble: c is durable, and the next one prunes again.
		s.logger.Warn("old checkpoints were not dropped", slog.Int("partition", int(c.Partition)), slog.Any("err", err))
	}
	return nil
}

// checkpointColumns turns some of the chunks of c, those from the one of number
// first on, into the columns of insert_checkpoint.
func checkpointColumns(c schema.CheckpointInfo, total, first int, chunks [][]byte) []any {
	n := len(chunks)
	index := make([]uint32, n)
	for i := range index {
		index[i] = uint32(first + i)
	}
	return []any{
		slices.Repeat([]uint16{uint16(c.Partition)}, n),
		slices.Repeat([]uint64{uint64(c.Next)}, n),
		slices.Repeat([]time.Time{c.Taken}, n),
		slices.Repeat([]string{string(c.Log[:])}, n),
		slices.Repeat([]uint32{uint32(c.Rules)}, n),
		slices.Repeat([]time.Time{c.StoreStarted}, n),
		slices.Repeat([]string{string(c.SHA256[:])}, n),
		slices.Repeat([]uint32{uint32(total)}, n),
		index,
		chunks,
	}
}

// Checkpoints returns the checkpoints of p of which every chunk is there, the
// newest first: highest Next, then latest Taken. ErrCheckpointCorrupt of package
// schema comes with those that can be read: the server finds others damaged.
func (s *Store) Checkpoints(ctx context.Context, p schema.Partition) ([]schema.CheckpointInfo, error) {
	infos, _, err := s.checkpoints(ctx, p)
	return infos, err
}

// checkpoints returns the torn ones, too: those that lack chunks.
func (s *Store) checkpoints(ctx context.Context, p schema.Partition) (whole, torn []schema.CheckpointInfo, err error) {
	whole, torn, err = s.listCheckpoints(ctx, p, "")
	if damaged(err) {
		return s.soundCheckpoints(ctx, p)
	}
	return whole, torn, err
}

// soundCheckpoints asks for each checkpoint alone, so that a damaged one does not
// hide the others.
func (s *Store) soundCheckpoints(ctx context.Context, p schema.Partition) (sound, torn []schema.CheckpointInfo, err error) {
	var ids []string
	err = s.read(ctx, "checkpoint_ids", clickhouse.Parameters{"partition": number(p)}, func(scan scanFunc) error {
		var id string
		err := scan(&id)
		ids = append(ids, id)
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	var harm error
	for _, id := range ids {
		whole, lacking, err := s.listCheckpoints(ctx, p, id)
		switch {
		case damaged(err):
			harm = fmt.Errorf("%w: %w", schema.ErrCheckpointCorrupt, err)
		case err != nil:
			return nil, nil, err
		}
		sound, torn = append(sound, whole...), append(torn, lacking...)
	}
	slices.SortStableFunc(sound, func(a, b schema.CheckpointInfo) int {
		return cmp.Or(cmp.Compare(b.Next, a.Next), b.Taken.Compare(a.Taken))
	})
	return sound, torn, harm
}

// listCheckpoints lists those of one of the table's ClickHouse partitions, or of
// all where id is empty.
func (s *Store) listCheckpoints(ctx context.Context, p schema.Partition, id string) (whole, torn []schema.CheckpointInfo, err error) {
	err = s.read(ctx, "checkpoints", clickhouse.Parameters{"partition": number(p), "id": id}, func(scan scanFunc) error {
		var next uint64
		var taken, started time.Time
		var log, sum string
		var rules uint32
		var lacks bool
		if err := scan(&next, &taken, &log, &rules, &started, &sum, &lacks); err != nil {
			return err
		}
		info := schema.CheckpointInfo{
			Partition: p, Next: schema.Offset(next), Rules: schema.Rules(rules), StoreStarted: started.UTC(), Taken: taken.UTC(),
		}
		copy(info.Log[:], log)
		copy(info.SHA256[:], sum)
		if lacks {
			torn = append(torn, info)
		} else {
			whole = append(whole, info)
		}
		return nil
	})
	return whole, torn, err
}

// Checkpoint returns the checkpoint that info describes. ErrCheckpointCorrupt of
// package schema: it is not there whole, its payload does not match SHA256, or the
// server finds it damaged.
func (s *Store) Checkpoint(ctx context.Context, info schema.CheckpointInfo) (schema.Checkpoint, error) {
	c := schema.Checkpoint{CheckpointInfo: info}
	err := s.read(ctx, "checkpoint", clickhouse.Parameters{
		"partition": number(info.Partition),
		"next":      number(info.Next),
		"taken":     number(info.Taken.UnixMilli()),
		"sha256":    hex.EncodeToString(info.SHA256[:]),
	}, func(scan scanFunc) error {
		var chunk []byte
		if err := scan(&chunk); err != nil {
			return err
		}
		c.Payload = append(c.Payload, chunk...)
		return nil
	})
	if damaged(err) {
		err = fmt.Errorf("%w: %w", schema.ErrCheckpointCorrupt, err)
	}
	if err != nil {
		return schema.Checkpoint{}, err
	}
	if sha256.Sum256(c.Payload) != info.SHA256 {
		return schema.Checkpoint{}, fmt.Errorf("read checkpoint of partition %d at offset %d, %d bytes: %w", info.Partition, info.Next, len(c.Payload), schema.ErrCheckpointCorrupt)
	}
	return c, nil
}

// The server's codes for data that its disk does not give back as it was written
// (ClickHouse, src/Common/ErrorCodes.cpp). Asking again gives the same.
const (
	codeReadAfterEOF     = 32
	codeCannotReadAll    = 33
	codeChecksum         = 40
	codeTooLargeSize     = 87
	codeFileDoesNotExist = 107
	codeCorruptedData    = 246
	codeCannotDecompress = 271
)

// damaged tells whether err is of data that is damaged on the server's disk.
func damaged(err error) bool {
	return hasCode(err, codeReadAfterEOF, codeCannotReadAll, codeChecksum, codeTooLargeSize,
		codeFileDoesNotExist, codeCorruptedData, codeCannotDecompress)
}

// prune drops the checkpoints that are too many now that written is durable.
func (s *Store) prune(ctx context.Context, written schema.CheckpointInfo) error {
	infos, torn, err := s.checkpoints(ctx, written.Partition)
	if err != nil && !errors.Is(err, schema.ErrCheckpointCorrupt) { // A damaged one is left for a person to see.
		return err
	}
	for _, info := range append(spare.Surplus(infos, written), spare.Abandoned(torn, infos, written)...) {
		if err := s.drop(ctx, info); err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) drop(ctx context.Context, info schema.CheckpointInfo) error {
	ctx, cancel := context.WithTimeout(ctx, s.cfg.WriteMax)
	defer cancel()
	ctx = clickhouse.Context(ctx, clickhouse.WithParameters(clickhouse.Parameters{
		"partition": number(info.Partition), "next": number(info.Next), "taken": number(info.Taken.UnixMilli()),
	}))
	err := s.conn.use(ctx, func(c driver.Conn) error { return c.Exec(ctx, sql.Query("drop_checkpoint")) })
	if err != nil {
		return fmt.Errorf("drop checkpoint of partition %d at offset %d: %w", info.Partition, info.Next, err)
	}
	return nil
}
