-- Newest first. A torn one lacks chunks: it does not count.
SELECT next, taken, log, rules, store_started, sha256, uniqExact(chunk) < chunks AS torn
FROM checkpoint
WHERE partition = {partition:UInt16} AND ({id:String} = '' OR _partition_id = {id:String})
GROUP BY next, taken, log, rules, store_started, sha256, chunks
ORDER BY next DESC, taken DESC, sha256
