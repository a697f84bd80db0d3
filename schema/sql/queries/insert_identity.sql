INSERT INTO log_identity (log, partitions, rules)
