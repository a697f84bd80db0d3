-- How many rows of counts this database has itself, of any log.
SELECT toUInt64(sum(total_rows))
FROM system.tables
WHERE database = currentDatabase() AND engine LIKE '%MergeTree' AND has({tables:Array(String)}, name)
