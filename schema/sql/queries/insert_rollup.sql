INSERT INTO votes_rollup (comune, office, service, channel, scale, class, hour, partition, segment, v1, v2, v3, v4, v5, reasons)
