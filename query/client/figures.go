package client

import "time"

// Meta says what an answer is of. What an endpoint has no word for is empty.
type Meta struct {
	From        time.Time           `json:"from"`
	To          time.Time           `json:"to"` // Exclusive.
	Rounded     bool                `json:"rounded"`
	Filters     map[string][]string `json:"filters"` // Those that held, defaults included.
	Excluded    Excluded            `json:"excluded"`
	Period      string              `json:"period"`
	Running     bool                `json:"running"`
	Compare     *Span               `json:"compare"`
	By          []string            `json:"by"`
	Step        string              `json:"step"`
	Measure     string              `json:"measure"`
	Reference   string              `json:"reference"`
	MinN        int                 `json:"min_n"`
	Top         int                 `json:"top"`
	Sort        string              `json:"sort"`
	Mix         string              `json:"mix"`
	Interval    string              `json:"interval"`
	TimeZone    string              `json:"time_zone"`
	Formulas    []Formula           `json:"formulas"`
	GeneratedAt time.Time           `json:"generated_at"`
	Ledger      []uint64            `json:"ledger"`     // Of each partition, one past the last record that is counted.
	Position    string              `json:"position"`   // The same as a token for at_least.
	Disclosure  string              `json:"disclosure"` // How counts are shown: none, lots, own or exact.
	Since       string              `json:"since"`      // Of changes, as asked.
	All         bool                `json:"all"`        // Of changes, whether they are all that there is.
	Warnings    []Warning           `json:"warnings"`   // Which figures are not known.
}

// A Warning says that some figures of an answer are not known, and why.
type Warning struct {
	Code string `json:"code"`
	Text string `json:"text"` // For people.
}

// A Span is the time from From until To, exclusive.
type Span struct {
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
}

// A Formula says how figures are made. Those of different versions must not be
// compared.
type Formula struct {
	Name string `json:"name"`
	Text string `json:"text"`
}

// Excluded are the votes that an answer leaves out: those of classes that were not
// asked for, and of all that ever came in the quarantined ones and the conflicts.
type Excluded struct {
	OK          uint64 `json:"ok"`
	Burst       uint64 `json:"burst"`
	LateClock   uint64 `json:"late_clock"`
	Test        uint64 `json:"test"`
	Quarantined uint64 `json:"quarantined"`
	Conflicts   uint64 `json:"conflicts"`
}

// A Group is what figures are of: a value of each dimension that they are by, and
// of no other.
type Group struct {
	MacroArea       string    `json:"macro_area"`
	Region          string    `json:"region"`
	Province        string    `json:"province"`
	Comune          string    `json:"comune"`
	PopulationClass string    `json:"population_class"`
	Small           *bool     `json:"small"` // nil also for a comune of no list.
	Office          string    `json:"office"`
	Service         string    `json:"service"`
	Category        string    `json:"category"`
	Channel         string    `json:"channel"`
	Scale           string    `json:"scale"`
	Class           string    `json:"class"`
	Hour            time.Time `json:"hour"`
	Day             string    `json:"day"` // 2026-11-25, by Rome's clock as all that follow.
	Week            string    `json:"week"`
	Month           string    `json:"month"`
	Quarter         string    `json:"quarter"`
	Year            string    `json:"year"`
	Weekday         int       `json:"weekday"` // 1, Monday, to 7.
	HourOfDay       int       `json:"hour_of_day"`
	DayKind         string    `json:"day_kind"`
	WorkingDay      bool      `json:"working_day"`

	// Names beside codes, where they are asked for; nil also for a code of no list.
	MacroAreaName       *string `json:"macro_area_name"`
	RegionName          *string `json:"region_name"`
	ProvinceName        *string `json:"province_name"`
	ComuneName          *string `json:"comune_name"`
	PopulationClassName *string `json:"population_class_name"`
	ServiceName         *string `json:"service_name"`
	CategoryName        *string `json:"category_name"`
	ChannelName         *string `json:"channel_name"`
	ScaleName           *string `json:"scale_name"`
	ClassName           *string `json:"class_name"`
}

// Counts are votes by value: faces on scale mlf3, else V1 to V5, higher is better. They
// are 0 also where null is told, because Status is Q: how many there are is not shown;
// or M: nobody was there who could have voted.
type Counts struct {
	Green  uint64 `json:"green"`
	Yellow uint64 `json:"yellow"`
	Red    uint64 `json:"red"`
	V1     uint64 `json:"v1"`
	V2     uint64 `json:"v2"`
	V3     uint64 `json:"v3"`
	V4     uint64 `json:"v4"`
	V5     uint64 `json:"v5"`
	N      uint64 `json:"n"` // All of them.
}

// Figures are votes with what they come to. Shares are parts of 1 with their 95 %
// interval, nil without votes; the net is green less red. On scales other than mlf3
// there is the mean instead, 0 to 100.
type Figures struct {
	Counts
	Shares
	Mean     *float64 `json:"mean"`
	MeanLow  *float64 `json:"mean_low"`
	MeanHigh *float64 `json:"mean_high"`
	Deff     *float64 `json:"deff"`   // How many votes count as one, because those of a day are alike.
	Status   []string `json:"status"` // What must be known of them: A, or some of B, L, M, P, Q, R.
}

// Shares are what votes on scale mlf3 come to, each with its interval.
type Shares struct {
	GreenShare *float64 `json:"green_share"`
	GreenLow   *float64 `json:"green_low"`
	GreenHigh  *float64 `json:"green_high"`
	RedShare   *float64 `json:"red_share"`
	RedLow     *float64 `json:"red_low"`
	RedHigh    *float64 `json:"red_high"`
	Net        *float64 `json:"net"`
	NetLow     *float64 `json:"net_low"`
	NetHigh    *float64 `json:"net_high"`
}

// Measures are one thing of each measure that there is on a scale: of shares and
// net, or of the mean.
type Measures[T any] struct {
	GreenShare *T `json:"green_share"`
	RedShare   *T `json:"red_share"`
	Net        *T `json:"net"`
	Mean       *T `json:"mean"`
}

// Standardised is a figure as it would be with another mix of channels and
// categories.
type Standardised struct {
	Value   *float64 `json:"value"`
	Low     *float64 `json:"low"`
	High    *float64 `json:"high"`
	Crude   *float64 `json:"crude"`   // With its own mix.
	Covered *float64 `json:"covered"` // The part of the mix that it has votes of.
}

// A Difference is of two figures, with its 95 % interval.
type Difference struct {
	Difference *float64 `json:"difference"`
	Low        *float64 `json:"difference_low"`
	High       *float64 `json:"difference_high"`
}

// A TestedDifference is one with the probability of such a one by chance.
type TestedDifference struct {
	Difference
	P *float64 `json:"p"` // Of shares only.
	Q *float64 `json:"q"` // Over all tests of the answer.
}

// A MixPart is what a channel and category weighs, and the votes of it that each of
// those compared has, by its name.
type MixPart struct {
	Channel  string            `json:"channel"`
	Category string            `json:"category"`
	Weight   *float64          `json:"weight"`
	N        map[string]uint64 `json:"n"`
}
