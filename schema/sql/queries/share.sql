SELECT DISTINCT log, partitions, rules, number, of FROM share ORDER BY log, partitions, rules, number, of
