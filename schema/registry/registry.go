// Package registry is the reference data: comuni, provinces and regions,
// population classes, services, and the words people read for every code.
//
// It knows files and the nouns of schema. It must not know terminals (they live
// in the registry topic), votes or any stage. README.md tells where each file
// comes from, under which licence, and how an administration changes a label.
package registry

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io/fs"
	"slices"
	"strings"

	"mlf/schema"
)

//go:embed *.csv
var embedded embed.FS

// A Registry is the reference data as it was loaded. It never changes
// afterwards, so it is safe for use by several goroutines. The slices and maps
// it returns are shared: do not change them, except where a method says that
// the result is the caller's.
type Registry struct {
	regions   []Region // By ID, as are provinces and services.
	provinces []Province
	past      []Province // Those that are no more; by ID.
	comuni    []Comune   // By ID, then by ValidFrom.
	services  []Service
	classes   []PopulationClass // From the smallest up, without gaps.

	codes  map[schema.ComuneID][]schema.ComuneID // Of comuni with several: each code to all, the oldest first.
	merged map[schema.ComuneID]Merger            // By the last code.

	regionOf      map[schema.ProvinceID]schema.RegionID
	serviceByCode map[string]schema.ServiceID
	labels        map[List][]Entry
	names         []string // names[i] is what Search looks at for comuni[i].
	sum           string
	turns         []Date // On which a comune began or ended, ascending.
}

// Load returns the reference data that the program carries.
func Load() (*Registry, error) { return LoadFS(embedded) }

// LoadFS returns the reference data of a folder. A file that the folder lacks
// is taken from those the program carries; see README.md for what a file may
// change. A .csv of any other name is an error, because a misspelt file would
// silently change nothing. An error names the file, the line and the column.
func LoadFS(folder fs.FS) (*Registry, error) {
	if err := checkNames(folder); err != nil {
		return nil, err
	}
	src := source{folder: folder, fallback: embedded, sum: sha256.New()}
	r := &Registry{labels: make(map[List][]Entry)}
	// In the order in which they refer to one another.
	for _, load := range []func(source) error{
		r.loadRegions, r.loadProvinces, r.loadPastProvinces, r.loadComuni, r.loadChanges, r.loadPopulationClasses, r.loadLabels, r.loadServices,
	} {
		if err := load(src); err != nil {
			return nil, err
		}
	}
	r.indexNames()
	r.sum = hex.EncodeToString(src.sum.Sum(nil)[:8])
	for i := range r.comuni {
		r.turns = append(r.turns, r.comuni[i].ValidFrom, r.comuni[i].ValidTo)
	}
	slices.Sort(r.turns)
	r.turns = slices.Compact(r.turns)
	return r, nil
}

// Turn returns the last day until d on which a comune began or ended: from then to d the
// places are the same. 0 where there is none.
func (r *Registry) Turn(d Date) Date {
	i, found := slices.BinarySearch(r.turns, d)
	switch {
	case found:
		return d
	case i == 0:
		return 0
	}
	return r.turns[i-1]
}

// Sum returns a text that differs when anything in the files does.
func (r *Registry) Sum() string { return r.sum }

// checkNames refuses a folder with a list that no one would read.
func checkNames(folder fs.FS) error {
	if _, err := fs.Stat(folder, "."); err != nil { // Glob takes it for empty.
		return fmt.Errorf("open registry folder: %w", err)
	}
	found, err := fs.Glob(folder, "*.csv")
	if err != nil {
		return fmt.Errorf("list registry folder: %w", err)
	}
	known, err := fs.Glob(embedded, "*.csv")
	if err != nil {
		return fmt.Errorf("list embedded registry: %w", err)
	}
	for _, name := range found {
		if !slices.Contains(known, name) {
			return fmt.Errorf("read registry file %s: no list of this name: want %s", name, strings.Join(known, ", "))
		}
	}
	return nil
}

// A source is where the files are looked for, in this order.
type source struct {
	folder, fallback fs.FS
	sum              hash.Hash // Of all that was read.
}

// holds tells whether a file comes from the folder.
func (s source) holds(name string) bool {
	_, err := fs.Stat(s.folder, name)
	return err == nil
}

func (s source) open(name string) (fs.File, error) {
	f, err := s.folder.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		f, err = s.fallback.Open(name)
	}
	return f, err
}
