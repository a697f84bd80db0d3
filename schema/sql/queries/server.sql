-- Which server this is, and which database. A server made anew has another UUID;
-- the embedded engine has none, but its databases do, as of any server. Table share is
-- in a database that has some partitions of a log, and shares in one that is put
-- together of such.
SELECT
    hostName(),
    toString(serverUUID()),
    assumeNotNull(toString((SELECT uuid FROM system.databases WHERE name = currentDatabase()))),
    arrayStringConcat((SELECT arraySort(groupArray(name)) FROM system.tables WHERE database = currentDatabase() AND name IN ('share', 'shares')), ' ')
