-- +goose NO TRANSACTION
-- +goose Up
-- Names of services for BI tools, as of comuni.
CREATE TABLE IF NOT EXISTS bi_service
(
    id               UInt16,
    service          String,
    service_name_it  String,
    service_name_en  String,
    service_name_de  String,
    category         String,
    written          DateTime64(3, 'UTC') DEFAULT now64(3)
)
ENGINE = ReplacingMergeTree(written)
ORDER BY id
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1,
    min_rows_to_fsync_after_merge = 1, min_compressed_bytes_to_fsync_after_merge = 1;
