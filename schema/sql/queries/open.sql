-- The rows of segments from the cut on, as they lie there: whoever asks takes the
-- maximum, which costs less than FINAL over every month. What an array lacks is 0:
-- of a partition without a cut all rows are open.
SELECT
    comune, office::String AS office_text, service, channel, scale, class, hour, partition, segment,
    v1::UInt64 AS n1, v2::UInt64 AS n2, v3::UInt64 AS n3, v4::UInt64 AS n4, v5::UInt64 AS n5,
    reasons::Map(UInt8, UInt64) AS counts
FROM votes_rollup
PREWHERE segment >= {cut:Array(UInt32)}[partition + 1]
