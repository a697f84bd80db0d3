-- +goose NO TRANSACTION
-- +goose Up
-- What the lots of public_lot have of each spot and day: by it a release knows what
-- was published before. It is as little public as the counts are.
CREATE TABLE IF NOT EXISTS public_taken
(
    attempt  UInt64                 CODEC(ZSTD(1)),
    lot      UInt32                 CODEC(Delta, ZSTD(1)),
    comune   UInt32                 CODEC(Delta, ZSTD(1)),
    office   LowCardinality(String) CODEC(ZSTD(1)),
    service  UInt16                 CODEC(ZSTD(1)),
    channel  UInt8                  CODEC(ZSTD(1)),
    scale    UInt8                  CODEC(ZSTD(1)),
    day      Int32                  CODEC(Delta, ZSTD(1)),
    v1       UInt64                 CODEC(T64, ZSTD(1)),
    v2       UInt64                 CODEC(T64, ZSTD(1)),
    v3       UInt64                 CODEC(T64, ZSTD(1)),
    v4       UInt64                 CODEC(T64, ZSTD(1)),
    v5       UInt64                 CODEC(T64, ZSTD(1)),
    reasons  Map(UInt8, UInt64)     CODEC(ZSTD(1))
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(toDate(day))
ORDER BY (comune, office, service, channel, scale, day, attempt, lot)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1,
    min_rows_to_fsync_after_merge = 1, min_compressed_bytes_to_fsync_after_merge = 1;
