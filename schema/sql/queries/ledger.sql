-- The inner maximum joins a segment's open row with its closed one.
SELECT
    partition,
    max(next_max),
    max(newest_max),
    sum(records_max),
    sum(votes_in_max),
    sum(counted_max),
    sum(duplicates_max),
    sum(conflicts_max),
    sum(quarantined_max),
    sum(voided_max)
FROM
(
    SELECT
        partition,
        segment,
        max(next) AS next_max,
        max(newest) AS newest_max,
        max(records) AS records_max,
        max(votes_in) AS votes_in_max,
        max(counted) AS counted_max,
        max(duplicates) AS duplicates_max,
        max(conflicts) AS conflicts_max,
        max(quarantined) AS quarantined_max,
        max(voided) AS voided_max
    FROM segment_ledger
    GROUP BY partition, segment
)
GROUP BY partition
ORDER BY partition
