-- +goose NO TRANSACTION
-- +goose Up
-- Votes by users served, as they were known when a vintage of a month was made, by
-- the attempt that made it. Its header says how many rows there are of each month.
-- first is the month's first day. Who was served is told anew at any time, and this
-- is what a bulletin had of it. Votes are of whole lots.
CREATE TABLE IF NOT EXISTS public_turnout
(
    attempt UInt64 CODEC(ZSTD(1)),
    first   Int32  CODEC(Delta, ZSTD(1)),
    comune  UInt32 CODEC(Delta, ZSTD(1)),
    service UInt16 CODEC(ZSTD(1)),
    channel UInt8  CODEC(ZSTD(1)),
    votes   UInt64 CODEC(T64, ZSTD(1)),
    users   UInt64 CODEC(T64, ZSTD(1))
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(toDate(first))
ORDER BY (attempt, comune, service, channel)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1,
    min_rows_to_fsync_after_merge = 1, min_compressed_bytes_to_fsync_after_merge = 1;
