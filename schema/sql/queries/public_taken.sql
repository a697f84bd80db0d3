-- By spot and day, whichever lots they are in.
SELECT comune, office, service, channel, scale, day, sum(v1), sum(v2), sum(v3), sum(v4), sum(v5), sumMap(reasons)
FROM public_taken
WHERE day >= {first:Int32} AND day < {next:Int32}
  AND (empty({comuni:Array(UInt32)}) OR comune IN (SELECT arrayJoin({comuni:Array(UInt32)})))
  AND attempt IN (SELECT arrayJoin({attempts:Array(UInt64)}))
GROUP BY comune, office, service, channel, scale, day
