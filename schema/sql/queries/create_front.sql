-- A table of all shares, each of which one server of the cluster has. There is no key
-- to share rows out by: nothing is written through it.
CREATE OR REPLACE TABLE {table:Identifier} ENGINE = Distributed({cluster:String}, {database:String}, {of:String})
