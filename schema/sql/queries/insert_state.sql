INSERT INTO partition_state (partition, state, reason, since)
