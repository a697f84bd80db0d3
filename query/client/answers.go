package client

import (
	"context"
	"net/url"
	"time"
)

// A Trend is the answer of GET /v1/trend: series over the steps of Grid.
type Trend struct {
	Meta        Meta     `json:"meta"`
	Grid        []Step   `json:"grid"`
	CompareGrid []Step   `json:"compare_grid"`
	Series      []Series `json:"series"`
}

// A Step is a span of time that is counted as one.
type Step struct {
	Step string `json:"step"` // 2026-11, for instance.
	Span
	Partial bool `json:"partial"` // Not over, or not asked for as a whole.
}

// A Series has a point for each step, and with compare one for each of the other
// time's.
type Series struct {
	Key          Group           `json:"key"`
	Total        Figures         `json:"total"`
	Points       []Figures       `json:"points"`
	CompareTotal *Figures        `json:"compare_total"`
	Compare      []ComparedPoint `json:"compare"`
}

// A ComparedPoint is a point of the other time.
type ComparedPoint struct {
	Figures
	NChange *float64 `json:"n_change"` // By what part the votes changed since.
}

// Trend asks how figures went, step by step.
func (c *Client) Trend(ctx context.Context, params url.Values) (t Trend, err error) {
	return t, c.statistics(ctx, "/v1/trend", params, &t)
}

// A Heatmap is the answer of GET /v1/heatmap: the 168 hours of the week, Monday's
// first.
type Heatmap struct {
	Meta  Meta       `json:"meta"`
	Total Figures    `json:"total"`
	Cells []HeatCell `json:"cells"`
}

// A HeatCell is an hour of the week.
type HeatCell struct {
	Weekday   int    `json:"weekday"` // 1, Monday, to 7.
	HourOfDay int    `json:"hour_of_day"`
	Hours     uint64 `json:"hours"` // How many such hours have begun in the time asked for.
	Figures
}

// Heatmap asks for figures by the hours of the week.
func (c *Client) Heatmap(ctx context.Context, params url.Values) (h Heatmap, err error) {
	return h, c.statistics(ctx, "/v1/heatmap", params, &h)
}

// A Ranking is the answer of GET /v1/ranking. Small are those with too few votes for
// a place.
type Ranking struct {
	Meta       Meta             `json:"meta"`
	Ranked     uint64           `json:"ranked"`
	SmallCount uint64           `json:"small_count"`
	Compared   uint64           `json:"compared"` // With compare: of how many there is a difference.
	Shared     bool             `json:"shared"`   // With compare: votes may be in both times.
	Reference  []Standard       `json:"reference"`
	Rows       []Ranked         `json:"rows"`
	Small      []GroupedFigures `json:"small"`
}

// A Standard is what those who are ranked are held against.
type Standard struct {
	GroupedFigures
	RankingChange
}

// A RankingChange is how the figure that is ranked by changed since another time; of
// answers to compare.
type RankingChange struct {
	CompareN       *uint64  `json:"compare_n"`
	CompareValue   *float64 `json:"compare_value"`
	CompareLow     *float64 `json:"compare_low"`
	CompareHigh    *float64 `json:"compare_high"`
	CompareStatus  []string `json:"compare_status"`
	NChange        *float64 `json:"n_change"`
	Difference     *float64 `json:"difference"`
	DifferenceLow  *float64 `json:"difference_low"`
	DifferenceHigh *float64 `json:"difference_high"`
	PChange        *float64 `json:"p_change"`
	QChange        *float64 `json:"q_change"` // Nil of a Standard.
}

// GroupedFigures are the figures of a group.
type GroupedFigures struct {
	Group
	Figures
}

// Ranked is a row of a ranking: its place with those that chance leaves possible,
// its value, and the limits for so many votes of those that do not differ.
type Ranked struct {
	GroupedFigures
	RankingChange
	Place         uint64   `json:"place"`
	PlaceBest     uint64   `json:"place_best"`
	PlaceWorst    uint64   `json:"place_worst"`
	Value         *float64 `json:"value"`
	ValueLow      *float64 `json:"value_low"`
	ValueHigh     *float64 `json:"value_high"`
	P             *float64 `json:"p"`
	Q             *float64 `json:"q"`
	Differs       *bool    `json:"differs"`
	FunnelLowest  *float64 `json:"funnel_lowest"`
	FunnelLow     *float64 `json:"funnel_low"`
	FunnelHigh    *float64 `json:"funnel_high"`
	FunnelHighest *float64 `json:"funnel_highest"`
}

// Ranking asks for places or services in order; by is required.
func (c *Client) Ranking(ctx context.Context, params url.Values) (r Ranking, err error) {
	return r, c.statistics(ctx, "/v1/ranking", params, &r)
}

// A Comparison is the answer of GET /v1/compare.
type Comparison struct {
	Meta        Meta                  `json:"meta"`
	Selections  []Selection           `json:"selections"`
	Differences []SelectionDifference `json:"differences"`
	Mix         []MixPart             `json:"mix"`
}

// A Selection is one of those compared.
type Selection struct {
	Selection string              `json:"selection"` // a to h.
	From      time.Time           `json:"from"`
	To        time.Time           `json:"to"` // Exclusive.
	Rounded   bool                `json:"rounded"`
	Filters   map[string][]string `json:"filters"`
	Excluded  Excluded            `json:"excluded"`
	Figures
	Standardised Measures[Standardised] `json:"standardised"`
}

// A SelectionDifference is a selection less the one that it is held against.
type SelectionDifference struct {
	Selection    string                     `json:"selection"`
	Against      string                     `json:"against"`
	Shared       bool                       `json:"shared"` // Votes may be in both.
	Crude        Measures[TestedDifference] `json:"crude"`
	Standardised Measures[Difference]       `json:"standardised"`
}

// Compare asks for two selections to eight, a to h, each a query string.
func (c *Client) Compare(ctx context.Context, params url.Values) (d Comparison, err error) {
	return d, c.statistics(ctx, "/v1/compare", params, &d)
}

// Reasons is the answer of GET /v1/reasons: a row for each value of each group.
type Reasons struct {
	Meta Meta     `json:"meta"`
	Rows []Motive `json:"rows"`
}

// A Motive is what those said who cast the votes of one value.
type Motive struct {
	Group
	Value           int      `json:"value"` // Higher is better.
	Face            string   `json:"face"`
	N               uint64   `json:"n"`
	Answered        uint64   `json:"answered"`
	Skipped         uint64   `json:"skipped"`
	Timeout         uint64   `json:"timeout"`
	NotOffered      uint64   `json:"not_offered"`
	UnansweredShare *float64 `json:"unanswered_share"` // Of all who were asked.
	Status          []string `json:"status"`
	Reasons         []Reason `json:"reasons"` // The most frequent first.
}

// A Reason is one answer, as a part of all answers.
type Reason struct {
	Reason string   `json:"reason"`
	N      uint64   `json:"n"`
	Share  *float64 `json:"share"`
	Low    *float64 `json:"low"`
	High   *float64 `json:"high"`
}

// Reasons asks why votes were cast.
func (c *Client) Reasons(ctx context.Context, params url.Values) (r Reasons, err error) {
	return r, c.statistics(ctx, "/v1/reasons", params, &r)
}

// Participation is the answer of GET /v1/participation.
type Participation struct {
	Meta Meta              `json:"meta"`
	Rows []ParticipationOf `json:"rows"`
}

// ParticipationOf is how many of those served voted, of a group.
type ParticipationOf struct {
	Group
	N uint64 `json:"n"` // All votes.
	Turnout
}

// A Turnout is votes by served users, of the places and days of which both are
// known. What is not known is nil, never 0.
type Turnout struct {
	Votes         *uint64  `json:"votes"`
	Served        *uint64  `json:"served"`
	Participation *float64 `json:"participation"` // Above 1 where served users were counted too low.
	Coverage      *float64 `json:"coverage"`      // The part of all votes that this is of.
}

// Participation asks how many of those who were served voted.
func (c *Client) Participation(ctx context.Context, params url.Values) (p Participation, err error) {
	return p, c.statistics(ctx, "/v1/participation", params, &p)
}

// An Explanation is the answer of GET /v1/explain.
type Explanation struct {
	Meta      Meta       `json:"meta"`
	Sentences []Sentence `json:"sentences"`
	Check     string     `json:"check"` // The path where the same is compared with the store.
	SQL       *string    `json:"sql"`   // nil where the view of BI tools has no words for it.
}

// A Sentence says one thing about an answer.
type Sentence struct {
	About string `json:"about"`
	Label Label  `json:"label"`
}

// Explain asks how the statistics are made that params ask for.
func (c *Client) Explain(ctx context.Context, params url.Values) (e Explanation, err error) {
	return e, c.statistics(ctx, "/v1/explain", params, &e)
}
