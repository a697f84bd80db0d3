-- +goose NO TRANSACTION
-- +goose Up
-- Whether each partition is being counted. The state written last wins, by the
-- server's clock: this is a report, nothing is decided by it.
CREATE TABLE IF NOT EXISTS partition_state
(
    partition UInt16,
    state     LowCardinality(String),
    reason    String,
    since     DateTime64(3, 'UTC'),
    written   DateTime64(6, 'UTC') DEFAULT now64(6, 'UTC')
)
ENGINE = ReplacingMergeTree(written)
ORDER BY partition
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1,
    min_rows_to_fsync_after_merge = 1, min_compressed_bytes_to_fsync_after_merge = 1;
