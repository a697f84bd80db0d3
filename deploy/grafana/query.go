package grafana

// query is of who answers readers.
func query() board {
	return board{
		uid: "mlf-query", title: "mlf: query",
		about:     "What readers ask and what they are answered, the counts in memory, and what is published.",
		instances: "mlf_query_cube_standing", own: []string{"mlf_query_", "mlf_public_"},
		rows: []row{
			{"Requests", []panel{
				{
					title: "Answers by status", unit: "reqps", see: "MlfCountsNotInMemory",
					about:  "503: limits of reads or answers are reached; 429: a reader's quota; 499: readers gave up.",
					series: []series{{rate("code", "mlf_query_requests_total"), "{{code}}", ""}},
				},
				{
					title: "Requests by route", unit: "reqps", see: "MlfCountsNotInMemory",
					about:  "What is asked for.",
					series: []series{{rate("route", "mlf_query_requests_total"), "{{route}}", ""}},
				},
				{
					title: "Time by route", unit: "s", see: "MlfCountsNotInMemory",
					about:  "99 % take less, to the last byte. live lasts as long as somebody listens.",
					series: []series{{quantile("0.99", "mlf_query_request_duration_seconds", "route"), "{{route}}", Requests}},
				},
				{
					title: "Rows answered", unit: "cps", see: "MlfCountsNotInMemory",
					about:  "Far above the requests: somebody copies the counts; offer them a file.",
					series: []series{{rate("", "mlf_query_rows_total"), "", ""}},
				},
			}},
			{"Figures to be doubted", []panel{
				{
					title: "Memory and store differ", unit: "bool_yes_no", alerts: []alert{{"MlfUnbalanced", ""}},
					about:  "A segment did not balance with ClickHouse's ledger, twice: nothing is answered from memory any more.",
					series: []series{{`max by (instance, pod) (mlf_query_cube_stopped)`, "{{instance}} {{pod}}", ""}},
				},
				{
					title: "Answers that were compared", unit: "none", see: "MlfUnbalanced",
					about:  "With the store (check=store). Any that differs is a bug or damage.",
					series: []series{{increase("store", "mlf_query_checks_total"), "{{store}}", ""}},
				},
				{
					title: "Segments that were compared", unit: "none", see: "MlfUnbalanced",
					about: "Balanced with the store's ledger, vote by vote, or not. After one that does not, all is loaded anew.",
					series: []series{
						{increase("", "mlf_query_cube_sealed_total"), "balanced", ""},
						{increase("", "mlf_query_cube_imbalances_total"), "not", ""},
					},
				},
				{
					title: "Panics", unit: "none", alerts: []alert{{"MlfPanics", ""}},
					about:  "Requests that met a defect and were answered 500. Any: report the stack in the log.",
					series: []series{{increase("", "mlf_query_panics_total"), "", ""}},
				},
			}},
			{"Counts in memory", []panel{
				{
					title: "Answers come from memory", unit: "bool_yes_no", alerts: []alert{{"MlfCountsNotInMemory", ""}},
					about:  "No: they are loaded, or wait for something that the log tells. ClickHouse answers meanwhile.",
					series: []series{{`max by (instance, pod) (mlf_query_cube_standing)`, "{{instance}} {{pod}}", ""}},
				},
				{
					title: "Loads, and partitions read again", unit: "none", see: "MlfCountsNotInMemory",
					about: "But for start they should be rare. Gaps for long: can workers write to the topic of counts?",
					series: []series{
						{increase("why", "mlf_query_cube_loads_total"), "{{why}}", ""},
						{increase("", "mlf_query_cube_gaps_total"), "gaps", ""},
						{increase("", "mlf_query_cube_store_errors_total"), "reads of the store that failed", ""},
					},
				},
				{
					title: "Time to show what came", unit: "s", see: "MlfVotesShownLate",
					about:  "Beyond a second: the machine is too small for what comes.",
					series: quantiles("mlf_query_cube_publish_seconds", Memory),
				},
				{
					title: "Rows that workers told", unit: "cps", see: "MlfFollowersNotTold",
					about:  "None while votes come in: workers do not tell, or the topic is not read.",
					series: []series{{rate("", "mlf_query_cube_rows_total"), "", ""}},
				},
				{
					title: "Cells", unit: "none", see: "MlfCountsNotInMemory",
					about:  "Counted, and open ones of segments that are not closed, which take more.",
					series: []series{{`max by (instance, pod, kind) (mlf_query_cube_cells)`, "{{kind}} {{instance}} {{pod}}", ""}},
				},
				{
					title: "Bytes", unit: "bytes", see: "MlfCountsNotInMemory",
					about:  "Most of them in a mapped file. Well above the machine's free memory: questions wait for its disk.",
					series: []series{{`max by (instance, pod) (mlf_query_cube_bytes)`, "{{instance}} {{pod}}", ""}},
				},
				{
					title: "Age of the snapshot", unit: "s", see: "MlfCountsNotInMemory",
					about:  "Half an hour: the log says why there is none newer. A start would take longer.",
					series: []series{{`time() - max by (instance, pod) (mlf_query_cube_snapshot_timestamp_seconds > 0)`, "{{instance}} {{pod}}", Snapshots}},
				},
				{
					title: "Snapshots that failed", unit: "none", see: "MlfCountsNotInMemory",
					about:  "Written: make room on the disk. Read: an older one was taken, or all was loaded.",
					series: []series{{increase("operation", "mlf_query_cube_snapshot_errors_total"), "{{operation}}", ""}},
				},
			}},
			{"Limits", []panel{
				{
					title: "Reads of the store", unit: "percentunit", share: true, see: "MlfCountsNotInMemory",
					about:  "Of the most at a time, by kind. At the limit for long, questions wait and are answered 503.",
					series: []series{{`max by (kind) (mlf_query_store_reads / mlf_query_store_reads_max)`, "{{kind}}", ""}},
				},
				{
					title: "Bytes on their way to readers", unit: "percentunit", share: true, see: "MlfCountsNotInMemory",
					about:  "Of the most. At the limit: readers are slow, and others are answered 503; add processes.",
					series: []series{{`max by (length) (mlf_query_departing_bytes / mlf_query_departing_bytes_max)`, "{{length}}", ""}},
				},
				{
					title: "Listeners, and clients that are counted", unit: "percentunit", share: true, see: "MlfCountsNotInMemory",
					about: "Of the most. Beyond, listeners are answered 503; of clients those are forgotten that asked longest ago.",
					series: []series{
						{`max(mlf_query_listeners / mlf_query_listeners_max)`, "listeners", ""},
						{`max(mlf_query_quota_clients / mlf_query_quota_clients_max)`, "clients", Limits},
					},
				},
				{
					title: "Answers that were kept", unit: "reqps", see: "MlfCountsNotInMemory",
					about:  "From an earlier request, or not. Hardly any with many readers: they ask for what changes with every vote.",
					series: []series{{rate("found", "mlf_query_kept_answers_total"), "kept: {{found}}", ""}},
				},
				{
					title: "Refused by quota", unit: "reqps", see: "MlfCountsNotInMemory",
					about:  "Answered 429. Many: a reader asks more than it is allowed, or proxies hide who asks (--trusted-proxies).",
					series: []series{{rate("", "mlf_query_quota_refusals_total"), "", Limits}},
				},
				{
					title: "Requests with a token", unit: "reqps", see: "MlfNotReady",
					about:  "By status. Many 401: a client's clock or issuer, or somebody tries; 503: look at the issuer.",
					series: []series{{rate("code", "mlf_query_tokens_total"), "{{code}}", ""}},
				},
				{
					title: "Age of the issuer's keys", unit: "s", see: "MlfNotReady",
					about:  "Above a quarter of an hour the issuer cannot be reached, and new keys are not known. 0: there is none.",
					series: []series{{`max by (instance, pod) (mlf_query_keys_age_seconds)`, "{{instance}} {{pod}}", ""}},
				},
			}},
			{"Alerts of bodies", []panel{
				{
					title: "Since it was last looked", unit: "s", alerts: []alert{{"MlfAlertsNotJudged", ""}},
					about:  "What bodies want to be told of. Above a minute: mlf alert run does not run, or cannot write.",
					series: []series{{`time() - max(mlf_alert_last_look_timestamp_seconds)`, "", ""}},
				},
				{
					title: "Rules judged, or why not", unit: "none", see: "MlfAlertsNotJudged",
					about:  "counts: they are behind. country: more than half of all terminals are silent. few, break: as it should be.",
					series: []series{{increase("outcome", "mlf_alert_rules_judged_total"), "{{outcome}}", ""}},
				},
				{
					title: "Open", unit: "none", see: "MlfAlertsNotJudged",
					about:  "Alerts of all bodies, by kind. Many of one kind at once have something in common.",
					series: []series{{`max by (kind) (mlf_alert_open)`, "{{kind}}", ""}},
				},
				{
					title: "Messages", unit: "none", see: "MlfAlertsNotJudged",
					about: "Delivered, or given up after a day. email failed: look at the mail server. Not written: look at Kafka.",
					series: []series{
						{increase("target, result", "mlf_alert_messages_total"), "{{target}} {{result}}", ""},
						{increase("", "mlf_alert_write_errors_total"), "not written", ""},
					},
				},
			}},
			{"What is published", []panel{
				{
					title: "Since the last day of it", unit: "s", alerts: []alert{{"MlfPublicOld", ""}},
					about:  "Long: no process could make last night's release. Empty before the first one.",
					series: []series{{`time() - max(mlf_public_until_seconds > 0)`, "", Releases}},
				},
				{
					title: "Votes that wait", unit: "none", see: "MlfPublicOld",
					about:  "In no public figure, because too few could be published together.",
					series: []series{{`max(mlf_public_waiting_votes)`, "", Publishing}},
				},
				{
					title: "Votes published twice", unit: "bool_yes_no", alerts: []alert{{"MlfPublishedTwice", ""}},
					about:  "Two databases have different releases of one number: nothing is published until one of them is taken away.",
					series: []series{{`max(mlf_public_contradiction)`, "", Publishing}},
				},
				{
					title: "Releases that a database lacks", unit: "none", see: "MlfPublishedTwice",
					about:  "They are copied by themselves; until then nothing new is published.",
					series: []series{{`max by (database) (mlf_public_copy_lacks_releases)`, "{{database}}", Publishing}},
				},
				{
					title: "Failed", unit: "none", see: "MlfPublicOld",
					about: "Releases that could not be made, looks for new ones and after all databases. They are tried again; if it goes on, read the log.",
					series: []series{
						{increase("", "mlf_public_release_errors_total"), "releases", Publishing},
						{increase("", "mlf_public_read_errors_total"), "looks", Publishing},
						{increase("", "mlf_public_copy_errors_total"), "looks after databases", Publishing},
					},
				},
			}},
		},
	}
}
