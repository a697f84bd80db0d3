SELECT min(lot), max(lot), count()
FROM public_lot
WHERE first >= {first:Int32} AND first < {next:Int32} AND attempt = {attempt:UInt64}
