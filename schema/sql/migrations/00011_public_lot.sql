-- +goose NO TRANSACTION
-- +goose Up
-- The lots that votes were published in, by the attempt that wrote them. Those of
-- attempts that public_release does not name as the ones that hold are never read.
-- Rows are written once. Days are counted from 1970-01-01, by Rome's calendar, and
-- what the level of a label does not say is zero. Reasons are keyed by
-- value * 16 + reason.
CREATE TABLE IF NOT EXISTS public_lot
(
    attempt  UInt64                 CODEC(ZSTD(1)),
    lot      UInt32                 CODEC(Delta, ZSTD(1)),
    level    UInt8                  CODEC(ZSTD(1)),
    region   UInt8                  CODEC(ZSTD(1)),
    province UInt16                 CODEC(ZSTD(1)),
    comune   UInt32                 CODEC(Delta, ZSTD(1)),
    office   LowCardinality(String) CODEC(ZSTD(1)),
    service  UInt16                 CODEC(ZSTD(1)),
    channel  UInt8                  CODEC(ZSTD(1)),
    scale    UInt8                  CODEC(ZSTD(1)),
    first    Int32                  CODEC(Delta, ZSTD(1)),
    last     Int32                  CODEC(Delta, ZSTD(1)),
    v1       UInt64                 CODEC(T64, ZSTD(1)),
    v2       UInt64                 CODEC(T64, ZSTD(1)),
    v3       UInt64                 CODEC(T64, ZSTD(1)),
    v4       UInt64                 CODEC(T64, ZSTD(1)),
    v5       UInt64                 CODEC(T64, ZSTD(1)),
    reasons  Map(UInt8, UInt64)     CODEC(ZSTD(1))
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(toDate(first))
ORDER BY (comune, office, service, channel, scale, first, attempt, lot)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1,
    min_rows_to_fsync_after_merge = 1, min_compressed_bytes_to_fsync_after_merge = 1;
