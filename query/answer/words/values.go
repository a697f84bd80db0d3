package words

import (
	"strconv"

	"mlf/query/question"
	"mlf/schema/registry"
)

// A Value is one of the values of a dimension.
type Value struct {
	Code     string
	Label    registry.Label
	From, To registry.Date // Of its validity; 0 for always.
}

// Values returns the values of a dimension that lists have.
func (w Words) Values(name string, reg *registry.Registry) (values []Value) {
	add := func(code string, label registry.Label) {
		values = append(values, Value{Code: code, Label: label})
	}
	switch name {
	case "region":
		for _, x := range reg.Regions() {
			add(x.ID.String(), Plain(x.Name))
		}
	case "province":
		for _, x := range reg.Provinces() {
			add(x.ID.String(), Plain(x.Name))
		}
	case "comune":
		for _, x := range reg.Comuni() {
			values = append(values, Value{x.ID.String(), Plain(x.Name), x.ValidFrom, x.ValidTo})
		}
	case "service":
		for _, x := range reg.Services() {
			add(x.Code, x.Label)
		}
	case "weekday":
		for i := range 7 {
			add(strconv.Itoa(i+1), Plain(strconv.Itoa(i+1)))
		}
	case "hour_of_day":
		for i := range 24 {
			add(strconv.Itoa(i), Plain(strconv.Itoa(i)))
		}
	case "small", "working_day", "day_kind":
		codes := []string{"false", "true"}
		if name == "day_kind" {
			codes = []string{"working", "saturday", "sunday", "holiday"}
		}
		for _, code := range codes {
			add(code, w.Of("value."+code))
		}
	default:
		for _, x := range reg.Labels(question.ListOf(name)) {
			add(x.Code, x.Label)
		}
	}
	return values
}
