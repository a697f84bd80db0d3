package desk

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"os"
	"strings"
	"time"
)

const (
	readTimeout = 10 * time.Second // For a body, from when it is read.
	depthMax    = 16               // Of values in values.
)

// Read reads a JSON body of at most limit bytes into to, strictly: of Content-Type
// application/json, one object, no member that to does not have, none twice, names
// exactly as they are. Errors are *Refusal: 400, 408, 413 or 415.
func Read(w http.ResponseWriter, r *http.Request, limit int64, to any) error {
	media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || media != "application/json" {
		return &Refusal{
			Status: http.StatusUnsupportedMediaType, Type: "unsupported-media-type", Title: "The body's type is not supported",
			Detail: "want Content-Type: application/json",
		}
	}
	if r.ContentLength > limit {
		return tooLarge(limit)
	}
	control := http.NewResponseController(w)
	// Not every ResponseWriter has deadlines; those of a server do.
	_ = control.SetReadDeadline(time.Now().Add(readTimeout))
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, limit))
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return tooLarge(limit)
	case errors.Is(err, os.ErrDeadlineExceeded):
		return &Refusal{
			Status: http.StatusRequestTimeout, Type: "too-slow", Title: "The body came too slowly",
			Detail: fmt.Sprintf("want all of it within %v", readTimeout),
		}
	case err != nil:
		return Malformed("it ended too early")
	}
	if err := parse(body, to); err != nil {
		return Malformed("%v", err)
	}
	return nil
}

func tooLarge(limit int64) *Refusal {
	return &Refusal{
		Status: http.StatusRequestEntityTooLarge, Type: "too-large", Title: "The body is too large",
		Detail: fmt.Sprintf("want at most %d bytes", limit),
	}
}

// parse reads body into to. encoding/json takes the last of two members, and a name
// in other letters for the same: both are somebody's mistake here.
func parse(body []byte, to any) error {
	if err := checkNames(body); err != nil {
		return err
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	err := d.Decode(to)
	var kind *json.UnmarshalTypeError
	switch {
	case errors.As(err, &kind):
		return fmt.Errorf("%s: a %s is not what is wanted there", kind.Field, kind.Value)
	case err != nil:
		return fmt.Errorf("no JSON of the expected shape: %s", strings.TrimPrefix(err.Error(), "json: "))
	}
	return nil
}

// checkNames refuses what is not one JSON object, names that occur twice in an object, and
// those that are not in small letters, as all of ours are.
func checkNames(body []byte) error {
	if !bytes.HasPrefix(bytes.TrimLeft(body, " \t\r\n"), []byte("{")) {
		return errors.New("want a JSON object")
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	if err := checkValue(d, 0); err != nil {
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("there is more than one value")
	}
	return nil
}

// checkValue reads one value of d.
func checkValue(d *json.Decoder, depth int) error {
	if depth > depthMax {
		return fmt.Errorf("more than %d values in one another", depthMax)
	}
	token, err := d.Token()
	if err != nil {
		return fmt.Errorf("no JSON: %w", err)
	}
	open, _ := token.(json.Delim)
	names := make(map[string]bool)
	for (open == '{' || open == '[') && d.More() {
		if open == '{' {
			if err := checkName(d, names); err != nil {
				return err
			}
		}
		if err := checkValue(d, depth+1); err != nil {
			return err
		}
	}
	if open == '{' || open == '[' {
		if _, err := d.Token(); err != nil {
			return fmt.Errorf("no JSON: %w", err)
		}
	}
	return nil
}

// checkName reads the name of a member that must be none of names yet.
func checkName(d *json.Decoder, names map[string]bool) error {
	token, err := d.Token()
	if err != nil {
		return fmt.Errorf("no JSON: %w", err)
	}
	name, isText := token.(string)
	switch {
	case !isText:
		return errors.New("no JSON: want a name")
	case len(name) > nameMax || strings.ContainsFunc(name, isForeign):
		return fmt.Errorf("%.40q: unknown; names are in small letters", name)
	case names[name]:
		return fmt.Errorf("%s: given twice", name)
	}
	names[name] = true
	return nil
}

const nameMax = 64 // Bytes of a member's name.

func isForeign(r rune) bool {
	return r != '_' && r != '-' && (r < 'a' || r > 'z') && (r < '0' || r > '9')
}
