-- By what the server knows of its files, without a look into them.
SELECT DISTINCT partition_id
FROM system.parts
WHERE active AND database = currentDatabase() AND table = 'checkpoint'
  AND startsWith(partition, '(' || toString({partition:UInt16}) || ',')
