package alert

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// A play is the votes of a body, hour by hour. People come in queues: whoever stands in one
// thinks like the others of it. Mondays are full, Saturdays short, Sundays closed.
type play struct {
	rng    *rand.Rand
	perDay float64
	red    func(day int) float64
	queue  float64 // How many a queue has, on average.
	alike  float64 // How alike they are, 0 to 1: the correlation of two in one queue.
	grumpy float64 // By how much more red there is on Mondays.
	hourly []Day
}

// hours plays days and returns the votes of each hour.
func (p *play) hours(days int) []Day {
	weight := [7]float64{1.5, 1.2, 1.1, 1.2, 1.3, 0.7, 0}
	p.hourly = make([]Day, days*24)
	for day := range days {
		perHour := p.perDay * weight[day%7] / 10
		share := p.red(day)
		if day%7 == 0 {
			share += p.grumpy
		}
		for hour := 8; hour < 18; hour++ {
			queues := poisson(p.rng, perHour/p.queue)
			for range queues {
				n := 1 + poisson(p.rng, p.queue-1)
				mood := beta(p.rng, share, p.alike)
				for range n {
					d := &p.hourly[day*24+hour]
					d.N++
					if p.rng.Float64() < mood {
						d.Negative++
					}
				}
			}
		}
	}
	return p.hourly
}

func poisson(rng *rand.Rand, mean float64) (n int) {
	for limit, p := math.Exp(-mean), rng.Float64(); p > limit; p *= rng.Float64() {
		n++
	}
	return n
}

// beta draws the mood of a queue: mean share, correlation alike.
func beta(rng *rand.Rand, share, alike float64) float64 {
	if alike <= 0 {
		return share
	}
	total := 1/alike - 1
	x, y := gamma(rng, share*total), gamma(rng, (1-share)*total)
	return x / (x + y)
}

// gamma draws by Marsaglia and Tsang's method (ACM Transactions on Mathematical Software 26
// (2000), pages 363-372).
func gamma(rng *rand.Rand, shape float64) float64 {
	if shape < 1 {
		return gamma(rng, shape+1) * math.Pow(1-rng.Float64(), 1/shape)
	}
	d := shape - 1.0/3
	c := 1 / math.Sqrt(9*d)
	for {
		x := rng.NormFloat64()
		v := (1 + c*x) * (1 + c*x) * (1 + c*x)
		if v > 0 && math.Log(1-rng.Float64()) < x*x/2+d-d*v+d*math.Log(v) {
			return d * v
		}
	}
}

// sums are running sums over hours, so that a year of hourly looks costs little.
type sums []Day

func sumsOf(hours []Day) sums {
	s := make(sums, len(hours)+1)
	for i, h := range hours {
		s[i+1] = Day{s[i].N + h.N, s[i].Negative + h.Negative}
	}
	return s
}

// days are those that end before hour next.
func (s sums) days(next int, days []Day) {
	for i := range days {
		end := next - (len(days)-1-i)*24
		a, b := s[max(0, end-24)], s[max(0, end)]
		days[i] = Day{b.N - a.N, b.Negative - a.Negative}
	}
}

// alarms looks every hour from day first on, and returns in which an alert opens that was not
// open: as Next has it, without the wait before it closes.
func alarms(hours []Day, first int) (at []int) {
	s, days := sumsOf(hours), make([]Day, allDays)
	calmFor, open := 0, false
	for next := first * 24; next < len(hours); next++ {
		s.days(next, days)
		v := judgeShare(days, 0.05, false)
		switch {
		case !v.Known:
		case !open && v.Opens:
			open = true
			at = append(at, next)
		case open && v.Calm:
			if calmFor++; calmFor >= 48 {
				open, calmFor = false, 0
			}
		default:
			calmFor = 0
		}
	}
	return at
}

// TestFalseAlarmsAreRare plays 400 years of bodies in which nothing ever changes.
func TestFalseAlarmsAreRare(t *testing.T) {
	const years = 400
	total := 0
	for i := range years {
		rng := rand.New(rand.NewPCG(uint64(i), 1))
		p := &play{
			rng: rng, perDay: []float64{8, 20, 40, 120, 400}[i%5], queue: []float64{1, 3, 6}[i%3], alike: []float64{0, 0.1, 0.3}[i/3%3],
			grumpy: []float64{0, 0.05}[i%2],
		}
		share := []float64{0.05, 0.15, 0.3, 0.5}[i%4]
		p.red = func(int) float64 { return share }
		n := len(alarms(p.hours(allDays+365), allDays))
		total += n
		if n > 0 {
			t.Logf("%+v share %v: %d", []float64{p.perDay, p.queue, p.alike, p.grumpy}, share, n)
		}
	}
	rate := float64(total) / years
	t.Logf("%.3f false alarms in a year of a body", rate)
	if rate > 0.25 {
		t.Errorf("got %.3f false alarms in a year of a body: want at most 0.25", rate)
	}
}

// TestARiseIsFound plays a rise of 15 points at 40 votes a day.
func TestARiseIsFound(t *testing.T) {
	var delays []float64
	for i := range 200 {
		p := &play{
			rng: rand.New(rand.NewPCG(uint64(i), 2)), perDay: 40, queue: []float64{1, 3, 6}[i%3], alike: []float64{0, 0.1, 0.3}[i/3%3], grumpy: []float64{0, 0.05}[i%2],
		}
		begins := allDays + 21 + i%7
		share := []float64{0.1, 0.2, 0.3}[i%3]
		p.red = func(day int) float64 {
			if day >= begins {
				return share + 0.15
			}
			return share
		}
		delay := math.Inf(1)
		for _, at := range alarms(p.hours(allDays+70), allDays) {
			if at >= begins*24 {
				delay = float64(at-begins*24) / 24
				break
			}
		}
		delays = append(delays, delay)
	}
	slices.Sort(delays)
	t.Logf("median %.1f days, 90 %% within %.1f, missed %d", delays[len(delays)/2], delays[len(delays)*9/10], len(delays)-sortSearch(delays))
	if median := delays[len(delays)/2]; median > 7 {
		t.Errorf("got a median of %.1f days: want at most 7", median)
	}
}

func sortSearch(delays []float64) int {
	i := slices.IndexFunc(delays, func(d float64) bool { return math.IsInf(d, 1) })
	if i < 0 {
		return len(delays)
	}
	return i
}
