-- +goose NO TRANSACTION
-- +goose Up
-- The headers of releases. One is written after all of its rows, so an attempt
-- without one was broken off. Of several of one number that go on from the same
-- release, the one written first holds, by this server's clock.
CREATE TABLE IF NOT EXISTS public_release
(
    number   UInt32,
    attempt  UInt64,
    previous UInt64,
    today    Int32,
    k        UInt32,
    hold     Bool,
    lots     UInt64,
    taken    UInt64,
    months   Array(Int32),
    counted  Array(UInt64),
    waiting  Array(UInt64),
    written  DateTime64(6, 'UTC') DEFAULT now64(6, 'UTC')
)
ENGINE = MergeTree
ORDER BY (number, attempt)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1,
    min_rows_to_fsync_after_merge = 1, min_compressed_bytes_to_fsync_after_merge = 1;
