-- Exact without FINAL: rows not merged yet are told apart by their offset.
SELECT highest, missing_first, missing_next, offset
FROM terminal_watermark
WHERE terminal = {terminal:UInt64} AND stream = {stream:UInt64}
ORDER BY offset DESC
LIMIT 1
