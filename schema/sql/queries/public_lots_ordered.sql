-- A stretch of the lots of one attempt.
SELECT attempt, lot, level, region, province, comune, office, service, channel, scale, first, last, v1, v2, v3, v4, v5, reasons
FROM public_lot
WHERE first >= {first:Int32} AND first < {next:Int32} AND attempt = {attempt:UInt64}
  AND lot >= {from:UInt32} AND lot <= {until:UInt32}
ORDER BY lot
