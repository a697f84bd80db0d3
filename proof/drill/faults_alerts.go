package drill

// alertFaults are of alerts of bodies: when they open and close, who is told, and how often.
func alertFaults() []fault {
	share, life := site{"query/alert/share.go", "query/alert"}, site{"query/alert/life.go", "query/alert"}
	tell, judge := site{"query/alert/tell.go", "query/alert"}, site{"query/alert/judge.go", "query/alert/watch"}
	silence, watcher := site{"query/alert/silence.go", "query/alert/watch"}, site{"query/alert/watch/watcher.go", "query/alert/watch"}
	told, nouns := site{"query/alert/watch/tell.go", "query/alert/watch"}, site{"schema/alert/alert.go", "schema/alert"}
	book, routes := site{"schema/alert/book.go", "schema/alert"}, site{"query/alert/routes/settings.go", "query"}
	door := site{"query/alert/routes/routes.go", "query"}
	const (
		flaps, flooded, agree = "TestAnAlertDoesNotFlap", "TestABodyIsNotFlooded", "TestWatchersAgree"
	)
	return []fault{
		share.fault("an alert at 1.96 standard deviations", "TestFalseAlarmsAreRare", "const openZ = 3.8", "const openZ = 1.96"),
		share.fault("an alert at eight standard deviations", "TestARiseIsFound", "const openZ = 3.8", "const openZ = 8.0"),
		share.fault("queues are taken for independent votes", "TestFalseAlarmsAreRare", "a.Effect, b.Effect = effect, effect", "_, a.Effect, b.Effect = effect, 1, 1"),
		life.fault("what nobody can say closes an alert", flaps, "if !v.Known || before != nil", "if before != nil"),
		life.fault("an alert closes as soon as it is calm", flaps, "case enough(after.Calm):", "case true:"),
		life.fault("a bad hour does not begin the calm anew", flaps, "case !v.Calm:\n\t\tafter.Calm = time.Time{}", "case !v.Calm:"),
		life.fault("each opening is another alert", flaps, "case a.State == alert.Closed && now.Sub(a.Closed) >= reopenFor:", "case a.State == alert.Closed:"),
		life.fault("the later of two open alerts", "TestCurrent", "(a.First < current.First ||", "(a.First > current.First ||"),
		tell.fault("messages in quiet hours", "TestQuietHoursHoldMessagesBack", "len(s.Targets()) == 0 || s.Quiet.Holds(now) {", "len(s.Targets()) == 0 {"),
		tell.fault("as many messages as there are alerts", flooded, "case len(due) <= room:", "case len(due) >= 0:"),
		tell.fault("twenty messages an hour", flooded, "told[t.Message] = true", "told[t.Message] = false\n\t\t\tdelete(told, t.Message)"),
		tell.fault("acknowledged, and told again", "TestWhatIsTold", "case acknowledged || last != nil", "case last != nil"),
		tell.fault("opened again, and told within a day", "TestWhatIsTold", "last != nil && now.Sub(last.At) < tellAgain:", "last != nil && now.Sub(last.At) < 0:"),
		tell.fault("an end is told every day", "TestWhatIsTold", "if told && !ended &&", "if told &&"),
		tell.fault("a message is sent for ever", "TestPending", "now.Sub(t.At) >= sendFor || !lacks", "!lacks"),
		judge.fault("holidays are compared with working days", "TestRedIsToldAndEnds", "s.Day.Kind() == calendar.Holiday &&", "s.Day.Kind() > calendar.Holiday &&"),
		silence.fault("the country's silence is each body's", "TestTheCountrysSilenceIsNoBodys", "heard >= countryMin && 2*c.Silent > heard", "heard < 0"),
		silence.fault("terminals that are back for a moment", "TestSilenceIsOneAlert", "backFor = 2 * time.Hour", "backFor = time.Minute"),
		silence.fault("silence of half an hour", "TestSilenceIsOneAlert", "silentAfter + int(q.Rule.Threshold*60)", "silentAfter"),
		watcher.fault("counts that are behind are judged by", "TestNothingIsJudgedByHalf", "if counted == nil || q.Rule.Kind == alert.Silence {", "if counted != nil || counted == nil {"),
		watcher.fault("a rule that is off has open alerts", "TestARuleThatIsTurnedOffEnds", "a.State == alert.Open && !wanted[a.ID]", "a.State == alert.Open && wanted[a.ID] && hour.IsZero()"),
		watcher.fault("alerts are kept for ever", "TestOldAlertsAreTakenBack", "if now.Sub(a.Updated) < keepFor {", "if true {"),
		told.fault("a message is sent, and then written down", "TestADyingWatcherTellsOnce", "for _, a := range m.Alerts {\n\t\t\tafter := *a", "for _, target := range s.Targets() {\n\t\t\tw.send(s, &m, target)\n\t\t}\n\t\tfor _, a := range m.Alerts {\n\t\t\tafter := *a"),
		told.fault("what became of a message is forgotten", agree, "t.Results = map[string]alert.Outcome{l.target: l.Outcome}\n\t\t\tafter.Note(t)", "after.Note(t)"),
		nouns.fault("an id of its own for each watcher", "TestTheIDSaysWhatItIsAbout", `fmt.Appendf(nil, "%s\n%s\n%s\n%d", body, kind, scope, first)`, `fmt.Appendf(nil, "%s\n%s\n%s", body, kind, scope)`),
		nouns.fault("the last who writes decides what was told", "TestWhatEitherToldIsKept", "later.Told = joinTold(a.Told, b.Told)", "later.Told = joinTold(later.Told, nil)"),
		nouns.fault("a failure after a delivery", "TestWhatEitherToldIsKept", "if a.Delivered != b.Delivered {\n\t\treturn a.Delivered\n\t}\n", ""),
		book.fault("what is behind is not put again", "TestAnyOrderComesToTheSame", "b.behind[r.Key] = struct{}{}\n\treturn nil\n}\n\n// Behind", "return nil\n}\n\n// Behind"),
		book.fault("the last of a version holds", "TestTheFirstOfAVersionHolds", "case held == nil || s.Version > held.Version:", "case held == nil || s.Version >= held.Version:"),
		book.fault("acknowledged for good", "TestNotesAcknowledgeUntilItOpensAgain", "n.Acknowledges && !n.At.Before(a.Opened)", "n.Acknowledges"),
		routes.fault("settings are overwritten", "TestSettingsAreNotOverwritten", "case *wanted.Version != before.Version:", "case *wanted.Version > before.Version:"),
		routes.fault("a secret at each change", "TestSettingsAreNotOverwritten", "return o.ID == h.ID }) {", "return o.ID == h.ID && o.ID == \"\" }) {"),
		door.fault("another body's alerts", "TestAlertsAreTheBodys", "who.Role == access.Body && !slices.Contains(who.Own.Bodies, code) ||", "who.Role == access.Public && !slices.Contains(who.Own.Bodies, code) ||"),
		door.fault("analysts change what bodies want", "TestAlertsAreTheBodys", "who.Role == access.Analyst {", "who.Role == access.Public {"),
	}
}
