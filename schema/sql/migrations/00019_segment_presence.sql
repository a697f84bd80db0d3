-- +goose NO TRANSACTION
-- +goose Up
-- Of which records of a partition the days of terminals are in terminal_day: from each
-- key on, which is where a worker began to count, up to its value, and since when that
-- is, by the ingest time of the first of them that has one. A worker of before it writes
-- nothing here, so that what it counted is a hole.
ALTER TABLE segment_ledger
    ADD COLUMN IF NOT EXISTS present_next  SimpleAggregateFunction(maxMap, Map(UInt64, UInt64)),
    ADD COLUMN IF NOT EXISTS present_since SimpleAggregateFunction(maxMap, Map(UInt64, Int64));
