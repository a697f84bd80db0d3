package grafana

// terminals is of the devices that citizens vote with.
func terminals() board {
	return board{
		uid: "mlf-terminals", title: "mlf: terminals",
		about:     "How the terminals of the country do, by what they say of themselves and by their votes. Which ones: /v1/fleet. Heartbeats as they come in are on mlf: ingest.",
		instances: "mlf_query_cube_standing", own: []string{"mlf_query_fleet_", "mlf:terminals_"},
		rows: []row{
			{"How they do", []panel{
				{
					title: "Terminals", unit: "none", see: "MlfTerminalsSilent",
					about:  "All that may vote, none of tests. unheard: nothing came of them yet.",
					series: []series{{`sum by (state) (max by (region, state) (mlf_query_fleet_terminals))`, "{{state}}", ""}},
				},
				{
					title: "Silent, by region", unit: "percentunit", see: "MlfTerminalsSilent",
					about:  "Share of those that were ever heard. It grows in opening hours alone. The alert is of what came within a day.",
					series: []series{{`mlf:terminals_silent:ratio`, "{{region}}", ""}},
				},
				{
					title: "On two devices", unit: "none", alerts: []alert{{"MlfTerminalsCopied", ""}},
					about:  "Terminals whose image runs twice: some of their votes are conflicts.",
					series: []series{{`sum(max by (region) (mlf_query_fleet_terminals{state="copied"}))`, "", ""}},
				},
				{
					title: "Lost what they had stored", unit: "percentunit", alerts: []alert{{"MlfTerminalsLostVotes", ""}},
					about:  "Share of those that were ever heard.",
					series: []series{{`sum(max by (region) (mlf_query_fleet_terminals{state="lost"})) / mlf:terminals_heard:sum`, "", ""}},
				},
			}},
			{"What waits in them", []panel{
				{
					title: "Votes in devices", unit: "none", see: "MlfVotesNotTaken",
					about:  "By their last heartbeats. A hill after an outage is as it should be.",
					series: []series{{`max(mlf_query_fleet_waiting_votes)`, "", ""}},
				},
				{
					title: "Heard, and not taken", unit: "percentunit", alerts: []alert{{"MlfVotesNotTaken", ""}},
					about:  "Terminals whose heartbeats come while a vote has waited in them for more than an hour.",
					series: []series{{`max(mlf_query_fleet_untaken_terminals) / mlf:terminals_heard:sum`, "", ""}},
				},
			}},
		},
	}
}
