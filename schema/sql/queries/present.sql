SELECT
    partition,
    max(next),
    max(newest),
    maxMap(present_next),
    maxMap(present_since)
FROM segment_ledger
GROUP BY partition
ORDER BY partition
