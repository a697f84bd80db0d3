package question

// A partial are the keys of Counts.Partial, by which of their groups are Out.
type partial map[[attributes]bool]map[Key]bool

func newPartial(keys []Key) partial {
	p := make(partial)
	for _, key := range keys {
		var open [attributes]bool
		for a := range attributes {
			open[a] = key.of(Attribute(a)) == Out
		}
		if p[open] == nil {
			p[open] = make(map[Key]bool)
		}
		p[open][key] = true
	}
	return p
}

// Lacks returns what tells whether votes of a key are missing, because who asks is not
// shown them there.
func (c *Counts) Lacks() func(Key) bool { return newPartial(c.Partial).holds }

// holds tells whether key is one of p, or one that p has open.
func (p partial) holds(key Key) bool {
	for open, keys := range p {
		asked := key
		for a, group := range []*Group{&asked.Comune, &asked.Office, &asked.Service, &asked.Channel, &asked.Scale, &asked.Class, &asked.Hour} {
			if open[a] {
				*group = Out
			}
		}
		if keys[asked] {
			return true
		}
	}
	return false
}

// Partial tells whether votes of row r are missing, because who asks is not shown them
// there.
func (t *Table) Partial(r *Count) bool { return t.partial.holds(r.Key) }
