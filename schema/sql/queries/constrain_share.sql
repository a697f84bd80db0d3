-- Rows of others' partitions are refused by the server, whoever sends them.
ALTER TABLE {table:Identifier} ADD CONSTRAINT IF NOT EXISTS share CHECK partition >= {first:UInt32} AND partition < {next:UInt32}
