SELECT attempt, first, comune, service, channel, votes, users
FROM public_turnout
WHERE first >= {first:Int32} AND first < {next:Int32}
  AND attempt IN (SELECT arrayJoin({attempts:Array(UInt64)}))
