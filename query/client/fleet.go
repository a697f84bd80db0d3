package client

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// A Heartbeat is what a device says of itself; what it does not know is nil. Install and
// Previous are texts of 8 to 64 bytes, drawn anew at random for each heartbeat.
type Heartbeat struct {
	Install   string       `json:"install"`
	Previous  *string      `json:"previous,omitempty"`
	Seq       *int64       `json:"seq,omitempty"`
	Waiting   *int64       `json:"waiting,omitempty"`
	OldestMS  *int64       `json:"oldest_ms,omitempty"`
	Storage   *DeviceDisk  `json:"storage,omitempty"`
	Clock     *time.Time   `json:"clock,omitempty"`
	Version   *string      `json:"version,omitempty"`
	BatteryMV *int64       `json:"battery_mv,omitempty"`
	Ignored   *PressesLost `json:"pressed_ignored,omitempty"`
}

// A DeviceDisk is what a device says of its storage.
type DeviceDisk struct {
	Persisted *bool  `json:"persisted,omitempty"`
	Free      *int64 `json:"free,omitempty"` // Bytes.
	Lost      *bool  `json:"lost,omitempty"`
}

// PressesLost are presses that were not taken for votes.
type PressesLost struct {
	Double *int64 `json:"double,omitempty"`
	Multi  *int64 `json:"multi,omitempty"`
	Repeat *int64 `json:"repeat,omitempty"`
}

// A HeartbeatAnswer says when the next is wanted, and names what the terminal is to show.
type HeartbeatAnswer struct {
	IntervalS int    `json:"interval_s"`
	Config    string `json:"config"`
}

// TellHeartbeat tells how a device does, by the token of its terminal; Base is that of
// mlf ingest. A *Problem of status 409 says that there are two devices.
func (c *Client) TellHeartbeat(ctx context.Context, token string, h *Heartbeat) (a HeartbeatAnswer, err error) {
	body, err := json.Marshal(h)
	if err != nil {
		return a, fmt.Errorf("write heartbeat: %w", err)
	}
	return a, c.read(ctx, &call{method: http.MethodPost, path: "/v1/heartbeats", token: token, media: mediaJSON, body: body}, &a)
}

// A Fleet says which terminals live. Without a group there is one row of counts, with one
// there are no terminals.
type Fleet struct {
	AsOf          time.Time       `json:"as_of"`
	SilentMinutes int             `json:"silent_minutes"` // Of opening hours.
	Counts        []FleetCounts   `json:"counts"`
	Terminals     []FleetTerminal `json:"terminals"`
}

// FleetCounts are how many terminals are in each state.
type FleetCounts struct {
	By        string `json:"by"` // all, comune, region or body.
	Code      string `json:"code"`
	Terminals int    `json:"terminals"`
	OK        int    `json:"ok"`
	Silent    int    `json:"silent"`
	Copied    int    `json:"copied"`
	Lost      int    `json:"lost"`
	Unheard   int    `json:"unheard"`
	Waiting   int64  `json:"waiting"` // Votes in devices.
}

// A FleetTerminal is one terminal; nil where no heartbeat came. What a device did not say is
// nil in Free, ClockErrorMS and BatteryMV, else 0 or false.
type FleetTerminal struct {
	Terminal string     `json:"terminal"`
	Comune   string     `json:"comune"`
	Region   string     `json:"region"`
	Body     string     `json:"body"`
	Office   string     `json:"office"`
	Channel  string     `json:"channel"`
	Test     bool       `json:"test"`
	State    string     `json:"state"` // ok, silent, copied, lost or unheard.
	LastSeen *time.Time `json:"last_seen"`
	LastVote *time.Time `json:"last_vote"`
	Seq      *int64     `json:"seq"`
	Waiting  *int64     `json:"waiting"`
	OldestMS *int64     `json:"oldest_ms"`

	Persisted    *bool  `json:"persisted"`
	Free         *int64 `json:"free"` // Bytes.
	Lost         *bool  `json:"lost"`
	ClockErrorMS *int64 `json:"clock_error_ms"` // Above 0: the device's is ahead.
	Version      string `json:"version"`
	BatteryMV    *int64 `json:"battery_mv"`

	PressedDouble *int64     `json:"pressed_double"`
	PressedMulti  *int64     `json:"pressed_multi"`
	PressedRepeat *int64     `json:"pressed_repeat"`
	CopiedAt      *time.Time `json:"copied_at"`
}

// A FleetQuestion asks which terminals live; what is empty asks for all.
type FleetQuestion struct {
	Comuni, Regions, States []string
	Group                   string // comune, region or body: counts alone.
	SilentMinutes           int    // 0: as the service has it.
}

// Fleet reads which terminals live.
func (c *Client) Fleet(ctx context.Context, q FleetQuestion) (f Fleet, err error) {
	values := url.Values{}
	for name, list := range map[string][]string{"comune": q.Comuni, "region": q.Regions, "state": q.States} {
		if len(list) > 0 {
			values.Set(name, strings.Join(list, ","))
		}
	}
	if q.Group != "" {
		values.Set("group", q.Group)
	}
	if q.SilentMinutes > 0 {
		values.Set("silent_minutes", strconv.Itoa(q.SilentMinutes))
	}
	return f, c.read(ctx, &call{path: "/v1/fleet", params: values, token: c.Token}, &f)
}
