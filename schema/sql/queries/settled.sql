-- The merged rows of segments below the cut, in the order of the key: the parts of a
-- month are in it already, so that nothing is sorted, and memory does not grow with
-- the months. What an array lacks is 0: of a partition without a cut there are none.
-- All columns before FINAL are of the key, which every version of a row shares: rows
-- may be left out before they are merged, and columns of theirs need not be read. A
-- month of Rome's clock begins some hours into one of UTC.
SELECT
    comune, office::String AS office_text, service, channel, scale, class, hour, partition, segment,
    v1::UInt64 AS n1, v2::UInt64 AS n2, v3::UInt64 AS n3, v4::UInt64 AS n4, v5::UInt64 AS n5,
    reasons::Map(UInt8, UInt64) AS counts
FROM votes_rollup FINAL
PREWHERE hour >= toDateTime({from:UInt32}, 'UTC') AND hour < toDateTime({next:UInt32}, 'UTC')
  AND segment < {cut:Array(UInt32)}[partition + 1]
ORDER BY comune, office, service, channel, scale, class, hour
