-- What a stretch of the lots of one attempt has of each spot and day.
SELECT attempt, lot, comune, office, service, channel, scale, day, v1, v2, v3, v4, v5, reasons
FROM public_taken
WHERE day >= {first:Int32} AND day < {next:Int32} AND attempt = {attempt:UInt64}
  AND lot >= {from:UInt32} AND lot <= {until:UInt32}
ORDER BY lot, comune, office, service, channel, scale, day
