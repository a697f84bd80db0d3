-- The disks of the server, and what of this database is on each.
SELECT
    name,
    toUInt64(free_space),
    toUInt64(total_space),
    toUInt64((SELECT sum(bytes_on_disk) FROM system.parts WHERE database = currentDatabase() AND active AND disk_name = 'default'))
FROM system.disks
WHERE total_space > 0 AND type = 'Local'
ORDER BY name
