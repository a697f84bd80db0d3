-- Complete ones only, newest first.
SELECT next, taken, log, rules, store_started, sha256
FROM checkpoint
WHERE partition = {partition:UInt16} AND ({id:String} = '' OR _partition_id = {id:String})
GROUP BY next, taken, log, rules, store_started, sha256, chunks
HAVING uniqExact(chunk) = chunks
ORDER BY next DESC, taken DESC, sha256
