// Package batch reads questions that are asked together.
//
// It knows what the body of POST /v1/query looks like. It must not know what any question
// means, how it is answered, or HTTP.
package batch

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strconv"
	"strings"

	"mlf/query/question"
)

// What a batch may be.
const (
	asksMax = 32
	idMax   = 64 // Bytes.
)

// A Batch is questions that are answered as of the same records.
type Batch struct {
	AtLeast question.Position // How far their answers reach at least; nil for anywhere.
	Asks    []Ask             // From 1 to asksMax.
}

// An Ask is one of them: what a GET would ask, to be answered in JSON.
type Ask struct {
	ID         string
	Path       string
	Parameters url.Values
}

// Parse reads a batch. An error says what is wrong, for who sent it.
func Parse(body []byte) (*Batch, error) {
	var sent struct {
		AtLeast string `json:"at_least"`
		Queries []struct {
			ID         string               `json:"id"`
			Path       string               `json:"path"`
			Parameters map[string]parameter `json:"parameters"`
		} `json:"queries"`
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	if err := d.Decode(&sent); err != nil {
		return nil, fmt.Errorf("no JSON of the expected shape: %w", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("more than one value")
	}
	if n := len(sent.Queries); n == 0 || n > asksMax {
		return nil, fmt.Errorf("queries: got %d, want 1 to %d", n, asksMax)
	}
	b := new(Batch)
	var err error
	if sent.AtLeast != "" {
		if b.AtLeast, err = question.ParsePosition(sent.AtLeast); err != nil {
			return nil, fmt.Errorf("at_least: %w", err)
		}
	}
	ids := make(map[string]bool)
	for i, q := range sent.Queries {
		if q.ID == "" || len(q.ID) > idMax || ids[q.ID] {
			return nil, fmt.Errorf("queries[%d].id: want a text of 1 to %d bytes that no other query has", i, idMax)
		}
		ids[q.ID] = true
		ask := Ask{ID: q.ID, Path: q.Path, Parameters: make(url.Values)}
		for name, value := range q.Parameters {
			ask.Parameters[name] = value
		}
		if err := ask.check(); err != nil {
			return nil, err
		}
		b.Asks = append(b.Asks, ask)
	}
	return b, nil
}

// check refuses what is no question, and other forms than JSON.
func (a *Ask) check() error {
	if !strings.HasPrefix(a.Path, "/v1/") || len(a.Parameters["format"])+len(a.Parameters["csv"]) > 0 {
		return errors.New(a.ID + ": want a path from /v1/ on, answered in JSON")
	}
	if i := strings.LastIndexByte(a.Path, '.'); i >= 0 && i > strings.LastIndexByte(a.Path, '/') {
		return errors.New(a.ID + ": want a path without an ending: answers are JSON")
	}
	return nil
}

// A parameter is a text, a number, a truth value, or a list of texts.
type parameter []string

// UnmarshalJSON reads p.
func (p *parameter) UnmarshalJSON(data []byte) error {
	var value any
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	if err := d.Decode(&value); err != nil {
		return err //nolint:wrapcheck // The caller is json itself.
	}
	switch v := value.(type) {
	case string:
		*p = parameter{v}
	case json.Number:
		*p = parameter{v.String()}
	case bool:
		*p = parameter{strconv.FormatBool(v)}
	case []any:
		*p = make(parameter, len(v))
		for i := range v {
			text, ok := v[i].(string)
			if !ok {
				return errParameter
			}
			(*p)[i] = text
		}
	default:
		return errParameter
	}
	return nil
}

var errParameter = errors.New("parameters: want texts, numbers, truth values or lists of texts")
