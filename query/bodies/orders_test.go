package bodies_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"mlf/query/client"
)

func ordered(id string, change ...func(*client.BodyOrder)) *client.BodyOrder {
	o := &client.BodyOrder{
		ID: id, Programme: "2009-2012", Lines: []client.OrderLine{{Product: "terminal", Quantity: 2}}, Gross: 98000, Bonus: 40000, Ordered: "2010-04-15",
	}
	for _, c := range change {
		c(o)
	}
	return o
}

// TestOrders: a programme pays once, a body changes its own orders, and who did it is told.
func TestOrders(t *testing.T) {
	w := newWorld(t)
	p := w.process()
	// Bodies of the test take part since a year ago; the programme asks who was a member then.
	sestriere, roma, operator := w.token("sara", "body", "mlf_bodies", "c_i692"), w.token("rita", "body", "mlf_bodies", "c_h501"), w.token("olga", "operator")
	f := func(want, token, ipa string, o any) {
		t.Helper()
		p.says(want, p.do(token, http.MethodPost, "/v1/bodies/"+ipa+"/orders", o))
	}
	f("201", sestriere, "c_i692", ordered("uno"))
	f("200", sestriere, "c_i692", ordered("uno")) // The same again.
	f("409 order-not-paid 1 rules of 2009-2012", sestriere, "c_i692", ordered("due"))
	f("409 order-taken", roma, "c_h501", ordered("uno"))
	f("404 not-found", roma, "c_i692", ordered("tre"))
	f("403 forbidden", w.token("ada", "analyst"), "c_i692", ordered("tre"))
	f("401 unknown-token", "", "c_i692", ordered("tre"))

	got := p.do(roma, http.MethodPost, "/v1/bodies/c_h501/orders", ordered("due", func(o *client.BodyOrder) { o.Ordered, o.Bonus = "2013-01-01", 50000 }))
	p.says("409 order-not-paid", got)
	var problem struct {
		Findings []struct{ Rule, Wanted, Is string }
	}
	if err := json.Unmarshal(got.body, &problem); err != nil {
		t.Fatal(err)
	}
	var rules []string
	for _, broken := range problem.Findings {
		if broken.Wanted == "" || broken.Is == "" {
			t.Errorf("got %+v", broken)
		}
		rules = append(rules, broken.Rule)
	}
	if strings.Join(rules, " ") != "term size bonus" {
		t.Errorf("got %v", rules)
	}
	anyway := map[string]any{"id": "due", "programme": "2009-2012", "lines": []any{map[string]any{"product": "kit", "quantity": 1}}, "gross_cents": 100, "bonus_cents": 0, "anyway": true}
	f("403 forbidden anyway", roma, "c_h501", anyway)
	f("201", operator, "c_h501", anyway)

	f("200", sestriere, "c_i692", ordered("uno", func(o *client.BodyOrder) { o.Delivered = "2010-05-01" }))
	f("409 order-not-paid", sestriere, "c_i692", ordered("uno", func(o *client.BodyOrder) { o.Bonus = 40001 }))
	f("200", sestriere, "c_i692", ordered("uno", func(o *client.BodyOrder) { o.Cancelled = "2010-06-01" }))
	f("201", sestriere, "c_i692", ordered("due-bis"))
	f("409 order-not-paid", sestriere, "c_i692", ordered("uno")) // Two would hold.
	f("400 bad-member programme", sestriere, "c_i692", ordered("x", func(o *client.BodyOrder) { o.Programme = "2030" }))
	f("400 bad-member ordered_on", sestriere, "c_i692", ordered("x", func(o *client.BodyOrder) { o.Ordered = "15/04/2010" }))
	f("400 bad-member buyer", sestriere, "c_i692", ordered("x", func(o *client.BodyOrder) { o.Buyer = "?" }))
	f("400 malformed-body order x", sestriere, "c_i692", ordered("x", func(o *client.BodyOrder) { o.Lines = nil }))
	f("400 malformed-body order x", sestriere, "c_i692", ordered("x", func(o *client.BodyOrder) { o.Bonus = 98001 }))
	f("400 malformed-body", sestriere, "c_i692", ordered("a/b"))
	f("400 malformed-body", sestriere, "c_i692", `{"by":"mario"}`)
	f("400 malformed-body", sestriere, "c_i692", `{"lines":7}`)
	f("413 too-large", sestriere, "c_i692", `{"supplier":"`+strings.Repeat("x", 129<<10)+`"}`)

	noted, err := p.as(sestriere).NoteOrder(t.Context(), "c_i692", &client.BodyOrder{Lines: []client.OrderLine{{Product: "other", Quantity: 1}}, Gross: 1, Buyer: "P_TO"}, false)
	if today := time.Now().In(rome(t)).Format(time.DateOnly); err != nil || noted.By != "sara" || noted.Ordered != today || noted.Buyer != "p_to" || !strings.HasPrefix(noted.ID, "c_i692-"+today+"-") {
		t.Errorf("got %+v, %v", noted, err)
	}
	orders, err := p.as(sestriere).BodyOrders(t.Context(), "c_i692")
	if err != nil || orders.Total != 3 || orders.Orders[0].ID != noted.ID || orders.Orders[1].Cancelled != "2010-06-01" || orders.Orders[1].Delivered != "" {
		t.Errorf("got %+v, %v", orders, err)
	}
	p.says("400 bad-parameter limit", p.do(sestriere, http.MethodGet, "/v1/bodies/c_i692/orders?limit=x", nil))

	// The answer is lost after it was noted.
	p.fails.after.Store(true)
	f("503 unacknowledged", roma, "c_h501", map[string]any{"id": "tre", "lines": []any{map[string]any{"product": "terminal", "quantity": 3}}})
	p.fails.after.Store(false)
	f("200", roma, "c_h501", map[string]any{"id": "tre", "lines": []any{map[string]any{"product": "terminal", "quantity": 3}}})
	body, err := p.as(roma).Body(t.Context(), "c_h501")
	if err != nil || body.Terminals.Ordered != 4 {
		t.Errorf("got %+v, %v, want 4 that were ordered", body, err)
	}
	if record := w.records()["order/tre"]; !strings.Contains(record, `"by":"rita"`) {
		t.Errorf("got %s", record)
	}
}

func rome(t *testing.T) *time.Location {
	t.Helper()
	zone, err := time.LoadLocation("Europe/Rome")
	if err != nil {
		t.Fatal(err)
	}
	return zone
}
