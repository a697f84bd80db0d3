package source

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"mlf/schema"
)

// Limits of a list of devices.
const (
	listBytesMax = 8 << 20
	listLinesMax = 10_000 // A line, and what is enrolled for it, are some 500 bytes of the registry topic.
)

// readList reads a list of devices, as the help of mlf source device add shows it.
func readList(r io.Reader) (all []deviceFlags, err error) {
	limited := &io.LimitedReader{R: r, N: listBytesMax + 1}
	buffered := bufio.NewReader(limited)
	if mark, _ := buffered.Peek(3); string(mark) == "\ufeff" {
		_, _ = buffered.Discard(3)
	}
	table := csv.NewReader(buffered)
	if head, _ := buffered.Peek(512); strings.Contains(strings.SplitN(string(head), "\n", 2)[0], ";") {
		table.Comma = ';'
	}
	header, err := table.Read()
	if err != nil {
		return nil, fmt.Errorf("line 1: want a header such as integration,address,comune,channel,services: %w", err)
	}
	seen := make(map[string]bool)
	for i, name := range header {
		header[i] = strings.ToLower(strings.TrimSpace(name))
		if !new(deviceFlags).takes(header[i]) || seen[header[i]] {
			return nil, fmt.Errorf("line 1: column %.40q: want each of integration, address, comune, office, channel, services, scale, values, keypad, queue, counter_from, most_a_minute at most once", name)
		}
		seen[header[i]] = true
	}
	for {
		fields, err := table.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		if len(all) == listLinesMax || limited.N <= 0 {
			return nil, fmt.Errorf("want at most %d lines and %d MiB at once", listLinesMax, listBytesMax>>20)
		}
		var f deviceFlags
		for i, text := range fields {
			if err := f.set(header[i], strings.TrimSpace(text)); err != nil {
				return nil, fmt.Errorf("line %d: %w", len(all)+2, err)
			}
		}
		all = append(all, f)
	}
	if len(all) == 0 {
		return nil, errors.New("it has a header and no devices")
	}
	return all, nil
}

// takes tells whether there is a column of a name.
func (f *deviceFlags) takes(name string) bool { return f.set(name, "") == nil }

// set takes the text of a column.
func (f *deviceFlags) set(name, text string) error {
	texts := map[string]*string{
		"integration": &f.Integration, "address": &f.Address, "comune": &f.Comune, "office": &f.Office, "channel": &f.Channel, "scale": &f.Scale,
		"counter_from": &f.CounterFrom,
	}
	if into := texts[name]; into != nil {
		*into = text
		return f.checked(name, text)
	}
	switch name {
	case "services":
		f.Services = strings.Fields(text)
	case "values":
		f.Values = strings.Fields(text)
	case "queue":
		f.Queue = strings.Fields(text)
	case "keypad":
		f.Keypad = strings.Join(strings.Fields(text), ",")
	case "most_a_minute":
		n, err := strconv.ParseUint(text, 10, 32)
		if err != nil && text != "" {
			return fmt.Errorf("most_a_minute %q: want a number", text)
		}
		f.MostAMinute = uint32(n)
	default:
		return fmt.Errorf("no column %q", name)
	}
	return nil
}

// checked refuses what the flags of the command line would not take.
func (f *deviceFlags) checked(name, text string) error {
	switch {
	case name == "counter_from" && text != "" && text != "0":
		return fmt.Errorf("counter_from %q: want 0 or nothing", text)
	case name == "channel" && text != "":
		c, err := schema.ParseChannel(text)
		if err == nil && c != schema.ChannelTotem && c != schema.ChannelCounter && c != schema.ChannelPhone {
			return fmt.Errorf("channel %q: want totem, counter or phone", text)
		}
		return err
	}
	return nil
}
