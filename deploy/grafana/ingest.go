package grafana

// ingest is of who takes votes.
func ingest() board {
	return board{
		uid: "mlf-ingest", title: "mlf: ingest",
		about:     "What terminals ask, what they are answered, and what of it waits for Kafka.",
		instances: "mlf_ingest_connections", own: []string{"mlf_ingest_", "mlf_kafka_produce_"},
		rows: []row{
			{"Requests", []panel{
				{
					title: "Answers by status", unit: "reqps", see: "MlfIngestFails",
					about:  "503: Kafka is slow or away, or a limit is reached; terminals come back. 401: tokens were changed, or somebody tries. 500: a defect.",
					series: []series{{rate("code", "mlf_ingest_requests_total"), "{{code}}", ""}},
				},
				{
					title: "Requests by process", unit: "reqps", see: "MlfSaturated",
					about:  "One has far more than others: connections are kept, and the balancer does not spread them.",
					series: []series{{rate("instance, pod", "mlf_ingest_requests_total"), "{{instance}} {{pod}}", ""}},
				},
				{
					title: "Time of requests with votes", unit: "s", see: "MlfIngestSlow",
					about:  "Slow with a quiet processor: Kafka's acknowledgements are slow.",
					series: quantiles(`mlf_ingest_request_duration_seconds{endpoint="votes"}`, Votes),
				},
				{
					title: "Being answered", unit: "none", see: "MlfIngestSlow",
					about:  "Requests under way. Rising with a quiet processor: Kafka's acknowledgements are slow.",
					series: []series{{`sum by (instance, pod) (mlf_ingest_inflight_requests)`, "{{instance}} {{pod}}", ""}},
				},
			}},
			{"Votes", []panel{
				{
					title: "Accepted", unit: "cps", see: "MlfIngestFails",
					about:  "Votes that are on the log, of requests that were answered.",
					series: []series{{rate("", `mlf_ingest_votes_total{result="accepted"}`), "accepted", ""}},
				},
				{
					title: "Rejected", unit: "cps", see: "MlfIngestFails",
					about:  "By reason. More than a few: the program of some terminals is defective.",
					series: []series{{rate("reason", `mlf_ingest_votes_total{result="rejected"}`), "{{reason}}", ""}},
				},
				{
					title: "Accepted with a warning", unit: "cps", see: "MlfIngestFails",
					about:  "bad_time: clocks of terminals are wrong. unknown_service: they were enrolled with other lists.",
					series: []series{{rate("code", "mlf_ingest_warnings_total"), "{{code}}", ""}},
				},
				{
					title: "Numbers of served users", unit: "cps", see: "MlfIngestFails",
					about:  "By what became of them. Many stale or in conflict: two programs tell of one office, service and channel.",
					series: []series{{rate("result, reason", "mlf_ingest_served_rows_total"), "{{result}} {{reason}}", ""}},
				},
				{
					title: "Heartbeats", unit: "cps", see: "MlfIngestFails",
					about:  "By what became of them. full: Kafka does not take them. copied: devices with one image, which /v1/fleet names.",
					series: []series{{rate("outcome", "mlf_ingest_heartbeats_total"), "{{outcome}}", ""}},
				},
			}},
			{"Kafka slow or away", []panel{
				{
					title: "Not acknowledged", unit: "reqps", see: "MlfIngestFails",
					about: "Requests whose votes Kafka did not take. The terminals send again; nothing is lost.",
					series: []series{
						{rate("", "mlf_ingest_unacknowledged_total"), "no acknowledgement in time", ""},
						{rate("", "mlf_kafka_produce_full_total"), "too much was waiting", ""},
					},
				},
				{
					title: "Bytes that wait for Kafka", unit: "percentunit", share: true, alerts: []alert{{"MlfSaturated", "mlf_kafka_produce_pending_bytes /"}},
					about:  "Of the most that may. At the limit votes are answered 503.",
					series: []series{{`max by (instance, pod) (mlf_kafka_produce_pending_bytes / mlf_kafka_produce_pending_bytes_max)`, "{{instance}} {{pod}}", ""}},
				},
				{
					title: "Until all replicas have it", unit: "s", see: "MlfIngestSlow",
					about:  "From a batch's first attempt to its acknowledgement. Rising: look at the brokers' disks and at replication.",
					series: quantiles("mlf_kafka_produce_duration_seconds", Votes),
				},
				{
					title: "Batches", unit: "cps", see: "MlfIngestFails",
					about: "error: Kafka refused or was away too long; abandoned: nobody waited for it any more. Steady repetitions: the network, or too few in-sync replicas.",
					series: []series{
						{rate("result", "mlf_kafka_produce_batches_total"), "{{result}}", ""},
						{rate("", "mlf_kafka_produce_retries_total"), "repetitions", ""},
					},
				},
			}},
			{"Limits", []panel{
				{
					title: "Bytes of requests", unit: "percentunit", share: true, alerts: []alert{{"MlfSaturated", "mlf_ingest_inflight_bytes /"}},
					about:  "Of the most that are held before terminals are told to come back: Kafka is slow, or more processes are needed.",
					series: []series{{`max by (instance, pod) (mlf_ingest_inflight_bytes / mlf_ingest_inflight_bytes_max)`, "{{instance}} {{pod}}", ""}},
				},
				{
					title: "Connections", unit: "percentunit", share: true, alerts: []alert{{"MlfSaturated", "mlf_ingest_connections /"}},
					about:  "Of the most that may be open; beyond, new ones are refused. More processes are needed, or a proxy holds too many.",
					series: []series{{`max by (instance, pod) (mlf_ingest_connections / mlf_ingest_connections_max)`, "{{instance}} {{pod}}", ""}},
				},
				{
					title: "Connections made and refused", unit: "cps", see: "MlfSaturated",
					about: "Of TLS by kind: resumed costs a fraction of full. Many full: terminals do not keep their sessions.",
					series: []series{
						{rate("kind", "mlf_ingest_tls_handshakes_total"), "TLS, {{kind}}", ""},
						{rate("", "mlf_ingest_connections_refused_total"), "refused", ""},
					},
				},
				{
					title: "Panics", unit: "none", alerts: []alert{{"MlfPanics", ""}},
					about:  "Requests that met a defect and were answered 500. Any: report the stack in the log.",
					series: []series{{increase("", "mlf_ingest_panics_total"), "", ""}},
				},
			}},
		},
	}
}
