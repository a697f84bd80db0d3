-- +goose NO TRANSACTION
-- +goose Up
-- How many rows of public_turnout a release has, by the first days of the months.
-- Releases from before have none, and of their months it is not known who voted.
ALTER TABLE public_release
    ADD COLUMN IF NOT EXISTS turnout_months Array(Int32) AFTER waiting,
    ADD COLUMN IF NOT EXISTS turnout_rows   Array(UInt64) AFTER turnout_months;
