package archive

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"mlf/schema"
)

// others archives the registry, the numbers of served users and the alerts, as they are now.
func (t *taker) others(ctx context.Context, id schema.LogID) error {
	var latest latest
	if err := t.cfg.From.ReadRecords(ctx, latest.apply); err != nil {
		return fmt.Errorf("archive the registry: %w", err)
	}
	err := t.other(&t.m.Registry, Head{Kind: Registry, Log: id}, func(add func(key, value []byte) error) error {
		for _, r := range latest.all() {
			if err := add(r.Key, r.Value); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("archive the registry: %w", err)
	}
	// Of served users and alerts the last record of a key is not always the one that holds, so
	// all that are there are kept.
	if err := t.all(ctx, &t.m.Served, Head{Kind: Served, Log: id}, t.cfg.From.ReadServed); err != nil {
		return fmt.Errorf("archive the numbers of served users: %w", err)
	}
	if err := t.all(ctx, &t.m.Alerts, Head{Kind: Alerts, Log: id}, t.cfg.From.ReadAlerts); err != nil {
		return fmt.Errorf("archive the alerts: %w", err)
	}
	return nil
}

// all archives every record of a topic.
func (t *taker) all(ctx context.Context, at **FileInfo, h Head, read reads) error {
	return t.other(at, h, func(add func(key, value []byte) error) error {
		var failed error
		err := read(ctx, func(key string, value []byte) error {
			if failed == nil {
				failed = add([]byte(key), value)
			}
			return failed
		})
		return errors.Join(err, failed)
	})
}

// other writes one file of records without offsets in place of the one in at, if they
// are others.
func (t *taker) other(at **FileInfo, h Head, fill func(add func(key, value []byte) error) error) error {
	d, err := newDraft(t.cfg.To, h)
	if err != nil {
		return err
	}
	err = fill(func(key, value []byte) error {
		return d.Add(&schema.Record{Offset: d.Tail().Next, Key: key, Value: value})
	})
	if err != nil {
		return d.abandon(err)
	}
	old := *at
	f, err := d.finish(func(sum hexadecimal) string {
		if old != nil && old.SHA256 == sum {
			return "" // It has not changed.
		}
		return otherName(h.Kind, sum)
	})
	if err != nil || f.Name == "" {
		return err
	}
	*at = &f
	if old == nil {
		return t.replace(nil)
	}
	return t.replace([]FileInfo{*old})
}

// latest holds the last record of each key.
type latest struct {
	records []schema.Record // Offsets are those in records; a nil key: replaced since.
	at      map[string]int
}

// apply takes a record.
func (l *latest) apply(key string, value []byte) error {
	if l.at == nil {
		l.at = make(map[string]int)
	}
	if i, ok := l.at[key]; ok {
		l.records[i].Key = nil
	}
	l.at[key] = len(l.records)
	l.records = append(l.records, schema.Record{Offset: schema.Offset(len(l.records)), Key: []byte(key), Value: slices.Clone(value)})
	return nil
}

// all returns the records that hold, in the order in which they were written. What was
// taken back is not among them.
func (l *latest) all() []schema.Record {
	return slices.DeleteFunc(slices.Clone(l.records), func(r schema.Record) bool { return r.Key == nil || r.Value == nil })
}

// get returns the value that key has; nil for none.
func (l *latest) get(key []byte) []byte {
	if i, ok := l.at[string(key)]; ok {
		return l.records[i].Value
	}
	return nil
}
