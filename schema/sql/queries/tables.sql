-- Asked while connected to database default: a connection that names one that
-- does not exist is refused.
SELECT name FROM system.tables WHERE database = {database:String}
UNION ALL
SELECT concat(table, '.', name) FROM system.columns WHERE database = {database:String}
