-- +goose NO TRANSACTION
-- +goose Up
-- What several databases of one log need to know of each other's releases. rows is the
-- attempt that the rows of the release have here: where it was copied from another
-- database another one than the release's own. 0 says that the release holds in all of
-- them, and nothing of its rows. One that is alone was written for this database only:
-- it holds without that. made is when it was made, by the clock of the database that it
-- was first written to, where it was copied.
ALTER TABLE public_release
    ADD COLUMN IF NOT EXISTS rows  UInt64 DEFAULT attempt AFTER turnout_rows,
    ADD COLUMN IF NOT EXISTS alone Bool DEFAULT true AFTER rows,
    ADD COLUMN IF NOT EXISTS made  DateTime64(6, 'UTC') DEFAULT toDateTime64(0, 6, 'UTC') AFTER alone;
