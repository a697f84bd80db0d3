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
    sum(voided_max),
    sum(events_in_max),
    sum(events_used_max),
    sum(events_repeated_max),
    sum(events_stale_max),
    sum(events_conflicts_max),
    sum(events_quarantined_max)
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
        max(voided) AS voided_max,
        max(events_in) AS events_in_max,
        max(events_used) AS events_used_max,
        max(events_repeated) AS events_repeated_max,
        max(events_stale) AS events_stale_max,
        max(events_conflicts) AS events_conflicts_max,
        max(events_quarantined) AS events_quarantined_max
    FROM segment_ledger
    GROUP BY partition, segment
)
GROUP BY partition
ORDER BY partition
