package grafana

// kafka is of the log: what it has, and who reaches it.
func kafka() board {
	return board{
		uid: "mlf-log", title: "mlf: log",
		about:     "Kafka, as mlf sees it: what is on the log and for how long, who appends and who fetches. Brokers have metrics of their own.",
		instances: `mlf_dependency_up{dependency="kafka"}`, own: []string{"mlf_dependency_", "mlf_kafka_"},
		rows: []row{
			{"Kafka answers", []panel{
				{
					title: "Processes that reach it", unit: "bool_yes_no", alerts: []alert{{"MlfDependencyDown", ""}},
					about:  "Asked every 5 s. One does not: the line between them, or its credentials. None: Kafka.",
					series: []series{{`min by (instance, pod) (mlf_dependency_up{dependency="kafka"})`, "{{instance}} {{pod}}", ""}},
				},
				{
					title: "Since it answered", unit: "s", see: "MlfDependencyDownForSome",
					about:  "Time since the last answer, by process.",
					series: []series{{`time() - max by (instance, pod) (mlf_dependency_last_success_timestamp_seconds{dependency="kafka"})`, "{{instance}} {{pod}}", ""}},
				},
				{
					title: "The brokers' clock", unit: "s", see: "MlfNotReady",
					about:  "By how much it is ahead, at the least, as of the last append. Beyond 1 s votes near a full hour may count in the wrong one; beyond 5 s ingest is not ready.",
					series: []series{{`max by (instance, pod) (mlf_kafka_clock_skew_seconds)`, "{{instance}} {{pod}}", ""}},
				},
				{
					title: "Since the log said how far it is", unit: "s", see: "MlfAbsent",
					about:  "mlf query looks every 5 s. Longer: what the row below shows is as it was then.",
					series: []series{{`time() - max by (source) (mlf_uncounted_seen_timestamp_seconds{source="log"})`, "{{source}}", ""}},
				},
			}},
			{"What is on it", []panel{
				{
					title: "Appended", unit: "cps", see: "MlfIngestFails",
					about:  "Records by partition. One stands still while others move: its leader.",
					series: []series{{`max by (partition) (deriv(mlf_log_end_offset` + window + `))`, "{{partition}}", ""}},
				},
				{
					title: "Records kept", unit: "none", see: "MlfRetentionNear",
					about:  "From the log's start to its end.",
					series: []series{{`max by (partition) (mlf_log_end_offset) - max by (partition) (mlf_log_start_offset)`, "{{partition}}", ""}},
				},
				{
					title: "Records until retention takes what is not counted", unit: "none", alerts: []alert{{"MlfVotesRemoved", ""}},
					about:  "Below 0 votes are gone. Empty while retention has removed nothing.",
					series: []series{{`min by (partition) (mlf_retention_margin_records)`, "{{partition}}", Retention}},
				},
				{
					title: "Time until then", unit: "s", alerts: []alert{{"MlfRetentionNear", ""}},
					about:  "By how old the first record is that is kept, and the first that is not counted. Empty while retention has removed nothing.",
					series: []series{{`min by (partition) (mlf_retention_margin_seconds)`, "{{partition}}", Retention}},
				},
			}},
			{"Appending", []panel{
				{
					title: "Until all replicas have it", unit: "s", see: "MlfIngestSlow",
					about:  "From a batch's first attempt to its acknowledgement.",
					series: quantiles("mlf_kafka_produce_duration_seconds", Votes),
				},
				{
					title: "Batches", unit: "cps", see: "MlfIngestFails",
					about:  "By how they ended.",
					series: []series{{rate("result", "mlf_kafka_produce_batches_total"), "{{result}}", ""}},
				},
				{
					title: "Requests that share a batch", unit: "none", see: "MlfIngestSlow",
					about:  "Rising: Kafka is slower than votes come in, and batches grow to make up for it.",
					series: quantiles("mlf_kafka_produce_batch_records", Votes),
				},
				{
					title: "Size of batches", unit: "bytes", see: "MlfIngestSlow",
					about:  "Near the largest that Kafka takes: more brokers, or more partitions in the next log.",
					series: quantiles("mlf_kafka_produce_batch_bytes", Votes),
				},
			}},
			{"Fetching", []panel{
				{
					title: "Fetches", unit: "cps", see: "MlfHalted",
					about:  "corrupt and gap halt the partition when they last; out_of_range: retention has overtaken the count.",
					series: []series{{rate("result", "mlf_kafka_fetches_total"), "{{result}}", ""}},
				},
				{
					title: "Read", unit: "Bps", see: "MlfUncounted",
					about:  "Bytes of batches of the votes' topic. Far above what is appended: workers catch up.",
					series: []series{{rate("", "mlf_kafka_fetch_bytes_total"), "", ""}},
				},
				{
					title: "Fetches that failed", unit: "cps", see: "MlfStuck",
					about:  "They are tried again. If they go on, look at the brokers.",
					series: []series{{rate("", "mlf_aggregate_log_errors_total"), "", ""}},
				},
				{
					title: "Partitions held", unit: "none", see: "MlfUncounted",
					about:  "By worker; together all, for each database. A worker with none has nothing to do.",
					series: []series{{`max by (instance, pod) (mlf_kafka_group_partitions)`, "{{instance}} {{pod}}", ""}},
				},
			}},
			{"The topics beside it", []panel{
				{
					title: "Terminals, numbers of served users, heartbeats", unit: "cps", see: "MlfNotReady",
					about: "Records that were read; all of them at a start.",
					series: []series{
						{rate("", "mlf_kafka_registry_records_total"), "registry", ""},
						{rate("", "mlf_kafka_served_records_total"), "served users", ""},
						{rate("", "mlf_kafka_heartbeat_records_total"), "heartbeats", ""},
					},
				},
				{
					title: "Claims told", unit: "Bps", see: "MlfFollowersNotTold",
					about:  "Bytes that workers append for mlf query. Times the topic's retention it is what they take on disk.",
					series: []series{{rate("", "mlf_aggregate_tell_bytes_total"), "", ""}},
				},
				{
					title: "Claims not told, not read", unit: "cps", alerts: []alert{{"MlfFollowersNotTold", ""}},
					about: "What was counted is read from ClickHouse instead, seconds later.",
					series: []series{
						{rate("reason", "mlf_aggregate_tell_errors_total"), "not told: {{reason}}", ""},
						{rate("", "mlf_kafka_counts_unreadable_total"), "unreadable", ""},
						{rate("", "mlf_query_cube_foreign_total"), "of another log", ""},
						{rate("", "mlf_query_cube_feed_errors_total"), "reads that failed", ""},
					},
				},
			}},
		},
	}
}
