-- Which server this is, and which database. A server made anew has another UUID;
-- the embedded engine has none, but its databases do, as of any server.
SELECT hostName(), toString(serverUUID()), assumeNotNull(toString((SELECT uuid FROM system.databases WHERE name = currentDatabase())))
