SELECT partition, state, reason, since
FROM partition_state
ORDER BY partition, written DESC
LIMIT 1 BY partition
