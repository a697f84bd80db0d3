-- Asked while connected to database default: naming one that does not exist
-- while connecting kills the embedded server.
SELECT name FROM system.tables WHERE database = {database:String}
