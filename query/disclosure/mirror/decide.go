package mirror

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"mlf/query/disclosure"
	"mlf/schema"
)

// ErrContradiction is the error of two databases in which different releases were
// published under one number, or would be: the same votes in other company. Nothing is
// published until somebody has said which of them is right.
var ErrContradiction = errors.New("two databases have different releases of one number")

// A look is what a database said of releases.
type look struct {
	name  string
	notes []schema.ReleaseNote // By number, and by when they were noted.
	now   time.Time            // By its own clock.
	err   error                // It did not answer.
}

// holds returns the releases of a number that are known to hold, behind previous; more
// than one only where something is wrong. A note says so, or that it was written for
// this database alone, unless another was noted before that one was settled.
func (l *look) holds(number uint32, previous schema.AttemptID) []*schema.Release {
	var all []*schema.Release
	first := l.first(number, previous)
	alone := first != nil && first.Alone && l.settled(first)
	for i := range l.notes {
		if n := &l.notes[i]; n.Rows == 0 && n.Number == number && n.Previous == previous {
			all = append(all, &n.Release)
			alone = alone && n.Noted.Sub(first.Noted) >= disclosure.SettleAfter
		}
	}
	if alone {
		all = append(all, &first.Release)
	}
	return all
}

// first returns the note of the first release of a number whose rows were written here,
// behind previous; nil for none.
func (l *look) first(number uint32, previous schema.AttemptID) *schema.ReleaseNote {
	for i := range l.notes {
		if n := &l.notes[i]; n.Rows != 0 && n.Number == number && n.Previous == previous {
			return n
		}
	}
	return nil
}

// settled tells whether no note can come any more that is older than n.
func (l *look) settled(n *schema.ReleaseNote) bool {
	return l.now.Sub(n.Noted) >= disclosure.SettleAfter
}

// rows returns the attempt that the rows of a release have here; 0 where they are not.
func (l *look) rows(r *schema.Release) schema.AttemptID {
	for i := range l.notes {
		if n := &l.notes[i]; n.Rows != 0 && n.Attempt == r.Attempt {
			return n.Rows
		}
	}
	return 0
}

// marked tells whether it is noted here that a release holds.
func (l *look) marked(r *schema.Release) bool {
	return slices.ContainsFunc(l.notes, func(n schema.ReleaseNote) bool { return n.Rows == 0 && n.Attempt == r.Attempt })
}

// A step brings databases nearer to each other. It may be taken by any number of
// processes, and be broken off anywhere.
type step struct {
	release  schema.Release
	from, to int // Of the looks. from is -1 where it is only noted that the release holds.
}

// A standing is what looks come to.
type standing struct {
	held  []schema.Release // What may be shown, from the first on.
	open  []schema.Release // What was written, and does not hold yet.
	steps []step           // In the order in which they are to be taken.
}

// decide returns how the databases stand. Those that did not answer are waited for
// before anything new holds; what held before does without them.
func decide(looks []look) (standing, error) {
	var s standing
	var previous schema.AttemptID
	for number := uint32(1); ; number++ {
		r, err := held(looks, number, previous)
		if err != nil {
			return s, err
		}
		if r == nil {
			return s, s.propose(looks, number, previous)
		}
		s.held, previous = append(s.held, *r), r.Attempt
		s.spread(looks, r)
	}
}

// held returns the release of a number that holds.
func held(looks []look, number uint32, previous schema.AttemptID) (*schema.Release, error) {
	var r *schema.Release
	var who string
	for i := range looks {
		if looks[i].err != nil {
			continue
		}
		for _, theirs := range looks[i].holds(number, previous) {
			if r != nil && r.Attempt != theirs.Attempt {
				return nil, contradiction(number, who, looks[i].name)
			}
			r, who = theirs, looks[i].name
		}
	}
	return r, nil
}

func contradiction(number uint32, one, other string) error {
	return fmt.Errorf("compare release %d of %s and %s: %w", number, one, other, ErrContradiction)
}

// spread has a release that holds noted and copied where it is not. It is noted first:
// from then on that database knows what it has not got, and nothing is published from
// it alone.
func (s *standing) spread(looks []look, r *schema.Release) {
	from := source(looks, r)
	for i := range looks {
		l := &looks[i]
		if l.err == nil && !l.marked(r) {
			s.steps = append(s.steps, step{*r, -1, i})
		}
	}
	for i := range looks {
		if l := &looks[i]; l.err == nil && l.rows(r) == 0 && from >= 0 {
			s.steps = append(s.steps, step{*r, from, i})
		}
	}
}

// source returns who has the rows of a release; -1 where nobody has who answers.
func source(looks []look, r *schema.Release) int {
	return slices.IndexFunc(looks, func(l look) bool { return l.err == nil && l.rows(r) != 0 })
}

// propose has the release of a number that does not hold yet copied to all, once it has
// settled where it was written; and noted as one that holds, once it has settled
// everywhere.
func (s *standing) propose(looks []look, number uint32, previous schema.AttemptID) error {
	var r *schema.Release
	var who string
	waits := false
	var lack []int
	for i := range looks {
		l := &looks[i]
		if l.err != nil {
			waits = true
			continue
		}
		first := l.first(number, previous)
		if first == nil {
			lack = append(lack, i)
			continue
		}
		if !l.settled(first) {
			s.open, waits = append(s.open, first.Release), true
			continue
		}
		if r != nil && r.Attempt != first.Attempt {
			return contradiction(number, who, l.name)
		}
		r, who = &first.Release, l.name
	}
	if r == nil {
		return nil
	}
	s.open = append(s.open, *r)
	s.carry(looks, r, lack, waits)
	return nil
}

// carry has the one release that was proposed copied to who lacks it; where nobody does,
// and nobody is waited for, it holds.
func (s *standing) carry(looks []look, r *schema.Release, lack []int, waits bool) {
	for _, i := range lack {
		s.steps = append(s.steps, step{*r, source(looks, r), i})
	}
	if len(lack) > 0 || waits {
		return
	}
	for i := range looks {
		s.steps = append(s.steps, step{*r, -1, i})
	}
}
