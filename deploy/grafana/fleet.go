package grafana

// fleet is of processes, whatever they do.
func fleet() board {
	return board{
		uid: "mlf-fleet", title: "mlf: fleet",
		about:     "Which processes run, of which version, with what they take of their machines.",
		instances: "mlf_ready", own: []string{"mlf_ready", "mlf_build_info", "mlf_log_messages_", "mlf_dependency_", "mlf_tls_", "go_", "process_"},
		rows: []row{
			{"Processes", []panel{
				{
					title: "Running", unit: "none", number: true, see: "MlfAbsent",
					about: "Processes that are scraped, by what they do; mlf up does all. None of a kind: they do not run, or Prometheus does not find them.",
					series: []series{
						{`count(mlf_ingest_connections)`, "ingest", ""},
						{`count(mlf_aggregate_unflushed_rows)`, "aggregate", ""},
						{`count(mlf_query_cube_standing)`, "query", ""},
						{`count(mlf_probe_success)`, "probe", ""},
					},
				},
				{
					title: "Versions", unit: "none", number: true, see: "MlfVersionsMixed",
					about:  "Processes of each. More than one for an hour: a rollout is stuck.",
					series: []series{{`count by (version, revision) (mlf_build_info)`, "{{version}} {{revision}}", ""}},
				},
			}},
			{"How they are", []panel{
				{
					title: "Ready", unit: "bool_yes_no", alerts: []alert{{"MlfNotReady", ""}},
					about:  "What /readyz says. No, for long: /readyz?verbose of that process names what is missing.",
					series: []series{{`min by (instance, pod) (mlf_ready)`, "{{instance}} {{pod}}", ""}},
				},
				{
					title: "Running for", unit: "s", see: "MlfVersionsMixed",
					about:  "Falls at each start. Without a rollout: the log of the one before says why, or the kernel took it for its memory.",
					series: []series{{`time() - max by (instance, pod) (process_start_time_seconds and mlf_ready)`, "{{instance}} {{pod}}", ""}},
				},
				{
					title: "Errors and warnings on the log", unit: "cps", see: "MlfPanics",
					about:  "Errors are for people: read them. A jump of warnings is a neighbour in trouble.",
					series: []series{{rate("level", `mlf_log_messages_total{level=~"error|warn"}`), "{{level}}", ""}},
				},
				{
					title: "Lines by process", unit: "cps", see: "MlfPanics",
					about:  "All levels.",
					series: []series{{rate("instance, pod", "mlf_log_messages_total"), "{{instance}} {{pod}}", ""}},
				},
				{
					title: "Neighbours that answer", unit: "bool_yes_no", alerts: []alert{{"MlfDependencyDownForSome", ""}},
					about:  "By process. Some do not reach one that others reach: the line between them, or credentials.",
					series: []series{{`min by (instance, pod, dependency) (mlf_dependency_up)`, "{{dependency}} {{instance}} {{pod}}", ""}},
				},
			}},
			{"What they take", []panel{
				{
					title: "Processor", unit: "none", see: "MlfIngestSlow",
					about:  "Cores in use.",
					series: []series{{`sum by (instance, pod) (rate(process_cpu_seconds_total` + window + `) and mlf_ready)`, "{{instance}} {{pod}}", ""}},
				},
				{
					title: "Memory", unit: "bytes", see: "MlfAbsent",
					about:  "Resident. Pages of mapped files are in it, which the kernel may take back.",
					series: []series{{`max by (instance, pod) (process_resident_memory_bytes and mlf_ready)`, "{{instance}} {{pod}}", ""}},
				},
				{
					title: "Live heap of the collector's limit", unit: "percentunit", share: true, see: "MlfAbsent",
					about:  "GOMEMLIMIT. Near it the collector takes the processor; beyond the container's limit the kernel ends the process. Without a limit it is 0.",
					series: []series{{`max by (instance, pod) (go_gc_heap_live_bytes / go_gc_gomemlimit_bytes and mlf_ready)`, "{{instance}} {{pod}}", ""}},
				},
				{
					title: "Open files", unit: "percentunit", share: true, see: "MlfSaturated",
					about:  "Of the most that the process may have. Connections are files.",
					series: []series{{`max by (instance, pod) (process_open_fds / process_max_fds and mlf_ready)`, "{{instance}} {{pod}}", ""}},
				},
				{
					title: "Goroutines", unit: "none", see: "MlfIngestSlow",
					about:  "Rising without end is a leak: report it with /debug/pprof/goroutine of the admin listener.",
					series: []series{{`max by (instance, pod) (go_goroutines and mlf_ready)`, "{{instance}} {{pod}}", ""}},
				},
				{
					title: "Until a goroutine runs", unit: "s", see: "MlfIngestSlow",
					about:  "99 % wait less. Milliseconds: the processor is too small, or a limit throttles it.",
					series: []series{{`histogram_quantile(0.99, sum by (le, instance, pod) (rate(go_sched_latencies_seconds_bucket` + window + `) and on (instance) mlf_ready))`, "{{instance}} {{pod}}", ""}},
				},
				{
					title: "Processor for the collector", unit: "none", see: "MlfAbsent",
					about:  "Cores. Much beside a live heap near its limit: more memory.",
					series: []series{{`sum by (instance, pod) (rate(go_cpu_classes_gc_total_cpu_seconds_total` + window + `) and mlf_ready)`, "{{instance}} {{pod}}", ""}},
				},
				{
					title: "Network", unit: "Bps", see: "MlfIngestSlow",
					about: "Of the pod or machine, received and sent.",
					series: []series{
						{`sum by (instance, pod) (rate(process_network_receive_bytes_total` + window + `) and mlf_ready)`, "received {{instance}} {{pod}}", ""},
						{`sum by (instance, pod) (rate(process_network_transmit_bytes_total` + window + `) and mlf_ready)`, "sent {{instance}} {{pod}}", ""},
					},
				},
			}},
			{"Certificates", []panel{
				{
					title: "Time until they end", unit: "s", alerts: []alert{{"MlfCertificateEndsToday", ""}, {"MlfCertificateEnds", ""}},
					about:  "Replace the files; no restart is needed. Empty without TLS.",
					series: []series{{`min by (name) (mlf_tls_certificate_not_after_timestamp_seconds) - time()`, "{{name}}", Encryption}},
				},
				{
					title: "Files that cannot be used", unit: "cps", alerts: []alert{{"MlfCertificateRefused", ""}},
					about:  "They do not match their key, are damaged or have ended. The ones before are in use.",
					series: []series{{rate("name", "mlf_tls_reload_errors_total"), "{{name}}", Encryption}},
				},
			}},
		},
	}
}
