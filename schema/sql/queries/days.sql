-- Exact without FINAL: the rows of a day and terminal are merged here.
SELECT toUInt16(day) AS number, terminal, min(first_cast)::Int64, max(last_cast)::Int64, max(last_ingest)::Int64
FROM terminal_day
WHERE day BETWEEN toDate({first:UInt16}) AND toDate({last:UInt16})
GROUP BY day, terminal
ORDER BY day, terminal
