INSERT INTO segment_ledger (partition, segment, chain, next, newest, records, votes_in, counted, duplicates, conflicts, quarantined, voided)
