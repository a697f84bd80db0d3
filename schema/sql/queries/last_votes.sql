-- Exact without FINAL: each row says of two votes when they were cast. Of the day on which
-- the time ends the later one may be after it, and then the earlier one counts.
SELECT terminal, max(if(last_cast < {until:Int64}, last_cast, first_cast))
FROM terminal_day
WHERE day BETWEEN toDate({first:UInt16}) AND toDate({last:UInt16}) AND first_cast < {until:Int64} AND last_cast >= {from:Int64}
GROUP BY terminal
