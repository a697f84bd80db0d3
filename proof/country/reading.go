package country

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	public "mlf/query/client"
	"mlf/schema"
	"mlf/schema/registry"
)

// windowHours is how many hours one read of cells spans: a day of 2,000
// terminals has some 60,000 cells, far below the million that query allows. A
// window that is refused is read in halves.
const windowHours schema.Hour = 24

// cells reads every cell of the hours [first, next), of all classes and scales,
// and gives each to yield. A window is given on only when it was read to its end.
func (s *Simulation) cells(ctx context.Context, first, next schema.Hour, yield func(*cellRow)) error {
	for from := first; from < next; from += windowHours {
		for _, scale := range schema.Scales() {
			if err := s.cellsOf(ctx, scale, from, min(next, from+windowHours), yield); err != nil {
				return fmt.Errorf("read cells of %v from %v: %w", scale, from, err)
			}
		}
	}
	return nil
}

func (s *Simulation) cellsOf(ctx context.Context, scale schema.Scale, from, to schema.Hour, yield func(*cellRow)) error {
	var rows []cellRow
	err := s.weather.insist(ctx, func() (err error) {
		rows, err = s.client.stats(ctx, s.registry, scale, from, to)
		return err
	})
	var refused *refusedError
	if errors.As(err, &refused) && refused.status == http.StatusBadRequest && to-from > 1 { // Too many rows.
		middle := from + (to-from)/2
		if err := s.cellsOf(ctx, scale, from, middle, yield); err != nil {
			return err
		}
		return s.cellsOf(ctx, scale, middle, to, yield)
	}
	for i := range rows {
		yield(&rows[i])
	}
	return err
}

// stats reads one window.
func (c *client) stats(ctx context.Context, reg *registry.Registry, scale schema.Scale, from, to schema.Hour) (rows []cellRow, err error) {
	params := url.Values{
		"from":   {from.String()},
		"to":     {to.String()},
		"group":  {"comune,office,service,channel,class,hour"},
		"class":  {"all"},
		"scale":  {scale.String()},
		"format": {"csv"},
	}
	if c.position != "" { // Another process, or one that was started anew, may be behind the ledger.
		params.Set("at_least", c.position)
	}
	err = c.get(ctx, "/v1/stats", params, "", func(body io.Reader) (err error) {
		rows, err = parseCells(body, reg, scale)
		return err
	})
	return rows, err
}

// parseCells reads an answer in CSV, by the names in its header.
func parseCells(r io.Reader, reg *registry.Registry, scale schema.Scale) ([]cellRow, error) {
	table := csv.NewReader(r)
	table.ReuseRecord = true
	header, err := table.Read()
	if err != nil {
		return nil, fmt.Errorf("read header: %w", err)
	}
	p, err := newCellParser(header, reg, scale)
	if err != nil {
		return nil, err
	}
	var rows []cellRow
	for {
		record, err := table.Read()
		if errors.Is(err, io.EOF) {
			return rows, nil
		}
		if err != nil {
			return nil, fmt.Errorf("read row %d: %w", len(rows)+1, err)
		}
		row, err := p.parse(record)
		if err != nil {
			return nil, fmt.Errorf("read row %d: %w", len(rows)+1, err)
		}
		rows = append(rows, row)
	}
}

// A cellParser knows in which column what is.
type cellParser struct {
	registry *registry.Registry
	scale    schema.Scale
	column   map[string]int
	values   [schema.ValueMax]int // Column of each value, less 1; -1 for none.
	offices  map[string]schema.OfficeCode
}

func newCellParser(header []string, reg *registry.Registry, scale schema.Scale) (*cellParser, error) {
	p := &cellParser{registry: reg, scale: scale, column: make(map[string]int), offices: make(map[string]schema.OfficeCode)}
	for i, name := range header {
		p.column[name] = i
	}
	for _, name := range []string{"comune", "office", "service", "channel", "class", "hour"} {
		if _, ok := p.column[name]; !ok {
			return nil, fmt.Errorf("answer has the columns %q: want %s among them", header, name)
		}
	}
	for i := range p.values {
		v := schema.Value(i + 1)
		column, ok := p.column[valueName(scale, v)]
		if !ok && v <= scale.Max() {
			return nil, fmt.Errorf("answer has the columns %q: want %s among them", header, valueName(scale, v))
		}
		if !ok {
			column = -1
		}
		p.values[i] = column
	}
	return p, nil
}

func (p *cellParser) parse(record []string) (row cellRow, err error) {
	field := func(name string) string { return record[p.column[name]] }
	row.Scale = p.scale
	if row.Comune, err = schema.ParseComune(field("comune")); err != nil {
		return row, err
	}
	row.Office = p.office(field("office"))
	service, ok := p.registry.ServiceByCode(field("service"))
	if !ok {
		return row, fmt.Errorf("service %q: not in the registry", field("service"))
	}
	row.Service = service.ID
	if row.Channel, err = schema.ParseChannel(field("channel")); err != nil {
		return row, err
	}
	if row.Class, err = schema.ParseClass(field("class")); err != nil {
		return row, err
	}
	hour, err := time.Parse(time.RFC3339, field("hour"))
	if err != nil {
		return row, fmt.Errorf("hour: %w", err)
	}
	row.Hour = schema.HourOf(hour)
	for i, column := range p.values {
		if column < 0 {
			continue
		}
		n, err := strconv.ParseUint(record[column], 10, 32)
		if err != nil {
			return row, fmt.Errorf("%s: %w", valueName(p.scale, schema.Value(i+1)), err)
		}
		row.values[i] = uint32(n)
	}
	return row, nil
}

// office keeps one copy of each code, so that no row keeps its line in memory.
func (p *cellParser) office(code string) schema.OfficeCode {
	kept, ok := p.offices[code]
	if !ok {
		kept = schema.OfficeCode([]byte(code))
		p.offices[string(kept)] = kept
	}
	return kept
}

// ledger reads the ledger; cells are then those that it accounts for, or later ones. One
// call at a time, and none of stats beside it.
func (c *client) ledger(ctx context.Context) (l public.Ledger, err error) {
	err = c.do(ctx, call{
		method: http.MethodGet, address: c.query + "/v1/ledger", want: http.StatusOK, read: readJSON(&l),
		position: &c.position,
	})
	return l, err
}

func (c *client) watermark(ctx context.Context, token, stream string) (w public.Watermark, err error) {
	err = c.get(ctx, "/v1/terminals/self/watermark", url.Values{"stream": {stream}}, token, readJSON(&w))
	return w, err
}
