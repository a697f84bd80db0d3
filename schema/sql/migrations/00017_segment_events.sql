-- +goose NO TRANSACTION
-- +goose Up
-- The account of what sources without state have sent, beside that of votes: a segment
-- that was counted before there were any has zeros.
ALTER TABLE segment_ledger
    ADD COLUMN IF NOT EXISTS events_in SimpleAggregateFunction(max, UInt64),
    ADD COLUMN IF NOT EXISTS events_used SimpleAggregateFunction(max, UInt64),
    ADD COLUMN IF NOT EXISTS events_repeated SimpleAggregateFunction(max, UInt64),
    ADD COLUMN IF NOT EXISTS events_stale SimpleAggregateFunction(max, UInt64),
    ADD COLUMN IF NOT EXISTS events_conflicts SimpleAggregateFunction(max, UInt64),
    ADD COLUMN IF NOT EXISTS events_quarantined SimpleAggregateFunction(max, UInt64);
