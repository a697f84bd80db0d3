-- What each table says of when rows are on the disk. Views have none.
SELECT name, engine, create_table_query
FROM system.tables
WHERE database = currentDatabase() AND engine LIKE '%MergeTree'
ORDER BY name
