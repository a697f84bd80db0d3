package routes

import (
	"maps"
	"net/http"
	"slices"
	"time"

	"mlf/query/access"
	"mlf/query/desk"
	"mlf/schema"
	"mlf/schema/alert"
)

// A tested is a test message as answers have it.
type tested struct {
	ID      string     `json:"id"`
	By      string     `json:"by"`
	Asked   time.Time  `json:"asked"`
	Results []delivery `json:"results"` // Of those targets of which it is known.
}

// A setting is the settings of a body as answers have them.
type setting struct {
	IPA      schema.BodyCode   `json:"ipa"`
	Version  uint64            `json:"version"`
	Language string            `json:"language"`
	Rules    []alert.Rule      `json:"rules"`
	Webhooks []alert.Webhook   `json:"webhooks"`
	Emails   []string          `json:"emails"`
	Quiet    *alert.Quiet      `json:"quiet_hours"`
	By       string            `json:"by"`
	At       *time.Time        `json:"at"` // Null where nobody set anything.
	Test     *tested           `json:"test"`
	Secrets  map[string]string `json:"secrets,omitempty"` // Of webhooks that are new: they are said once.
}

// settingOf returns settings as answers have them.
func (s *server) settingOf(of *alert.Settings) setting {
	a := setting{
		IPA: of.Body, Version: of.Version, Language: of.Language, Rules: of.Rules, Webhooks: of.Webhooks, Emails: of.Emails, Quiet: of.Quiet, By: of.By,
	}
	if !of.At.IsZero() {
		a.At = &of.At
	}
	a.Rules, a.Webhooks, a.Emails = some(a.Rules), some(a.Webhooks), some(a.Emails)
	if t := s.Book.Test(of.Body); t != nil {
		a.Test = &tested{t.ID, t.By, t.Asked, []delivery{}}
		for _, target := range sortedTargets(t.Results) {
			o := t.Results[target]
			a.Test.Results = append(a.Test.Results, delivery{"test", target, o.At, o.Delivered, o.Detail})
		}
	}
	return a
}

// some makes an empty list of none.
func some[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

func sortedTargets(of map[string]alert.Outcome) []string { return slices.Sorted(maps.Keys(of)) }

// held returns the settings of a body, or the usual ones.
func (s *server) held(body schema.BodyCode) *alert.Settings {
	if of := s.Book.Settings(body); of != nil {
		return of
	}
	return alert.Usual(body)
}

// settings answers GET …/alert-settings.
func (s *server) settings(w http.ResponseWriter, r *http.Request, who access.Identity) error {
	body, err := s.body(r, who)
	if err != nil {
		return err
	}
	return answer(w, http.StatusOK, s.settingOf(s.held(body)))
}

// change answers PUT …/alert-settings.
func (s *server) change(w http.ResponseWriter, r *http.Request, who access.Identity) error {
	body, err := s.body(r, who)
	if err != nil {
		return err
	}
	var wanted struct {
		Version  *uint64         `json:"version"`
		Language string          `json:"language"`
		Rules    []alert.Rule    `json:"rules"`
		Webhooks []alert.Webhook `json:"webhooks"`
		Emails   []string        `json:"emails"`
		Quiet    *alert.Quiet    `json:"quiet_hours"`
	}
	if err := desk.Read(w, r, settingsBytesMax, &wanted); err != nil {
		return err //nolint:wrapcheck // It says it all.
	}
	before := s.held(body)
	switch {
	case wanted.Version == nil:
		return desk.Malformed("version: want the one that was read")
	case *wanted.Version != before.Version:
		return s.changed(before)
	}
	after := &alert.Settings{
		Body: body, Version: before.Version + 1, Change: newID(), Language: wanted.Language, Rules: wanted.Rules, Webhooks: wanted.Webhooks,
		Emails: wanted.Emails, Quiet: wanted.Quiet, By: by(who), At: s.Now().UTC().Truncate(time.Millisecond),
	}
	if err := s.checkTargets(after); err != nil {
		return err
	}
	record, err := after.Record()
	if err := s.put(r.Context(), record, err); err != nil {
		return err
	}
	if err := s.await(r.Context(), func() bool { return s.held(body).Version >= after.Version }); err != nil {
		return away(err, "it is not known whether this was written; read the settings again")
	}
	if now := s.held(body); now.Version == after.Version && now.Change != after.Change {
		// Another was first on the log. What is last there must be what holds, or the two would be
		// exchanged when the topic is compacted.
		record, err := now.Record()
		if err := s.put(r.Context(), record, err); err != nil {
			return err
		}
		return s.changed(now)
	}
	answered := s.settingOf(after)
	answered.Secrets = s.secrets(before, after)
	return answer(w, http.StatusOK, answered)
}

// changed is the refusal of a change of what another has changed meanwhile.
func (s *server) changed(now *alert.Settings) error {
	r := &desk.Refusal{
		Status: http.StatusConflict, Type: "changed", Title: "Somebody has changed this meanwhile",
		Detail: "the settings are of another version than the one that was read; read them again, and change those",
	}
	return r.With("version", now.Version)
}

// checkTargets refuses targets that nothing could be sent to.
func (s *server) checkTargets(of *alert.Settings) error {
	if len(of.Webhooks) > 0 && s.Secret == nil {
		return &desk.Refusal{Status: http.StatusConflict, Type: "no-webhooks", Title: "There are no webhooks here", Detail: "the operator has set no key that messages are signed with (--alert-key-file); want e-mail addresses alone"}
	}
	if s.Check == nil {
		return nil
	}
	for _, h := range of.Webhooks {
		if err := s.Check("webhook", h.URL); err != nil {
			return desk.Malformed("webhook %.32q: %v", h.ID, err)
		}
	}
	for _, address := range of.Emails {
		if err := s.Check("email", address); err != nil {
			return desk.Malformed("%v", err)
		}
	}
	return nil
}

// secrets returns those of the webhooks that were not there before.
func (s *server) secrets(before, after *alert.Settings) map[string]string {
	var all map[string]string
	for _, h := range after.Webhooks {
		if slices.ContainsFunc(before.Webhooks, func(o alert.Webhook) bool { return o.ID == h.ID }) {
			continue
		}
		if all == nil {
			all = make(map[string]string)
		}
		all[h.ID] = s.Secret(after.Body, h.ID)
	}
	return all
}

// test answers POST …/test: whoever watches sends a message to all targets.
func (s *server) test(w http.ResponseWriter, r *http.Request, who access.Identity) error {
	body, err := s.body(r, who)
	if err != nil {
		return err
	}
	of, now := s.Book.Settings(body), s.Now().UTC().Truncate(time.Millisecond)
	if of == nil || len(of.Targets()) == 0 {
		return &desk.Refusal{Status: http.StatusConflict, Type: "nobody-to-tell", Title: "There is nobody to tell", Detail: "the settings have no webhook and no e-mail address"}
	}
	if before := s.Book.Test(body); before != nil && now.Sub(before.Asked) < testEvery {
		return &desk.Refusal{Status: http.StatusTooManyRequests, Type: "rate-limited", Title: "Too many tests", Detail: "a test may be asked for once a minute", Retry: testEvery}
	}
	t := &alert.Test{Body: body, ID: newID(), By: by(who), Asked: now}
	record, err := t.Record()
	if err := s.take(r.Context(), record, err); err != nil {
		return err
	}
	return answer(w, http.StatusAccepted, s.settingOf(of))
}
