package store

import (
	"context"
	"errors"

	"mlf/schema"
)

// Names are what BI tools find beside the counts, in the views bi_votes and
// bi_reasons. Nothing of mlf reads them.
type Names struct {
	Comuni   []ComuneNames
	Services []ServiceNames
}

// ComuneNames are a comune's names and those of where it lies.
type ComuneNames struct {
	ID                       schema.ComuneID
	Name                     string
	Province, Region         string // Codes.
	ProvinceName, RegionName string
	MacroArea                string
	Population               uint32 // Residents.
	PopulationClass          string // A code.
}

// ServiceNames are a service's names.
type ServiceNames struct {
	ID         schema.ServiceID
	Code       string
	IT, EN, DE string
	Category   string // A code; may be empty.
}

// ApplyNames writes names over those that are there, in a store that was applied.
func ApplyNames(ctx context.Context, cfg Config, names Names) (err error) {
	cfg.ConnsMax = 1
	s, err := Open(ctx, cfg, Telemetry{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	return s.WriteNames(ctx, names)
}

// WriteNames writes names over those that are there.
func (s *Store) WriteNames(ctx context.Context, names Names) error {
	if err := s.writeComuneNames(ctx, names.Comuni); err != nil {
		return err
	}
	return s.writeServiceNames(ctx, names.Services)
}

func (s *Store) writeComuneNames(ctx context.Context, comuni []ComuneNames) error {
	n := len(comuni)
	code, population := make([]uint32, n), make([]uint32, n)
	var words [8][]string
	for i := range words {
		words[i] = make([]string, n)
	}
	for i := range comuni {
		c := &comuni[i]
		code[i], population[i] = uint32(c.ID), c.Population
		for k, word := range [...]string{c.ID.String(), c.Name, c.Province, c.ProvinceName, c.Region, c.RegionName, c.MacroArea, c.PopulationClass} {
			words[k][i] = word
		}
	}
	columns := []any{code}
	for _, column := range words[:7] {
		columns = append(columns, column)
	}
	return s.insert(ctx, "bi_comune", n, append(columns, population, words[7]))
}

func (s *Store) writeServiceNames(ctx context.Context, services []ServiceNames) error {
	n := len(services)
	id := make([]uint16, n)
	var words [5][]string
	for i := range words {
		words[i] = make([]string, n)
	}
	for i := range services {
		v := &services[i]
		id[i] = uint16(v.ID)
		for k, word := range [...]string{v.Code, v.IT, v.EN, v.DE, v.Category} {
			words[k][i] = word
		}
	}
	columns := []any{id}
	for _, column := range words {
		columns = append(columns, column)
	}
	return s.insert(ctx, "bi_service", n, columns)
}
