package answer

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strconv"

	"mlf/query/question"
)

// What a batch may be.
const (
	batchMax   = 32
	batchIDMax = 64 // Bytes.
)

// A Batch is questions that are answered as of the same records.
type Batch struct {
	AtLeast question.Position
	Asks    []Ask // From 1 to batchMax.
}

// An Ask is one of them: what a GET would ask.
type Ask struct {
	ID         string
	Path       string
	Parameters url.Values
}

// ReadBatch reads a batch. An error says what is wrong, for who sent it.
func ReadBatch(body []byte) (*Batch, error) {
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
	if n := len(sent.Queries); n == 0 || n > batchMax {
		return nil, fmt.Errorf("queries: got %d, want 1 to %d", n, batchMax)
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
		if q.ID == "" || len(q.ID) > batchIDMax || ids[q.ID] {
			return nil, fmt.Errorf("queries[%d].id: want a text of 1 to %d bytes that no other query has", i, batchIDMax)
		}
		ids[q.ID] = true
		ask := Ask{ID: q.ID, Path: q.Path, Parameters: make(url.Values)}
		for name, value := range q.Parameters {
			ask.Parameters[name] = value
		}
		b.Asks = append(b.Asks, ask)
	}
	return b, nil
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
