-- Exact without FINAL: each row says of its latest vote when it was cast.
SELECT terminal, max(last_cast)
FROM terminal_day
WHERE last_ingest >= {since:Int64}
GROUP BY terminal
