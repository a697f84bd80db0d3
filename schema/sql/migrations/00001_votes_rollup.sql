-- +goose NO TRANSACTION
-- +goose Up
-- Cumulative counts per cell, partition and segment. Rows of one key are merged
-- by maximum, number by number, so any row may be written any number of times,
-- in any order, by any number of writers (a G-counter, Shapiro et al. 2011).
-- Reasons are keyed by value * 16 + reason.
-- A key never spans months, because the month is a function of the key: merges
-- and FINAL see all rows of a key in one ClickHouse partition.
-- Parts are as many as flushes: merging more of them at a time writes each row less
-- often, and so does a file for all columns while a part is small. FINAL reads a
-- few parts more. A month that nothing was written to for an hour becomes one part,
-- and that FINAL reads as it is: ten times as fast.
-- There must be no skip index here: FINAL with one can leave out the newest row.
CREATE TABLE IF NOT EXISTS votes_rollup
(
    comune    UInt32                                        CODEC(Delta, ZSTD(1)),
    office    LowCardinality(String)                        CODEC(ZSTD(1)),
    service   UInt16                                        CODEC(ZSTD(1)),
    channel   UInt8                                         CODEC(ZSTD(1)),
    scale     UInt8                                         CODEC(ZSTD(1)),
    class     UInt8                                         CODEC(ZSTD(1)),
    hour      DateTime('UTC')                               CODEC(Delta, ZSTD(1)),
    partition UInt16                                        CODEC(ZSTD(1)),
    segment   UInt32                                        CODEC(Delta, ZSTD(1)),
    v1        SimpleAggregateFunction(max, UInt64)          CODEC(T64, ZSTD(1)),
    v2        SimpleAggregateFunction(max, UInt64)          CODEC(T64, ZSTD(1)),
    v3        SimpleAggregateFunction(max, UInt64)          CODEC(T64, ZSTD(1)),
    v4        SimpleAggregateFunction(max, UInt64)          CODEC(T64, ZSTD(1)),
    v5        SimpleAggregateFunction(max, UInt64)          CODEC(T64, ZSTD(1)),
    reasons   SimpleAggregateFunction(maxMap, Map(UInt8, UInt64)) CODEC(ZSTD(1))
)
ENGINE = AggregatingMergeTree
PARTITION BY toYYYYMM(hour)
ORDER BY (comune, office, service, channel, scale, class, hour, partition, segment)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1,
    min_rows_to_fsync_after_merge = 1, min_compressed_bytes_to_fsync_after_merge = 1,
    merge_selector_base = 16, min_bytes_for_wide_part = 33554432,
    min_age_to_force_merge_seconds = 3600, min_age_to_force_merge_on_partition_only = 1;
