INSERT INTO checkpoint (partition, next, taken, log, rules, store_started, sha256, chunks, chunk, payload)
