SELECT DISTINCT chain
FROM segment_ledger
WHERE partition = {partition:UInt16} AND segment = {segment:UInt32} AND chain != toFixedString('', 32)
ORDER BY chain
