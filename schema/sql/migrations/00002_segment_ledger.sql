-- +goose NO TRANSACTION
-- +goose Up
-- The account of every segment of every partition, merged by maximum. The chain
-- is zero while the segment is open and part of the key when it is closed: two
-- closed rows of one segment mean that two logs were counted into one store.
CREATE TABLE IF NOT EXISTS segment_ledger
(
    partition   UInt16,
    segment     UInt32,
    chain       FixedString(32),
    next        SimpleAggregateFunction(max, UInt64),
    newest      SimpleAggregateFunction(max, DateTime64(3, 'UTC')),
    records     SimpleAggregateFunction(max, UInt64),
    votes_in    SimpleAggregateFunction(max, UInt64),
    counted     SimpleAggregateFunction(max, UInt64),
    duplicates  SimpleAggregateFunction(max, UInt64),
    conflicts   SimpleAggregateFunction(max, UInt64),
    quarantined SimpleAggregateFunction(max, UInt64),
    voided      SimpleAggregateFunction(max, UInt64)
)
ENGINE = AggregatingMergeTree
ORDER BY (partition, segment, chain)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1,
    min_rows_to_fsync_after_merge = 1, min_compressed_bytes_to_fsync_after_merge = 1;
