-- +goose NO TRANSACTION
-- +goose Up
-- Which log is counted here. There is one row, or equal ones. Another log needs
-- another database.
CREATE TABLE IF NOT EXISTS log_identity
(
    log        FixedString(16),
    partitions UInt16,
    rules      UInt32
)
ENGINE = ReplacingMergeTree
ORDER BY (log, partitions, rules)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1,
    min_rows_to_fsync_after_merge = 1, min_compressed_bytes_to_fsync_after_merge = 1;
