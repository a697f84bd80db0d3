package grafana

// overview is the page that is looked at first.
func overview() board {
	return board{
		uid: "mlf-overview", title: "mlf: overview",
		about: "Whether votes are taken, counted and shown, and how much of the objectives is left. The other dashboards say why not.",
		rows: []row{
			{"Is it well?", []panel{
				{
					title: "Alerts that fire", unit: "none", number: true, see: "MlfWatchdog",
					about: "Pages wake somebody, tickets are for the next day. Marks in all graphs say when they fired.",
					series: []series{
						{`count(ALERTS{alertname=~"Mlf.+",alertstate="firing",severity="page"}) or vector(0)`, "pages", ""},
						{`count(ALERTS{alertname=~"Mlf.+",alertstate="firing",severity="ticket"}) or vector(0)`, "tickets", ""},
					},
				},
				{
					title: "Rules are at work", unit: "bool_yes_no", number: true, see: "MlfWatchdog",
					about:  "The watchdog fires always. No: the rules are not loaded, and the other numbers of alerts mean nothing.",
					series: []series{{`count(ALERTS{alertname="MlfWatchdog",alertstate="firing"}) or vector(0)`, "", ""}},
				},
				{
					title: "A vote comes through", unit: "bool_yes_no", number: true, see: "MlfProbeFails",
					about:  "The last vote for tests was accepted, shown and counted in time. No: votes of citizens fare alike.",
					series: []series{{`min(mlf_probe_success)`, "", ""}},
				},
				{
					title: "Oldest vote that is not counted", unit: "s", number: true, alerts: []alert{{"MlfUncounted", ""}},
					about:  "Of all that is on the log and not in ClickHouse, seen from outside: also when every worker is dead.",
					series: []series{{`max(mlf:counted_age:seconds)`, "", ""}},
				},
				{
					title: "Partitions halted", unit: "none", number: true, alerts: []alert{{"MlfHalted", ""}},
					about:  "They are not counted any more, because going on would lose or invent votes. It does not get better by waiting.",
					series: []series{{`sum(max by (partition) (mlf_aggregate_halted))`, "", ""}},
				},
				{
					title: "Neighbours that answer", unit: "bool_yes_no", number: true, alerts: []alert{{"MlfDependencyDown", ""}},
					about:  "Whether any process reaches Kafka, and ClickHouse.",
					series: []series{{`max by (dependency) (mlf_dependency_up)`, "{{dependency}}", ""}},
				},
			}},
			{"Objectives", []panel{
				{
					title: "Votes for tests that fail", unit: "percentunit", alerts: []alert{{"MlfProbeFails", ""}, {"MlfProbeFailsSlowly", ""}},
					about: "Share of votes that were not accepted, shown and counted within a minute. The lower line is the objective; over an hour, the upper one takes 2 % of a month's budget.",
					series: []series{
						{`mlf:probe_failed:ratio5m`, "5 minutes", Probes},
						{`mlf:probe_failed:ratio1h`, "1 hour", Probes},
						{`mlf:probe_failed:ratio6h`, "6 hours", Probes},
						{`mlf:probe_failed:ratio3d`, "3 days", Probes},
					},
				},
				{
					title: "Requests of terminals answered 5xx", unit: "percentunit", alerts: []alert{{"MlfIngestFails", ""}, {"MlfIngestFailsSlowly", ""}},
					about: "Mostly 503: votes are not on the log, and the terminals send them again. The lower line is the objective.",
					series: []series{
						{`mlf:ingest_failed:ratio5m or vector(0)`, "5 minutes", ""},
						{`mlf:ingest_failed:ratio1h or vector(0)`, "1 hour", ""},
						{`mlf:ingest_failed:ratio6h or vector(0)`, "6 hours", ""},
						{`mlf:ingest_failed:ratio3d or vector(0)`, "3 days", ""},
					},
				},
				{
					title: "Votes shown late", unit: "percentunit", alerts: []alert{{"MlfVotesShownLate", ""}},
					about:  "Share of votes for tests, of an hour, that statistics showed after more than a minute.",
					series: []series{{`mlf:visible_late:ratio1h`, "1 hour", Probes}},
				},
				{
					title: "Requests with votes that are slow", unit: "percentunit", alerts: []alert{{"MlfIngestSlow", ""}},
					about:  "Share of them, of an hour, that took more than a second.",
					series: []series{{`mlf:ingest_slow:ratio1h`, "1 hour", Votes}},
				},
			}},
			{"From terminal to screen", []panel{
				{
					title: "Votes", unit: "cps", see: "MlfUncounted",
					about: "Accepted is on the log; counted is folded, a replay again, and twice with two databases. Counted far above accepted: workers catch up.",
					series: []series{
						{rate("", `mlf_ingest_votes_total{result="accepted"}`), "accepted", ""},
						{rate("", `mlf_aggregate_votes_total{result="counted"}`), "counted", ""},
					},
				},
				{
					title: "From ingest to store", unit: "s", see: "MlfVotesShownLate",
					about:  "Time from a record's arrival until ClickHouse has its counts. What was on the log when a worker took over is left out: see the age beside it.",
					series: quantiles("mlf_pipeline_end_to_end_seconds", Flushes),
				},
				{
					title: "Age of what is not counted", unit: "s", alerts: []alert{{"MlfUncounted", ""}},
					about:  "By partition. All grow: ClickHouse or all workers are away. One grows: it is halted or stuck.",
					series: []series{{`mlf:counted_age:seconds`, "{{partition}}", ""}},
				},
				{
					title: "Answers", unit: "reqps", see: "MlfCountsNotInMemory",
					about:  "Requests of readers, by status. Many 503: limits of reads or answers are reached. 499: readers gave up.",
					series: []series{{rate("code", "mlf_query_requests_total"), "{{code}}", ""}},
				},
			}},
			{"Votes for tests", []panel{
				{
					title: "How far they come", unit: "cps", see: "MlfProbeFails",
					about:  "By stage. vote: it is not accepted; show: it is in no answer; count: it is not in ClickHouse; ask: statistics cannot be read.",
					series: []series{{rate("stage", "mlf_probe_rounds_total"), "{{stage}}", ""}},
				},
				{
					title: "Until they are accepted, shown, counted", unit: "s", see: "MlfVotesShownLate",
					about: "99 % of them take less. Counted is looked at each second.",
					series: []series{
						{quantile("0.99", "mlf_probe_accepted_seconds", ""), "accepted", Probes},
						{quantile("0.99", "mlf_probe_visible_seconds", ""), "shown", Probes},
						{quantile("0.99", "mlf_probe_counted_seconds", ""), "counted", Probes},
					},
				},
				{
					title: "The one that is on its way", unit: "s", see: "MlfProbeFails",
					about:  "How long it has been. No other is cast before it has come, or is too late.",
					series: []series{{`max(mlf_probe_pending_seconds)`, "", ""}},
				},
				{
					title: "Since one came through", unit: "s", see: "MlfProbeFails",
					about:  "Time since a vote for tests was accepted, shown and counted.",
					series: []series{{`time() - max(mlf_probe_last_success_timestamp_seconds)`, "", ""}},
				},
			}},
		},
	}
}
