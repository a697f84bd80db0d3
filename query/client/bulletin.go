package client

import (
	"context"
	"net/url"
	"time"
)

// A Bulletin is the answer of GET /v1/bulletin/{month}: a month as it was published,
// which never changes.
type Bulletin struct {
	Meta              BulletinMeta            `json:"meta"`
	Headline          BulletinHeadline        `json:"headline"`
	MacroAreas        []BulletinRow           `json:"macro_areas"`
	Places            []BulletinRow           `json:"places"`
	PopulationClasses []BulletinRow           `json:"population_classes"`
	Channels          []BulletinRow           `json:"channels"`
	Categories        []BulletinRow           `json:"categories"`
	Services          []BulletinRow           `json:"services"`
	Reasons           []BulletinReason        `json:"reasons"`
	Participation     []BulletinParticipation `json:"participation"`
	Coverage          BulletinCoverage        `json:"coverage"`
	Revisions         []BulletinRevision      `json:"revisions"`
}

// BulletinMeta says what a bulletin is of.
type BulletinMeta struct {
	Month string    `json:"month"`
	From  time.Time `json:"from"`
	To    time.Time `json:"to"` // Exclusive.
	Place struct {
		Level string `json:"level"` // nation, region, province or comune.
		Code  string `json:"code"`
		Name  string `json:"name"`
	} `json:"place"`
	Vintage           int             `json:"vintage"` // From 1.
	Release           uint64          `json:"release"`
	PublishedOn       string          `json:"published_on"`
	GeneratedAt       time.Time       `json:"generated_at"`
	Compared          []BulletinMonth `json:"compared"`
	Provisional       bool            `json:"provisional"`
	RevisionsNote     string          `json:"revisions_note"`
	Disclosure        string          `json:"disclosure"`
	K                 uint64          `json:"k"` // The fewest votes of a lot.
	Hold              bool            `json:"hold"`
	Published         uint64          `json:"published"`
	Waiting           uint64          `json:"waiting"`
	Definition        string          `json:"definition"`
	Unit              string          `json:"unit"`
	Scale             string          `json:"scale"`
	ParticipationNote string          `json:"participation_note"`
	TimeZone          string          `json:"time_zone"`
	Formulas          []Formula       `json:"formulas"`
	Licence           string          `json:"licence"`
}

// A BulletinMonth is one that the headline is compared with.
type BulletinMonth struct {
	Name    string `json:"name"` // previous or year_ago.
	Month   string `json:"month"`
	Vintage int    `json:"vintage"` // 0 where there is none.
}

// BulletinFigures are votes on scale mlf3 with what they come to.
type BulletinFigures struct {
	Faces
	N uint64 `json:"n"`
	Shares
	Status []string `json:"status"`
}

// A BulletinRow are the figures of what one table is by; of places that is a level and
// a code.
type BulletinRow struct {
	MacroArea       string `json:"macro_area"`
	Level           string `json:"level"`
	Code            string `json:"code"`
	PopulationClass string `json:"population_class"`
	Channel         string `json:"channel"`
	Category        string `json:"category"`
	Service         string `json:"service"`
	BulletinFigures
}

// A BulletinHeadline are the figures of all, beside those of the month before and of
// the month a year ago.
type BulletinHeadline struct {
	BulletinFigures
	WeeklyMean                   float64  `json:"weekly_mean"`
	PreviousN                    *uint64  `json:"previous_n"`
	PreviousGreenShare           *float64 `json:"previous_green_share"`
	PreviousNChange              *float64 `json:"previous_n_change"`
	PreviousGreenShareChange     *float64 `json:"previous_green_share_change"`
	PreviousGreenShareChangeLow  *float64 `json:"previous_green_share_change_low"`
	PreviousGreenShareChangeHigh *float64 `json:"previous_green_share_change_high"`
	YearAgoN                     *uint64  `json:"year_ago_n"`
	YearAgoGreenShare            *float64 `json:"year_ago_green_share"`
	YearAgoNChange               *float64 `json:"year_ago_n_change"`
	YearAgoGreenShareChange      *float64 `json:"year_ago_green_share_change"`
	YearAgoGreenShareChangeLow   *float64 `json:"year_ago_green_share_change_low"`
	YearAgoGreenShareChangeHigh  *float64 `json:"year_ago_green_share_change_high"`
}

// A BulletinReason is one answer to why a face was pressed, or that there was none.
type BulletinReason struct {
	Face string `json:"face"`
	Reason
	Status []string `json:"status"`
}

// BulletinParticipation is how many of those served voted, of one place or kind.
type BulletinParticipation struct {
	By   string `json:"by"`
	Code string `json:"code"`
	N    uint64 `json:"n"` // All votes, of any scale.
	Turnout
}

// BulletinCoverage is from how many of each there are votes; ComuniOf are all that
// there are.
type BulletinCoverage struct {
	ComuniOf uint64 `json:"comuni_of"`
	Comuni   uint64 `json:"comuni"`
	Offices  uint64 `json:"offices"`
	Services uint64 `json:"services"`
	Channels uint64 `json:"channels"`
}

// A BulletinRevision is a vintage, and what the one before did not have.
type BulletinRevision struct {
	Vintage              int      `json:"vintage"`
	Release              uint64   `json:"release"`
	Published            string   `json:"published"`
	K                    uint64   `json:"k"`
	N                    uint64   `json:"n"`
	GreenShare           *float64 `json:"green_share"`
	GreenLow             *float64 `json:"green_low"`
	GreenHigh            *float64 `json:"green_high"`
	NChange              *float64 `json:"n_change"`
	GreenShareChange     *float64 `json:"green_share_change"`
	GreenShareChangeLow  *float64 `json:"green_share_change_low"`
	GreenShareChangeHigh *float64 `json:"green_share_change_high"`
}

// Bulletin asks for the bulletin of a month, 2026-10; of the newest vintage, where
// params name none.
func (c *Client) Bulletin(ctx context.Context, month string, params url.Values) (b Bulletin, err error) {
	return b, c.look(ctx, "/v1/bulletin/"+url.PathEscape(month), params, &b)
}
