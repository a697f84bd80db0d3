-- What a database is put together of, by the servers that answer, and of which log it
-- is: empty where they are not each share of one log once. A server that the cluster
-- has twice is told by its second number there.
SELECT
    arrayStringConcat(arraySort(groupArray(concat('share ', toString(number + 1), '/', toString(of), ' of log ', lower(hex(log)), ' in database ', toString(id)))), ', '),
    if(count() = any(of) AND uniqExact(number) = count() AND max(number) + 1 = count() AND uniqExact(of) = 1 AND uniqExact(log, partitions, rules) = 1,
        concat(lower(hex(any(log))), ' ', toString(any(partitions)), ' ', toString(any(rules))), '')
FROM (SELECT DISTINCT _shard_num, log, partitions, rules, number, of, id FROM shares)
