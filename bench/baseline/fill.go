package baseline

import (
	"context"
	"fmt"
	"strings"

	"github.com/ClickHouse/clickhouse-go/v2"
)

// A Filling says which rollup rows FillRollups makes: rows of every comune and
// three services, as evenly over the hours as they go.
type Filling struct {
	Rows   int
	Comuni []uint32
	First  int64 // Unix time of the first hour.
	Hours  int
}

const fillServices = 3

// fillInsert makes rows [first, next) on the server itself: over the wire they
// would take longer than what is to be measured. %s is the settings.
const fillInsert = `INSERT INTO votes_rollup (comune, office, service, channel, scale, class, hour, partition, segment, v1, v2, v3, v4, v5, reasons)
SELECT
    {comuni:Array(UInt32)}[1 + number % {places:UInt64}] AS comune, '',
    1 + intDiv(number, {places:UInt64}) % {services:UInt64}, 1, 1, 1,
    toDateTime({start:UInt32} + 3600 * intDiv(intDiv(number, {places:UInt64} * {services:UInt64}) * {hours:UInt64}, {steps:UInt64}), 'UTC'),
    comune % 16, intDiv(number, 1000000),
    cityHash64(number, 1) % 3, cityHash64(number, 2) % 4, 1 + cityHash64(number, 3) % 20, 0, 0,
    if(number % 10 = 0, map(18::UInt8, 1::UInt64), map()::Map(UInt8, UInt64))
FROM numbers({first:UInt64}, {count:UInt64})
SETTINGS max_insert_threads = 1, max_threads = 2`

// fillBlock is how many rows one insert makes: some weeks of the country.
const fillBlock = 1_000_000

// FillRollups fills the store's table of rollups. progress gets the rows made so
// far.
func (d *Database) FillRollups(ctx context.Context, f Filling, progress func(rows int)) error {
	steps := max(1, (f.Rows+len(f.Comuni)*fillServices-1)/(len(f.Comuni)*fillServices))
	for first := 0; first < f.Rows; first += fillBlock {
		err := d.exec(ctx, fillInsert, clickhouse.Parameters{
			"comuni":   "[" + strings.Trim(strings.Join(strings.Fields(fmt.Sprint(f.Comuni)), ","), "[]") + "]",
			"places":   fmt.Sprint(len(f.Comuni)),
			"services": fmt.Sprint(fillServices),
			"start":    fmt.Sprint(f.First),
			"hours":    fmt.Sprint(f.Hours),
			"steps":    fmt.Sprint(steps),
			"first":    fmt.Sprint(first),
			"count":    fmt.Sprint(min(fillBlock, f.Rows-first)),
		})
		if err != nil {
			return err
		}
		progress(min(first+fillBlock, f.Rows))
	}
	return nil
}
