-- +goose NO TRANSACTION
-- +goose Up
-- When votes of a terminal were cast on one day of UTC, of those that were counted, and
-- the latest ingest time of a record that brought one, in milliseconds since 1970. Rows
-- of one key are merged by minimum and maximum, so any row may be written any number of
-- times, in any order, by any number of writers. By rules 1 a vote may be of any time, so
-- the table has no months.
-- Days come first, because most reads want the last ones of all terminals. The index is
-- for those that want what has come lately of any day. No read may use FINAL: with an
-- index it can leave out the newest row.
CREATE TABLE IF NOT EXISTS terminal_day
(
    day         Date                                CODEC(Delta, ZSTD(1)),
    terminal    UInt64                              CODEC(Delta, ZSTD(1)),
    first_cast  SimpleAggregateFunction(min, Int64) CODEC(Delta, ZSTD(1)),
    last_cast   SimpleAggregateFunction(max, Int64) CODEC(Delta, ZSTD(1)),
    last_ingest SimpleAggregateFunction(max, Int64) CODEC(Delta, ZSTD(1)),
    INDEX lately last_ingest TYPE minmax GRANULARITY 1
)
ENGINE = AggregatingMergeTree
ORDER BY (day, terminal)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1,
    min_rows_to_fsync_after_merge = 1, min_compressed_bytes_to_fsync_after_merge = 1;
