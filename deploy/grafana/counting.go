package grafana

// counting is of the workers, and of what is seen of them from outside.
func counting() board {
	return board{
		uid: "mlf-counting", title: "mlf: counting",
		about:     "How far the count is, what keeps it, and what it finds.",
		instances: "mlf_aggregate_unflushed_rows", own: []string{"mlf_aggregate_", "mlf_consumer_", "mlf_pipeline_"},
		rows: []row{
			{"Seen from outside, also when every worker is dead", []panel{
				{
					title: "Age of what is not counted", unit: "s", alerts: []alert{{"MlfUncounted", ""}},
					about:  "Of the oldest record that is on the log and not in ClickHouse.",
					series: []series{{`mlf:counted_age:seconds`, "{{partition}}", ""}},
				},
				{
					title: "Records that are not counted", unit: "none", see: "MlfUncounted",
					about:  "If it falls, workers catch up. If it grows with an age that grows: they stand still.",
					series: []series{{`max by (partition) (mlf_uncounted_records)`, "{{partition}}", ""}},
				},
				{
					title: "Counted", unit: "cps", see: "MlfUncounted",
					about:  "Records that got into ClickHouse.",
					series: []series{{`max by (partition) (deriv(mlf_counted_offset` + window + `))`, "{{partition}}", ""}},
				},
				{
					title: "Since both were seen", unit: "s", see: "MlfAbsent",
					about:  "mlf query looks every 5 s where the log ends and how far the store is. Longer: this row is as it was then, but for the age.",
					series: []series{{`time() - max by (source) (mlf_uncounted_seen_timestamp_seconds)`, "{{source}}", ""}},
				},
			}},
			{"Halted, stuck, moved", []panel{
				{
					title: "Halted", unit: "bool_yes_no", alerts: []alert{{"MlfHalted", ""}},
					about:  "The partition is not counted any more, because going on would lose or invent votes. The reason is in the log and in /v1/ledger.",
					series: []series{{`max by (partition) (mlf_aggregate_halted)`, "{{partition}}", ""}},
				},
				{
					title: "Stuck", unit: "bool_yes_no", alerts: []alert{{"MlfStuck", ""}},
					about:  "The partition stands still and is tried again. The reason is in /v1/ledger.",
					series: []series{{`max by (partition) (mlf_aggregate_stuck)`, "{{partition}}", ""}},
				},
				{
					title: "Lag, as workers see it", unit: "none", see: "MlfUncounted",
					about:  "Records on the log that are not in ClickHouse. Empty for a partition that is being recovered.",
					series: []series{{`max by (partition) (mlf_consumer_lag_messages)`, "{{partition}}", Workers}},
				},
				{
					title: "Partitions given out anew, and recovered", unit: "none", see: "MlfHalted",
					about: "Steady without rollouts: workers lose touch with Kafka. From genesis the whole log is read again: expected for a new database only.",
					series: []series{
						{increase("", "mlf_consumer_rebalances_total"), "given out", ""},
						{increase("from", "mlf_aggregate_recoveries_total"), "recovered from {{from}}", ""},
						{increase("", "mlf_aggregate_checkpoints_unreadable_total"), "checkpoints passed over", ""},
					},
				},
			}},
			{"What is counted", []panel{
				{
					title: "Votes by what became of them", unit: "cps", see: "MlfUncounted",
					about:  "A replay counts again. Look into conflicts (a cloned terminal?) and quarantined (a foreign or broken producer).",
					series: []series{{rate("result", "mlf_aggregate_votes_total"), "{{result}}", ""}},
				},
				{
					title: "Records folded", unit: "cps", see: "MlfUncounted",
					about:  "By worker. A replay counts again.",
					series: []series{{rate("instance, pod", "mlf_aggregate_records_total"), "{{instance}} {{pod}}", ""}},
				},
				{
					title: "From ingest to store", unit: "s", see: "MlfVotesShownLate",
					about:  "What was on the log when a worker took over is left out.",
					series: quantiles("mlf_pipeline_end_to_end_seconds", Flushes),
				},
				{
					title: "Oldest record in a worker", unit: "s", see: "MlfUncounted",
					about:  "Age of what was read and is not in ClickHouse. Far above the time between flushes: the worker is behind.",
					series: []series{{`max by (instance, pod) (mlf_consumer_event_age_seconds)`, "{{instance}} {{pod}}", ""}},
				},
			}},
			{"ClickHouse slow or away", []panel{
				{
					title: "Counts wait for the store", unit: "s", see: "MlfUncounted",
					about:  "How long none has been taken. Growing: ClickHouse takes nothing, whatever it says.",
					series: []series{{`max by (partition) (mlf_aggregate_oldest_unflushed_seconds)`, "{{partition}}", ""}},
				},
				{
					title: "Rows that wait", unit: "percentunit", share: true, alerts: []alert{{"MlfSaturated", "mlf_aggregate_unflushed_rows /"}},
					about:  "Of the most that may. At the limit reading the log stops.",
					series: []series{{`max by (instance, pod) (mlf_aggregate_unflushed_rows / mlf_aggregate_unflushed_rows_max)`, "{{instance}} {{pod}}", ""}},
				},
				{
					title: "Time of a flush", unit: "s", see: "MlfVotesShownLate",
					about:  "From collecting rows to their acknowledgement, repetitions included.",
					series: quantiles("mlf_aggregate_flush_duration_seconds", Flushes),
				},
				{
					title: "Since the last flush", unit: "s", see: "MlfUncounted",
					about:  "No fault where nothing waits.",
					series: []series{{`time() - max by (instance, pod) (mlf_aggregate_last_flush_timestamp_seconds > 0)`, "{{instance}} {{pod}}", Flushes}},
				},
				{
					title: "Operations that failed", unit: "cps", see: "MlfStuck",
					about:  "They are tried again. If they go on, look at ClickHouse.",
					series: []series{{rate("operation", "mlf_aggregate_store_errors_total"), "{{operation}}", ""}},
				},
				{
					title: "Age of checkpoints", unit: "s", alerts: []alert{{"MlfCheckpointOld", ""}},
					about:  "Time since the state of a partition was last safe. Old: a crash costs a long replay.",
					series: []series{{`max by (partition) (mlf_aggregate_checkpoint_age_seconds)`, "{{partition}}", Workers}},
				},
				{
					title: "Rows flushed", unit: "cps", see: "MlfUncounted",
					about:  "Acknowledged by ClickHouse, by table.",
					series: []series{{rate("table", "mlf_aggregate_flush_rows_total"), "{{table}}", ""}},
				},
				{
					title: "Time between flushes", unit: "s", see: "MlfUncounted",
					about:  "Above its setting it has stretched, since there are more rows than the limit: expected after an outage.",
					series: []series{{`max by (instance, pod) (mlf_aggregate_flush_interval_seconds)`, "{{instance}} {{pod}}", ""}},
				},
			}},
			{"Telling those who answer", []panel{
				{
					title: "Told", unit: "cps", see: "MlfFollowersNotTold",
					about: "Rows that mlf query hears of before ClickHouse has them, and the records that they are in.",
					series: []series{
						{rate("", "mlf_aggregate_tell_rows_total"), "rows", ""},
						{rate("", "mlf_aggregate_tell_records_total"), "records", ""},
					},
				},
				{
					title: "Time of telling", unit: "s", see: "MlfFollowersNotTold",
					about:  "From collecting what has changed to its acknowledgement. Rising: look at the brokers.",
					series: quantiles("mlf_aggregate_tell_duration_seconds", Votes),
				},
				{
					title: "Not told", unit: "none", alerts: []alert{{"MlfFollowersNotTold", ""}},
					about:  "failed: no acknowledgement; does the topic exist, may workers write to it? full: more than the topic takes.",
					series: []series{{increase("reason", "mlf_aggregate_tell_errors_total"), "{{reason}}", ""}},
				},
			}},
		},
	}
}
