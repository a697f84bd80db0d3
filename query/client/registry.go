package client

import (
	"context"
	"net/url"
)

// Comuni is the answer of GET /v1/registry/comuni.
type Comuni struct {
	Comuni []Comune `json:"comuni"`
}

// A Comune is one as it is, or was, under a code. Days are 2026-11-25; an empty one
// is none.
type Comune struct {
	Code          string   `json:"code"`
	Name          string   `json:"name"` // Official, in both languages where there are two.
	NameIt        string   `json:"name_it"`
	NameAlt       string   `json:"name_alt"`
	Province      Place    `json:"province"`
	Region        Place    `json:"region"`
	Population    int      `json:"population"`
	CadastralCode string   `json:"cadastral_code"`
	Lat           float64  `json:"lat"`
	Lon           float64  `json:"lon"`
	ValidFrom     string   `json:"valid_from"`
	ValidTo       string   `json:"valid_to"` // The day after the last.
	CurrentCode   string   `json:"current_code"`
	FormerCodes   []string `json:"former_codes"` // The oldest first.
	MergedInto    *Place   `json:"merged_into"`
	MergedFrom    []string `json:"merged_from"`
}

// A Place is a code with its name; provinces have a sigla.
type Place struct {
	Code  string `json:"code"`
	Name  string `json:"name"`
	Sigla string `json:"sigla"`
}

// Comuni finds comuni by q, the beginning of a name, by code, or those of a province.
func (c *Client) Comuni(ctx context.Context, params url.Values) (found Comuni, err error) {
	return found, c.look(ctx, "/v1/registry/comuni", params, &found)
}

// Services is the answer of GET /v1/registry/services.
type Services struct {
	Services []Service `json:"services"`
}

// A Service is what citizens vote on.
type Service struct {
	LabelledCode
	Category string `json:"category"` // A code of Labels.Categories; empty for none.
}

// A LabelledCode is a code with its name.
type LabelledCode struct {
	Code  string `json:"code"`
	Label Label  `json:"label"`
}

// Services lists the services.
func (c *Client) Services(ctx context.Context) (s Services, err error) {
	return s, c.look(ctx, "/v1/registry/services", nil, &s)
}

// Labels is the answer of GET /v1/registry/labels: the words for codes.
type Labels struct {
	Faces             []LabelledCode `json:"faces"`
	Reasons           []LabelledCode `json:"reasons"`
	Channels          []LabelledCode `json:"channels"`
	Scales            []LabelledCode `json:"scales"`
	Classes           []LabelledCode `json:"classes"`
	PopulationClasses []LabelledCode `json:"population_classes"`
	MacroAreas        []LabelledCode `json:"macro_areas"`
	Categories        []LabelledCode `json:"categories"`
}

// Labels lists the words for codes.
func (c *Client) Labels(ctx context.Context) (l Labels, err error) {
	return l, c.look(ctx, "/v1/registry/labels", nil, &l)
}

// Status is the answer of GET /status.
type Status struct {
	Status string `json:"status"` // ok.
}

// Status asks whether the process answers.
func (c *Client) Status(ctx context.Context) (s Status, err error) {
	return s, c.look(ctx, "/status", nil, &s)
}
