package format

import (
	"bufio"
	"fmt"
	"io"
	"strings"
)

// sdmxAgency is who maintains the dataflows, and their version.
const (
	sdmxAgency  = "MLF"
	sdmxVersion = "1.0.0"
)

// WriteSDMX writes s as SDMX-CSV 2.0: a record for each measure of each row, with
// the measure as a dimension of its own, and OBS_STATUS.
// SDMX 3.0, SDMX-CSV 2.0.0, field guide (sdmx-twg/sdmx-csv).
func WriteSDMX(w io.Writer, s *Sheet) error {
	dims, measures := s.dimensions(), s.measures()
	out := bufio.NewWriter(w)
	buf := []byte("STRUCTURE,STRUCTURE_ID,ACTION,")
	for _, d := range dims {
		buf = append(append(buf, sdmxName(d.Name)...), ',')
	}
	buf = append(buf, "MEASURE,OBS_VALUE,OBS_STATUS\r\n"...)
	head := fmt.Sprintf("dataflow,%s:%s(%s),I,", sdmxAgency, s.ID, sdmxVersion)
	for i := range s.Len {
		status := byte('A')
		if s.Status != nil {
			status = sdmxStatus(s.Status(i))
		}
		key := append(make([]byte, 0, 64), head...)
		for _, d := range dims {
			from := len(key)
			key = append(quoteCSV(append(key, d.text(i)...), from), ',')
		}
		for _, m := range measures {
			buf = append(append(append(buf, key...), sdmxName(m.Name)...), ',')
			buf = append(append(m.appendNumber(buf, i), ',', status), "\r\n"...)
		}
		if _, err := out.Write(buf); err != nil {
			return fmt.Errorf("write SDMX-CSV: %w", err)
		}
		buf = buf[:0]
	}
	if _, err := out.Write(buf); err != nil { // The header of no rows.
		return fmt.Errorf("write SDMX-CSV: %w", err)
	}
	if err := out.Flush(); err != nil {
		return fmt.Errorf("write SDMX-CSV: %w", err)
	}
	return nil
}

// sdmxStatus returns the code of CL_OBS_STATUS, of which there is room for one, that
// says what the first of ours does: that a period is not over is provisional there, and
// few votes are a figure of low reliability.
func sdmxStatus(codes string) byte {
	switch {
	case codes == "":
		return 'A'
	case codes[0] == 'R':
		return 'P'
	case codes[0] == 'L':
		return 'U'
	}
	return codes[0]
}

// sdmxName is the identifier of a component. Spans of time are SDMX's own.
func sdmxName(name string) string {
	switch name {
	case "hour", "day", "week", "month", "quarter", "year":
		return "TIME_PERIOD"
	}
	return strings.ToUpper(name)
}
