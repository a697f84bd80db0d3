package finding

import (
	"fmt"
	"time"
)

// A Disk is how full a disk is, and what grows on it.
type Disk struct {
	Free, Total uint64        // Bytes.
	Ours        uint64        // Bytes of what grows.
	Age         time.Duration // Time in which it came; 0: not known.
}

// The bounds of a forecast.
const (
	daysFail  = 2  // No disk is bought sooner.
	daysWarn  = 60 // Any is.
	youngest  = 24 * time.Hour
	freeFail  = 0.02
	freeWarn  = 0.15
	hoursADay = 24
)

// Forecast judges d: it goes on to grow as it has on average. When it is full, breaks
// comes of it.
func (d Disk) Forecast(check, on, breaks string) Finding {
	f := Finding{Status: OK, Check: check, On: on, Breaks: breaks, Remedy: "add disk, or move other things off it; never delete records or parts by hand"}
	free := float64(d.Free) / float64(max(1, d.Total))
	f.Says = fmt.Sprintf("%.1f of %.1f GB free", gb(d.Free), gb(d.Total))
	days := float64(daysWarn)
	if d.Age < youngest {
		f.Says += "; no forecast: there is less than a day to go by"
	} else {
		rate := float64(d.Ours) / (d.Age.Hours() / hoursADay)
		days = float64(d.Free) / max(1, rate)
		f.Says += fmt.Sprintf("; full in %.0f days, if it grows on as in the %.0f days before, %.3f GB a day", min(days, 99999), d.Age.Hours()/hoursADay, rate/1e9)
	}
	switch {
	case free < freeFail || days < daysFail:
		f.Status = Fail
	case free < freeWarn || days < daysWarn:
		f.Status = Warn
	default:
		f.Breaks, f.Remedy = "", ""
	}
	return f
}

func gb(n uint64) float64 { return float64(n) / 1e9 }
