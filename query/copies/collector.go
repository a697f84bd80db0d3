package copies

import "github.com/prometheus/client_golang/prometheus"

// A collector tells how the members of a set are, at the moment of the scrape.
type collector[C Copy] struct {
	s                   *Set[C]
	up, asked, lacks, n *prometheus.Desc
}

func newCollector[C Copy](s *Set[C]) *collector[C] {
	of := func(name, help string) *prometheus.Desc {
		return prometheus.NewDesc("mlf_query_"+name, help, []string{"database"}, nil)
	}
	return &collector[C]{
		s:     s,
		up:    of("copy_up", "1 while the database answers. 0: see it; answers come from another, if there is one."),
		asked: of("copy_asked", "1 for the database that is asked now, where memory does not answer."),
		lacks: of("copy_behind_records", "Records that the database has not counted, and the furthest has, as they were last seen. Growing: see the workers of this one."),
		n:     of("copy_counted_records", "Records that the database had counted when it was last seen, over all partitions."),
	}
}

// Describe is prometheus.Collector's.
func (c *collector[C]) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{c.up, c.asked, c.lacks, c.n} {
		ch <- d
	}
}

// Collect is prometheus.Collector's.
func (c *collector[C]) Collect(ch chan<- prometheus.Metric) {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	now, most := c.s.cfg.Now(), sum(nil)
	for _, m := range c.s.members {
		most = max(most, sum(m.position))
	}
	for _, m := range c.s.members {
		set := func(d *prometheus.Desc, v float64) {
			ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, m.Name)
		}
		set(c.up, truth(!m.dead(now, c.s.cfg.DeadAfter)))
		set(c.asked, truth(m == c.s.current))
		set(c.n, float64(sum(m.position)))
		set(c.lacks, float64(most-sum(m.position)))
	}
}

func truth(is bool) float64 {
	if is {
		return 1
	}
	return 0
}
