-- The maximum over open and closed rows of all segments: offsets only grow.
SELECT partition, max(next) FROM segment_ledger GROUP BY partition
