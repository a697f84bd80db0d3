-- Closed segments of which there are two accounts: two logs were counted here.
SELECT partition, segment
FROM segment_ledger
WHERE chain != toFixedString('', 32)
GROUP BY partition, segment
HAVING uniqExact(chain) > 1
ORDER BY partition, segment
LIMIT 10
