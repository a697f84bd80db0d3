-- Which partitions of which log are counted here. There is one row, or equal ones. That
-- there is this table says that the counts beside it are not of the whole log: log_identity
-- is empty, so that whoever does not know of shares takes the database for none. id is the
-- database's own: one that is made anew has another.
CREATE TABLE IF NOT EXISTS share
(
    log        FixedString(16),
    partitions UInt16,
    rules      UInt32,
    number     UInt16,
    of         UInt16,
    id         UUID
)
ENGINE = ReplacingMergeTree
ORDER BY (log, partitions, rules, number, of, id)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1,
    min_rows_to_fsync_after_merge = 1, min_compressed_bytes_to_fsync_after_merge = 1
