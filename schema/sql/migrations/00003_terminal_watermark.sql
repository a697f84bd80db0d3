-- +goose NO TRANSACTION
-- +goose Up
-- What a terminal may forget of each of its streams. The state with the highest
-- offset wins. Missing seqs are half-open spans [first, next).
-- Granules are small, because every read wants one stream.
CREATE TABLE IF NOT EXISTS terminal_watermark
(
    terminal      UInt64,
    stream        UInt64,
    highest       UInt64,
    missing_first Array(UInt64),
    missing_next  Array(UInt64),
    offset        UInt64
)
ENGINE = ReplacingMergeTree(offset)
ORDER BY (terminal, stream)
SETTINGS index_granularity = 512, fsync_after_insert = 1, fsync_part_directory = 1,
    min_rows_to_fsync_after_merge = 1, min_compressed_bytes_to_fsync_after_merge = 1;
