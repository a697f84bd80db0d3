package bodies_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"mlf/ingest/enrolment"
	"mlf/query/client"
	"mlf/schema"
	"mlf/schema/network"
)

// totem wants a code for a totem in a comune.
func totem(comune string, more ...func(*client.WantedClaim)) *client.WantedClaim {
	w := &client.WantedClaim{Comune: comune, Office: "sportello", Channel: "totem", Services: []string{"anagrafe", "tributi"}}
	for _, change := range more {
		change(w)
	}
	return w
}

func withID(n int) func(*client.WantedClaim) {
	return func(w *client.WantedClaim) { w.ID = fmt.Sprintf("00000000-0000-4000-8000-%012x", n) }
}

// redeem makes a device of a code, as another process does; n is the device.
func (w *world) redeem(code string, n, terminals int) error {
	w.t.Helper()
	o, err := enrolment.NewOffers(w.t.Context(), w.client())
	if err != nil {
		w.t.Fatal(err)
	}
	a := enrolment.Attempt{Code: code, Claim: fmt.Sprintf("00000000-0000-4000-8000-%012x", n)}
	for i := range terminals {
		a.Tokens = append(a.Tokens, schema.HashToken(fmt.Append(nil, n, "-", i)))
	}
	_, err = o.Redeem(w.t.Context(), a, w.clock())
	return err
}

// TestACodeBecomesATerminal: it is told once, kept nowhere, and good for one device.
func TestACodeBecomesATerminal(t *testing.T) {
	w := newWorld(t)
	p := w.process()
	sestriere := p.as(w.token("sara", "body", "mlf_bodies", "c_i692"))
	made, err := sestriere.MakeClaim(t.Context(), "c_i692", totem("001263", withID(1)))
	if err != nil {
		t.Fatal(err)
	}
	plain := strings.ReplaceAll(made.Code, "-", "")
	if made.URL != "https://totem.example.it/k/#c="+plain || len(made.Terminals) != 1 || len(made.More) != 0 || time.Until(made.Expires) < 23*time.Hour || made.Hash != network.Code(plain).Hash().String() {
		t.Errorf("got %+v", made)
	}
	for key, value := range w.records() {
		if strings.Contains(value, plain) || strings.Contains(key, plain) || strings.Contains(value, made.Code) {
			t.Errorf("the code is in %s: %s", key, value)
		}
	}
	of := func(state string) client.BodyClaim {
		t.Helper()
		claims, err := sestriere.BodyClaims(t.Context(), "c_i692", state)
		if err != nil || claims.Total != 1 {
			t.Fatalf("got %+v, %v, want one that is %s", claims, err, state)
		}
		return claims.Claims[0]
	}
	if open := of("open"); open.Hash != made.Hash || open.By != "sara" || open.ID != "00000000-0000-4000-8000-000000000001" || open.Terminals[0].Terminal != made.Terminals[0] ||
		open.Terminals[0].Body != "c_i692" || strings.Join(open.Terminals[0].Services, " ") != "anagrafe tributi" || open.Device != "" {
		t.Errorf("got %+v", open)
	}
	if err := w.redeem(made.Code, 7, 1); err != nil {
		t.Fatal(err)
	}
	w.until(func() bool {
		e := p.network.Terminals().ByToken([]byte("7-0"))
		return e != nil && e.Terminal.String() == made.Terminals[0]
	})
	if used := of("used"); used.Device != "00000000-0000-4000-8000-000000000007" {
		t.Errorf("got %+v", used)
	}
	terminals, err := sestriere.BodyTerminals(t.Context(), "c_i692", "claimed")
	if err != nil || terminals.Total != 1 || terminals.Terminals[0].Device != "00000000-0000-4000-8000-000000000007" || terminals.Terminals[0].Office != "sportello" {
		t.Errorf("got %+v, %v", terminals, err)
	}
	p.refuses(http.StatusConflict, "claim-used", func() error { _, err := sestriere.WithdrawClaim(t.Context(), "c_i692", made.Hash); return err })
	p.refuses(http.StatusConflict, "claim-used", func() error {
		_, err := sestriere.MakeClaim(t.Context(), "c_i692", totem("001263", withID(1)))
		return err
	})
}

// refuses holds what something is refused with.
func (p *process) refuses(status int, kind string, something func() error) {
	p.t.Helper()
	var refused *client.Problem
	if err := something(); !errors.As(err, &refused) || refused.Status != status || refused.Type != schema.ProblemURN(kind) {
		p.t.Errorf("got %v, want %d %s", err, status, kind)
	}
}

// TestWhatMayBeClaimed: a body's own comuni, or its token's, and what there is.
func TestWhatMayBeClaimed(t *testing.T) {
	w := newWorld(t)
	p := w.process()
	f := func(want, token, ipa string, wanted any) {
		t.Helper()
		p.says(want, p.do(token, http.MethodPost, "/v1/bodies/"+ipa+"/claims", wanted))
	}
	sestriere, union := w.token("sara", "body", "mlf_bodies", "c_i692"), w.token("ugo", "body", "mlf_bodies", "uc_x")
	change := func(change func(*client.WantedClaim)) *client.WantedClaim { return totem("001263", change) }
	f("400 bad-member comune: 058091 does not belong to the body today", sestriere, "c_i692", totem("058091"))
	f("400 bad-member comune: 001272 does not belong to the body today", union, "uc_x", totem("001272")) // Any more.
	f("201", w.token("sara", "body", "mlf_bodies", "c_i692", "mlf_comuni", "058091"), "c_i692", totem("058091"))
	f("201", w.token("olga", "operator"), "c_i692", totem("058091"))
	f("403 forbidden", w.token("ada", "analyst"), "c_i692", totem("001263"))
	f("404 not-found", w.token("rita", "body", "mlf_bodies", "c_h501"), "c_i692", totem("001263"))
	f("401 unknown-token", "", "c_i692", totem("001263"))
	f("400 bad-member comune", sestriere, "c_i692", totem("999999"))
	f("400 bad-member comune", sestriere, "c_i692", totem(""))
	f("400 bad-member comuni: want comune, or comuni", union, "uc_x", change(func(w *client.WantedClaim) { w.Comuni = []string{"001201"} }))
	f("400 bad-member comuni: 001201 is there twice", union, "uc_x", change(func(w *client.WantedClaim) { w.Comune, w.Comuni = "", []string{"001201", "001201"} }))
	f("400 bad-member office", sestriere, "c_i692", change(func(w *client.WantedClaim) { w.Office = "a b" }))
	f("400 bad-member office: want one of the token's", w.token("bice", "body", "mlf_bodies", "c_i692", "mlf_offices", "biblioteca"), "c_i692", totem("001263"))
	f("400 bad-member services: tributi is none of the token's", w.token("bice", "body", "mlf_bodies", "c_i692", "mlf_services", "anagrafe"), "c_i692", totem("001263"))
	f("400 bad-member channel", sestriere, "c_i692", change(func(w *client.WantedClaim) { w.Channel = "fax" }))
	f("400 bad-member scale", sestriere, "c_i692", change(func(w *client.WantedClaim) { w.Scale = "mlf4" }))
	f("400 bad-member services: want 1 to 64", sestriere, "c_i692", change(func(w *client.WantedClaim) { w.Services = nil }))
	f("400 bad-member services", sestriere, "c_i692", change(func(w *client.WantedClaim) { w.Services = []string{"fortuna"} }))
	f("400 bad-member services: anagrafe is there twice", sestriere, "c_i692", change(func(w *client.WantedClaim) { w.Services = []string{"anagrafe", "anagrafe"} }))
	f("400 bad-member default_service", sestriere, "c_i692", change(func(w *client.WantedClaim) { w.DefaultService = "scuola" }))
	f("400 bad-member count", sestriere, "c_i692", change(func(w *client.WantedClaim) { w.Count = 61 }))
	f("400 bad-member kiosk", sestriere, "c_i692", change(func(w *client.WantedClaim) { w.Kiosk = "javascript:alert(1)" }))
	f("400 bad-member id", sestriere, "c_i692", change(func(w *client.WantedClaim) { w.ID = "seven" }))
	f("400 malformed-body", sestriere, "c_i692", `{"comune":"001263","colour":"red"}`)
	f("400 malformed-body comune: given twice", sestriere, "c_i692", `{"comune":"001263","comune":"001201"}`)
	f("413 too-large", sestriere, "c_i692", `{"office":"`+strings.Repeat("x", 17<<10)+`"}`)
	if got := p.do(sestriere, http.MethodPost, "/v1/bodies/c_i692/claims", ""); got.StatusCode != http.StatusUnsupportedMediaType {
		t.Errorf("got %d %s", got.StatusCode, got.body)
	}

	// One device of a union, for a member that takes part itself and one that does not.
	made, err := p.as(union).MakeClaim(t.Context(), "uc_x", &client.WantedClaim{
		Comuni: []string{"001263", "001201"}, Channel: "totem", Services: []string{"tributi", "anagrafe"}, DefaultService: "anagrafe", Test: true, Kiosk: "https://k.example.it/k/",
	})
	if err != nil || len(made.Terminals) != 2 || !strings.HasPrefix(made.URL, "https://k.example.it/k/#c=") {
		t.Fatalf("got %+v, %v", made, err)
	}
	claims, err := p.as(union).BodyClaims(t.Context(), "uc_x", "open")
	if err != nil || claims.Total != 1 {
		t.Fatalf("got %+v, %v", claims, err)
	}
	for i, want := range []string{"c_i692 001263 [anagrafe tributi] true", "uc_x 001201 [anagrafe tributi] true"} {
		of := claims.Claims[0].Terminals[i]
		if got := fmt.Sprint(of.Body, " ", of.Comune, " ", of.Services, " ", of.Test); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

// TestACodeWhoseAnswerWasLost: the same request again makes it anew, and of all codes that
// it has made one works.
func TestACodeWhoseAnswerWasLost(t *testing.T) {
	w := newWorld(t)
	p, other := w.process(), w.process()
	token := w.token("sara", "body", "mlf_bodies", "c_i692")
	three := totem("001263", withID(1), func(w *client.WantedClaim) { w.Count = 3 })
	p.fails.after.Store(true)
	p.refuses(http.StatusServiceUnavailable, "unacknowledged", func() error { _, err := p.as(token).MakeClaim(t.Context(), "c_i692", three); return err })
	p.fails.after.Store(false)
	first, err := p.as(token).MakeClaim(t.Context(), "c_i692", three)
	if err != nil || len(first.More) != 2 {
		t.Fatalf("got %+v, %v", first, err)
	}
	w.until(func() bool { return len(other.network.Offers()) == 4 })
	second, err := other.as(token).MakeClaim(t.Context(), "c_i692", three)
	if err != nil || len(second.More) != 2 || second.Code == first.Code {
		t.Fatalf("got %+v, %v", second, err)
	}
	for _, code := range append(first.More, first.MadeCode) {
		if err := w.redeem(code.Code, 1, 1); !errors.Is(err, enrolment.ErrGone) {
			t.Errorf("got %v, want a code that was withdrawn", err)
		}
	}
	for i, code := range append(second.More, second.MadeCode) {
		if err := w.redeem(code.Code, 10+i, 1); err != nil {
			t.Error(err)
		}
	}
	claims, err := other.as(token).BodyClaims(t.Context(), "c_i692", "withdrawn")
	if err != nil || claims.Total != 4 || claims.Claims[0].WithdrawnBy != "sara" {
		t.Errorf("got %+v, %v", claims, err)
	}
}

// TestWithdrawAndRedeemAtOnce: one of the two wins, and both are told the same.
func TestWithdrawAndRedeemAtOnce(t *testing.T) {
	w := newWorld(t)
	p, other := w.process(), w.process()
	token := w.token("sara", "body", "mlf_bodies", "c_i692")
	withdrawn := 0
	for n := range 12 {
		made, err := p.as(token).MakeClaim(t.Context(), "c_i692", totem("001263"))
		if err != nil {
			t.Fatal(err)
		}
		w.until(func() bool { return other.network.Offer(network.Code(strings.ReplaceAll(made.Code, "-", "")).Hash()) != nil })
		var errs [3]error
		var all sync.WaitGroup
		all.Go(func() { errs[0] = w.redeem(made.Code, n+1, 1) })
		all.Go(func() {
			time.Sleep(time.Duration(n) * 2 * time.Millisecond)
			_, errs[1] = p.as(token).WithdrawClaim(t.Context(), "c_i692", made.Hash)
		})
		all.Go(func() {
			time.Sleep(time.Duration(n) * 2 * time.Millisecond)
			_, errs[2] = other.as(token).WithdrawClaim(t.Context(), "c_i692", made.Hash)
		})
		all.Wait()
		var refused *client.Problem
		for _, err := range errs[1:] {
			switch {
			case errs[0] == nil && (!errors.As(err, &refused) || refused.Status != http.StatusConflict):
				t.Errorf("it was redeemed, and to withdraw it is answered %v", err)
			case errs[0] != nil && (!errors.Is(errs[0], enrolment.ErrGone) || err != nil):
				t.Errorf("to redeem it is answered %v, and to withdraw it %v", errs[0], err)
			}
		}
		if errs[0] != nil {
			withdrawn++
		}
	}
	t.Logf("%d of 12 were withdrawn before they were redeemed", withdrawn)
}

// TestClaimsAreLimited: by the hour, and how many are open.
func TestClaimsAreLimited(t *testing.T) {
	w := newWorld(t)
	w.now.Store(time.Now().Unix())
	p := w.process()
	token := w.token("sara", "body", "mlf_bodies", "c_i692")
	many := func(count, id int) *client.WantedClaim {
		return totem("001263", withID(id), func(w *client.WantedClaim) { w.Count = count })
	}
	f := func(want string, wanted *client.WantedClaim) reply {
		t.Helper()
		got := p.do(token, http.MethodPost, "/v1/bodies/c_i692/claims", wanted)
		p.says(want, got)
		return got
	}
	f("201", many(58, 1))
	f("429 too-many-claims want at most 60 within an hour", many(3, 2))
	f("201", many(1, 2))
	f("201", many(1, 2)) // In place of the one before.
	if got := f("429 too-many-claims", many(1, 3)); got.Header.Get("Retry-After") != "3600" {
		t.Errorf("got Retry-After %q", got.Header.Get("Retry-After"))
	}
	f("201", many(58, 1)) // Again: it makes no more codes that work.
	f("201", many(58, 1))
	f("429 too-many-claims one request", many(58, 1))
	for hour := range 2 {
		w.now.Add(3600)
		f("201", many(60, 10+hour))
	}
	w.now.Add(3600)
	f("409 too-many-open-claims there are 179: want at most 200", many(22, 20))
	f("201", many(21, 20))

	got := p.do(token, http.MethodGet, "/v1/bodies/c_i692/claims?state=open&limit=2", nil)
	var claims client.BodyClaims
	if err := json.Unmarshal(got.body, &claims); err != nil || claims.Total != 200 || len(claims.Claims) != 2 {
		t.Errorf("got %d of %d, %v", len(claims.Claims), claims.Total, err)
	}
	p.says("400 bad-parameter limit", p.do(token, http.MethodGet, "/v1/bodies/c_i692/claims?limit=1001", nil))
	p.says("400 bad-parameter state", p.do(token, http.MethodGet, "/v1/bodies/c_i692/claims?state=lost", nil))
	w.now.Add(24 * 3600)
	f("201", many(60, 30)) // All others have expired.
}

// TestWithdrawing: only the body's own, once.
func TestWithdrawing(t *testing.T) {
	w := newWorld(t)
	p := w.process()
	sestriere, roma := w.token("sara", "body", "mlf_bodies", "c_i692"), w.token("rita", "body", "mlf_bodies", "c_h501")
	made, err := p.as(sestriere).MakeClaim(t.Context(), "c_i692", totem("001263"))
	if err != nil {
		t.Fatal(err)
	}
	f := func(want, token, path string) {
		t.Helper()
		p.says(want, p.do(token, http.MethodDelete, path, nil))
	}
	f("404 not-found", roma, "/v1/bodies/c_h501/claims/"+made.Hash)
	f("404 not-found", roma, "/v1/bodies/c_i692/claims/"+made.Hash)
	f("404 not-found", sestriere, "/v1/bodies/c_i692/claims/"+strings.ToUpper(made.Hash))
	f("404 not-found", sestriere, "/v1/bodies/c_i692/claims/"+strings.Repeat("0", 64))
	f("404 not-found", sestriere, "/v1/bodies/c_i692/claims/x")
	f("403 forbidden", w.token("ada", "analyst"), "/v1/bodies/c_i692/claims/"+made.Hash)
	f("200", sestriere, "/v1/bodies/c_i692/claims/"+made.Hash)
	f("200", w.token("olga", "operator"), "/v1/bodies/c_i692/claims/"+made.Hash)
	claims, err := p.as(sestriere).BodyClaims(t.Context(), "c_i692", "withdrawn")
	if err != nil || claims.Total != 1 || claims.Claims[0].WithdrawnBy != "sara" {
		t.Errorf("got %+v, %v", claims, err)
	}
}

// TestDeskAndCommandSeeEachOther: what mlf claim makes and withdraws, and the other way.
func TestDeskAndCommandSeeEachOther(t *testing.T) {
	w := newWorld(t)
	p := w.process()
	sestriere := p.as(w.token("sara", "body", "mlf_bodies", "c_i692"))
	command, err := enrolment.NewOffers(t.Context(), w.client())
	if err != nil {
		t.Fatal(err)
	}
	_, theirs, err := command.Create(t.Context(), "c_i692", []schema.Enrolment{{
		Comune: 1263, Channel: schema.ChannelTotem, Scale: schema.ScaleMLF3, Services: []schema.EnrolledService{{Code: "anagrafe", ID: 1}}, Since: time.Now(),
	}}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	w.until(func() bool { return p.network.Offer(theirs.Hash) != nil })
	if withdrawn, err := sestriere.WithdrawClaim(t.Context(), "c_i692", theirs.Hash.String()); err != nil || withdrawn.State != "withdrawn" || withdrawn.By != "" {
		t.Errorf("got %+v, %v", withdrawn, err)
	}
	made, err := sestriere.MakeClaim(t.Context(), "c_i692", totem("001263"))
	if err != nil {
		t.Fatal(err)
	}
	hash := network.Code(strings.ReplaceAll(made.Code, "-", "")).Hash()
	if err := command.Withdraw(t.Context(), hash, time.Now()); err != nil {
		t.Error(err)
	}
	if state := command.Network().OfferState(theirs.Hash, time.Now()); state != network.OfferWithdrawn {
		t.Errorf("the command sees it %s", state)
	}
	w.until(func() bool { return p.network.OfferState(hash, time.Now()) == network.OfferWithdrawn })
}
