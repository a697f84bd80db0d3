-- +goose NO TRANSACTION
-- +goose Up
-- Names of comuni for BI tools, written anew by each `mlf schema apply`. The row
-- written last holds. Nothing of mlf reads it.
CREATE TABLE IF NOT EXISTS bi_comune
(
    code             UInt32,
    comune           String,
    comune_name      String,
    province         String,
    province_name    String,
    region           String,
    region_name      String,
    macro_area       String,
    population       UInt32,
    population_class String,
    written          DateTime64(3, 'UTC') DEFAULT now64(3)
)
ENGINE = ReplacingMergeTree(written)
ORDER BY code
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1,
    min_rows_to_fsync_after_merge = 1, min_compressed_bytes_to_fsync_after_merge = 1;
