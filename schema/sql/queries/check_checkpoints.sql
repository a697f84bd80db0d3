-- When the newest checkpoints of each partition were taken, the newest first.
SELECT partition, arraySlice(arrayReverseSort(groupUniqArray(toUnixTimestamp64Milli(taken))), 1, 4)
FROM checkpoint
WHERE taken > now64(3) - INTERVAL 10 MINUTE
GROUP BY partition
ORDER BY partition
