-- +goose NO TRANSACTION
-- +goose Up
-- The state of a partition's fold at an offset, cut into chunks. A checkpoint
-- without all its chunks does not count. Each is a ClickHouse partition of its
-- own, so that it is written once, never merged with another, and dropped whole.
-- The payload is compressed already.
CREATE TABLE IF NOT EXISTS checkpoint
(
    partition     UInt16,
    next          UInt64,
    taken         DateTime64(3, 'UTC'),
    log           FixedString(16),
    rules         UInt32,
    store_started DateTime64(3, 'UTC'),
    sha256        FixedString(32),
    chunks        UInt32,
    chunk         UInt32,
    payload       String CODEC(NONE)
)
ENGINE = MergeTree
PARTITION BY (partition, next, toUnixTimestamp64Milli(taken))
ORDER BY (partition, next, taken, sha256, chunk)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1,
    min_rows_to_fsync_after_merge = 1, min_compressed_bytes_to_fsync_after_merge = 1;
