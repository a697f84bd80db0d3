SELECT DISTINCT log, partitions, rules FROM log_identity ORDER BY log, partitions, rules
