package setup

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"mlf/ingest/enrolment"
	"mlf/schema"
	"mlf/schema/network"
	"mlf/schema/proxies"
	"mlf/schema/registry"
)

// A Problem is why a code was not shown or redeemed.
type Problem uint8

// The problems.
const (
	Malformed Problem = iota + 1 // The body is not of the expected shape, or its tokens cannot be taken.
	Unknown                      // There is no such code.
	Used                         // By another device.
	Expired
	Withdrawn
	TooMany   // Wrong codes of one network of clients.
	Full      // Too many claims at once, or too many who guess.
	Undecided // The registry did not say in time who was first; the same again decides it.
)

// An Error is a Problem in words, which never have anything of the code.
type Error struct {
	Problem Problem
	Detail  string
	Retry   time.Duration // Of TooMany: when it may come again.
	Cause   error         // Of Undecided, for the log.
}

// Error returns the words.
func (e *Error) Error() string { return e.Detail }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Cause }

func refuse(p Problem, format string, args ...any) error {
	return &Error{Problem: p, Detail: fmt.Sprintf(format, args...)}
}

// A preview is what a code is for, for whoever is about to redeem it.
type preview struct {
	Name      string    `json:"name"`
	Office    string    `json:"office"`
	Channel   string    `json:"channel"`
	Services  []string  `json:"services"` // As people read them, in Italian.
	Terminals int       `json:"terminals"`
	Expires   time.Time `json:"expires"`
}

// Preview answers a body {"code":"…"} of client at now: what the code is for, as JSON. The
// error is an *Error.
func (d *Desk) Preview(ctx context.Context, body []byte, client netip.Addr, now time.Time) ([]byte, error) {
	var asked struct {
		Code string `json:"code"`
	}
	if json.Unmarshal(body, &asked) != nil || asked.Code == "" {
		return nil, refuse(Malformed, `want {"code":"…"}`)
	}
	offer, state, err := d.find(ctx, asked.Code, client, now)
	if err != nil {
		return nil, err
	}
	if p, over := problemOf(state); over {
		return nil, refuse(p, "want a code that is new; mlf claim new makes one")
	}
	return written(d.previewOf(offer)), nil
}

// previewOf describes an offer: by its only terminal, or by who made it and what its
// terminals share.
func (d *Desk) previewOf(o *network.Offer) preview {
	first := &o.Terminals[0]
	p := preview{Name: d.nameOf(first), Office: string(first.Office), Channel: first.Channel.String(), Terminals: len(o.Terminals), Expires: o.Expires}
	for i := range o.Terminals {
		t := &o.Terminals[i]
		if d.nameOf(t) != p.Name {
			p.Name = d.nameOf(&schema.Enrolment{Body: o.Body, Comune: first.Comune})
		}
		if string(t.Office) != p.Office {
			p.Office = ""
		}
		for _, s := range t.Services {
			if label := d.labelOf(s).In(registry.Italian); !slices.Contains(p.Services, label) {
				p.Services = append(p.Services, label)
			}
		}
	}
	return p
}

// A claimed is what a device has become.
type claimed struct {
	Device    string   `json:"device"`
	Terminals []string `json:"terminals"` // In the order of the hashes.
}

// Claim answers a body {"code":"…","claim":"UUID","token_sha256":["…"]} of client at now: it
// makes the terminals of the code those of the device whose tokens these are, as JSON. The
// same again has the same answer. The error is an *Error. It returns within ten seconds.
func (d *Desk) Claim(ctx context.Context, body []byte, client netip.Addr, now time.Time) ([]byte, error) {
	var asked struct {
		Code   string             `json:"code"`
		Claim  string             `json:"claim"`
		Tokens []schema.TokenHash `json:"token_sha256"`
	}
	if json.Unmarshal(body, &asked) != nil || asked.Code == "" {
		return nil, refuse(Malformed, `want {"code":"…","claim":"UUID","token_sha256":["64 digits of hexadecimal"]}`)
	}
	select {
	case d.room <- struct{}{}:
		defer func() { <-d.room }()
	default:
		return nil, refuse(Full, "too many devices are being set up at once")
	}
	ctx, cancel := context.WithTimeout(ctx, claimMax)
	defer cancel()
	if _, _, err := d.find(ctx, asked.Code, client, now); err != nil {
		return nil, err
	}
	redeemed, err := d.offers.Redeem(ctx, enrolment.Attempt{Code: asked.Code, Claim: asked.Claim, Tokens: asked.Tokens}, now)
	if err != nil {
		return nil, d.failed(ctx, asked.Code, err, now)
	}
	done := claimed{Device: redeemed.Device}
	for _, e := range redeemed.Terminals {
		done.Terminals = append(done.Terminals, e.Terminal.String())
	}
	return written(done), nil
}

// find looks a code up, and notes who has a wrong one.
func (d *Desk) find(ctx context.Context, code string, client netip.Addr, now time.Time) (*network.Offer, network.OfferState, error) {
	from := proxies.Network(client)
	if wait := d.wrong.Wait(from, now); wait > 0 {
		return nil, "", &Error{Problem: TooMany, Detail: fmt.Sprintf("want at most %d wrong codes an hour", wrongMax), Retry: wait}
	}
	offer, state, err := d.offers.Preview(ctx, code, now)
	switch {
	case errors.Is(err, enrolment.ErrUnknown):
		if _, ok := d.wrong.Take(from, now); !ok {
			return nil, "", refuse(Full, "too many wrong codes come from everywhere")
		}
		return nil, "", refuse(Unknown, "want a code of 12 letters like BCDF-GHJK-LMNP, as it was made in the last 24 hours")
	case err != nil:
		return nil, "", &Error{Problem: Undecided, Detail: "the registry could not be read", Cause: err}
	}
	return offer, state, nil
}

// failed says what an error of Redeem means to the device.
func (d *Desk) failed(ctx context.Context, code string, err error, now time.Time) error {
	switch {
	case errors.Is(err, enrolment.ErrAttempt):
		return refuse(Malformed, "%v", err)
	case errors.Is(err, enrolment.ErrUsed):
		return refuse(Used, "want a code that is new; mlf claim new makes one")
	case errors.Is(err, enrolment.ErrGone):
		_, state, found := d.offers.Preview(ctx, code, now)
		if p, over := problemOf(state); found == nil && over {
			return refuse(p, "want a code that is new; mlf claim new makes one")
		}
		return refuse(Expired, "want a code that is new; mlf claim new makes one")
	}
	return &Error{Problem: Undecided, Detail: "the registry did not answer in time", Cause: err}
}

func written(answer any) []byte {
	body, err := json.Marshal(answer)
	if err != nil {
		panic(fmt.Sprintf("BUG: write an answer: %v", err))
	}
	return body
}
