-- The maximum joins a segment's open row with its closed one, whose chain is above
-- the open one's zeros.
SELECT
    partition,
    segment,
    max(chain) AS chain_max,
    max(next)::UInt64 AS next_max,
    toUnixTimestamp64Milli(max(newest))::Int64 AS newest_max,
    max(records)::UInt64 AS records_max,
    max(votes_in)::UInt64 AS votes_in_max,
    max(counted)::UInt64 AS counted_max,
    max(duplicates)::UInt64 AS duplicates_max,
    max(conflicts)::UInt64 AS conflicts_max,
    max(quarantined)::UInt64 AS quarantined_max,
    max(voided)::UInt64 AS voided_max,
    max(events_in)::UInt64 AS events_in_max,
    max(events_used)::UInt64 AS events_used_max,
    max(events_repeated)::UInt64 AS events_repeated_max,
    max(events_stale)::UInt64 AS events_stale_max,
    max(events_conflicts)::UInt64 AS events_conflicts_max,
    max(events_quarantined)::UInt64 AS events_quarantined_max
FROM segment_ledger
GROUP BY partition, segment
ORDER BY partition, segment
