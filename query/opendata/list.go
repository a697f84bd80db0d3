package opendata

import (
	"time"

	"mlf/query/calendar"
	"mlf/query/disclosure"
	"mlf/schema"
)

// A list says what there is.
type list struct {
	Licence    string      `json:"licence"`
	Publisher  string      `json:"publisher"`
	Catalogues []string    `json:"catalogues"`
	Months     []listMonth `json:"months"`
	Due        []listDue   `json:"due"`
}

type listMonth struct {
	Month    string        `json:"month"`
	From     string        `json:"from"`
	To       string        `json:"to"` // The last day itself.
	Newest   int           `json:"newest"`
	Vintages []listVintage `json:"vintages"`
}

type listVintage struct {
	Vintage     int        `json:"vintage"`
	Release     uint32     `json:"release"`
	Day         string     `json:"day"`
	PublishedAt time.Time  `json:"published_at"`
	N           uint64     `json:"n"`
	K           uint32     `json:"k"`
	Files       []listFile `json:"files"`
}

// A listFile is a file; what is not known before it was made is null.
type listFile struct {
	Name      string  `json:"name"`
	URL       string  `json:"url"`
	Table     table   `json:"table"`
	MediaType string  `json:"media_type"`
	Rows      *int    `json:"rows"`
	Bytes     *uint64 `json:"bytes"`
	SHA256    *string `json:"sha256"`
}

// A listDue is a month that has votes and no vintage.
type listDue struct {
	Month string `json:"month"`
	Day   string `json:"day"`
}

func (l *Library) list(base string, releases []schema.Release) *list {
	all := &list{
		Licence: l.cfg.licence().iri, Publisher: l.cfg.publisher().Name, Catalogues: []string{base + "/" + catalogueTurtle, base + "/" + catalogueJSONLD},
		Months: []listMonth{}, Due: []listDue{},
	}
	for _, m := range monthsOf(releases) {
		editions := editionsOf(releases, m)
		if len(editions) == 0 {
			all.Due = append(all.Due, listDue{m.String(), calendar.Day(disclosure.Due(m)).String()})
			continue
		}
		first, next := editions[0].days()
		month := listMonth{Month: m.String(), From: first.String(), To: (next - 1).String(), Newest: len(editions)}
		for i := range editions {
			month.Vintages = append(month.Vintages, l.listVintage(base, &editions[i]))
		}
		all.Months = append(all.Months, month)
	}
	return all
}

func (l *Library) listVintage(base string, e *edition) listVintage {
	v := listVintage{
		Vintage: e.Number, Release: e.Release, Day: calendar.Day(e.Day).String(), PublishedAt: e.At.UTC(),
		N: e.Published, K: e.least(),
	}
	for _, t := range tables() {
		for _, f := range forms() {
			n := name{month: e.month, vintage: e.Number, table: t, form: f}.String()
			of := listFile{Name: n, URL: base + "/" + n, Table: t, MediaType: f.media()}
			if facts := l.factsOf(n); facts != nil {
				of.Rows, of.Bytes, of.SHA256 = &facts.rows, &facts.bytes, &facts.sum
			}
			v.Files = append(v.Files, of)
		}
	}
	return v
}
