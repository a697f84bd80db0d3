-- A chunk is there twice when its insert was repeated.
SELECT payload
FROM checkpoint
WHERE partition = {partition:UInt16} AND next = {next:UInt64}
  AND taken = fromUnixTimestamp64Milli({taken:Int64}, 'UTC') AND sha256 = unhex({sha256:String})
ORDER BY chunk
LIMIT 1 BY chunk
