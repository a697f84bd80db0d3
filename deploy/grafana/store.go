package grafana

// store is of ClickHouse, as those see it who write and read.
func store() board {
	return board{
		uid: "mlf-store", title: "mlf: store",
		about:     "ClickHouse, as mlf sees it: who reaches it, how long inserts and reads take, what it refuses. The server has metrics of its own.",
		instances: `mlf_dependency_up{dependency="clickhouse"}`, own: []string{"mlf_dependency_", "mlf_clickhouse_", "mlf_query_copy_"},
		rows: []row{
			{"ClickHouse answers", []panel{
				{
					title: "Processes that reach it", unit: "bool_yes_no", alerts: []alert{{"MlfDependencyDown", ""}},
					about:  "Asked every 5 s. One does not: the line between them, or its credentials. None: ClickHouse, which may run and be frozen.",
					series: []series{{`min by (instance, pod) (mlf_dependency_up{dependency="clickhouse"})`, "{{instance}} {{pod}}", ""}},
				},
				{
					title: "Since it answered", unit: "s", see: "MlfDependencyDownForSome",
					about:  "Time since the last answer, by process.",
					series: []series{{`time() - max by (instance, pod) (mlf_dependency_last_success_timestamp_seconds{dependency="clickhouse"})`, "{{instance}} {{pod}}", ""}},
				},
				{
					title: "Since it said how far it is", unit: "s", see: "MlfUncounted",
					about:  "mlf query asks every 5 s.",
					series: []series{{`time() - max by (source) (mlf_uncounted_seen_timestamp_seconds{source="store"})`, "{{source}}", ""}},
				},
				{
					title: "Counts wait for it", unit: "s", see: "MlfUncounted",
					about:  "How long none has been taken of a partition. Growing: it takes nothing, whatever it says.",
					series: []series{{`max by (partition) (mlf_aggregate_oldest_unflushed_seconds)`, "{{partition}}", ""}},
				},
			}},
			{"Databases that are asked", []panel{
				{
					title: "Answer", unit: "bool_yes_no", alerts: []alert{{"MlfDatabaseDown", ""}},
					about:  "Looked at every second. With one that does not, another is asked.",
					series: []series{{`max by (database) (mlf_query_copy_up)`, "{{database}}", Databases}},
				},
				{
					title: "Records behind", unit: "none", alerts: []alert{{"MlfDatabaseBehind", ""}},
					about:  "How many another has counted that this one has not. It may be so for a moment; not for minutes.",
					series: []series{{`min by (database) (mlf_query_copy_behind_records)`, "{{database}}", Databases}},
				},
				{
					title: "Asked first", unit: "none", see: "MlfDatabaseDown",
					about:  "By how many processes of mlf query.",
					series: []series{{`sum by (database) (mlf_query_copy_asked)`, "{{database}}", Databases}},
				},
			}},
			{"Inserts", []panel{
				{
					title: "Rows", unit: "cps", see: "MlfUncounted",
					about:  "Acknowledged, by table. Rows that are sent again count again.",
					series: []series{{rate("table", "mlf_clickhouse_insert_rows_total"), "{{table}}", ""}},
				},
				{
					title: "Time", unit: "s", see: "MlfVotesShownLate",
					about:  "99 % take less, by table. Above 0.25 s the counts come late: look at the disk's fsync and at merges.",
					series: []series{{quantile("0.99", "mlf_clickhouse_insert_duration_seconds", "table"), "{{table}}", Flushes}},
				},
				{
					title: "Failed", unit: "cps", see: "MlfStuck",
					about:  "By ClickHouse's code. 243: disk full; 241: memory; 252: too many parts; connection: it is away. They are sent again.",
					series: []series{{rate("code, table", "mlf_clickhouse_insert_errors_total"), "{{code}} {{table}}", ""}},
				},
			}},
			{"Reads", []panel{
				{
					title: "Reads", unit: "cps", see: "MlfCountsNotInMemory",
					about:  "By what is asked. Many for answers: they do not come from memory.",
					series: []series{{rate("query", "mlf_clickhouse_read_duration_seconds_count"), "{{query}}", ""}},
				},
				{
					title: "Time", unit: "s", see: "MlfCountsNotInMemory",
					about:  "99 % take less, by what is asked.",
					series: []series{{quantile("0.99", "mlf_clickhouse_read_duration_seconds", "query"), "{{query}}", Reads}},
				},
				{
					title: "Failed", unit: "cps", see: "MlfDependencyDown",
					about:  "By ClickHouse's code. 159, 160, 241: questions too dear for its limits; connection: it is away.",
					series: []series{{rate("code, query", "mlf_clickhouse_read_errors_total"), "{{code}} {{query}}", ""}},
				},
			}},
			{"With mlf up", []panel{
				{
					title: "Starts of the embedded server", unit: "none", see: "MlfStuck",
					about:  "Times it died and was started again. Each costs a replay; the line before it in the log says why.",
					series: []series{{increase("", "mlf_clickhouse_embedded_restarts_total"), "", Engine}},
				},
				{
					title: "Room on the data disk", unit: "bytes", see: "MlfIngestFails",
					about: "Below the reserve votes are answered 503: make room.",
					series: []series{
						{`min(mlf_up_disk_free_bytes)`, "free", Engine},
						{`max(mlf_up_disk_reserve_bytes)`, "reserve", Engine},
					},
				},
				{
					title: "Refused for want of room", unit: "reqps", see: "MlfIngestFails",
					about:  "Requests answered 503 because the disk is full. The terminals keep the votes.",
					series: []series{{rate("", "mlf_up_disk_full_refusals_total"), "", Engine}},
				},
			}},
		},
	}
}
