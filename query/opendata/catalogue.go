package opendata

import (
	"strings"
	"time"

	"mlf/query/calendar"
	"mlf/query/opendata/rdf"
	"mlf/schema"
	"mlf/schema/registry"
)

// Lists of the European Publications Office and others, which the profile wants.
const (
	europe       = "http://publications.europa.eu/resource/authority/"
	eurovoc      = "http://eurovoc.europa.eu/"
	italy        = "https://www.geonames.org/3175395"
	csvwStandard = "http://www.w3.org/TR/tabular-metadata/"
)

// catalogue describes all files as DCAT-AP_IT wants them: a data set for each table, and of
// each a distribution for every month and form, whose address is the newest vintage's.
func (l *Library) catalogue(base string, releases []schema.Release) *rdf.Graph {
	c := &cataloguer{Library: l, base: base, updated: releases[0].Written}
	var newest []edition
	for _, m := range monthsOf(releases) {
		if editions := editionsOf(releases, m); len(editions) > 0 {
			c.editions = append(c.editions, editions)
			newest = append(newest, editions[len(editions)-1])
		}
	}
	for i := range newest {
		if newest[i].At.After(c.updated) {
			c.updated = newest[i].At
		}
	}
	c.root(releases[0].Written)
	for _, t := range tables() {
		c.dataset(t)
	}
	c.agents()
	for _, t := range tables() {
		for _, editions := range c.editions {
			c.distributions(t, editions)
		}
	}
	return &rdf.Graph{Things: c.things, Prefixes: []rdf.Prefix{
		{Name: "dcatapit", IRI: "http://dati.gov.it/onto/dcatapit#"},
		{Name: "dcat", IRI: "http://www.w3.org/ns/dcat#"},
		{Name: "dct", IRI: "http://purl.org/dc/terms/"},
		{Name: "foaf", IRI: "http://xmlns.com/foaf/0.1/"},
		{Name: "owl", IRI: "http://www.w3.org/2002/07/owl#"},
		{Name: "vcard", IRI: "http://www.w3.org/2006/vcard/ns#"},
		{Name: "xsd", IRI: "http://www.w3.org/2001/XMLSchema#"},
	}}
}

// A cataloguer makes a catalogue.
type cataloguer struct {
	*Library
	base     string
	editions [][]edition // Of each month that has any, ascending.
	updated  time.Time
	things   []*rdf.Thing
}

// thing begins one with a name of the catalogue's own.
func (c *cataloguer) thing(name string, types ...string) *rdf.Thing {
	t := &rdf.Thing{IRI: c.base + "#" + name, Types: types}
	c.things = append(c.things, t)
	return t
}

// own is a thing of the catalogue.
func (c *cataloguer) own(name string) rdf.Value { return rdf.IRI(c.base + "#" + name) }

func (c *cataloguer) root(issued time.Time) {
	t := c.thing("catalog", "dcatapit:Catalog", "dcat:Catalog")
	t.Add("dct:title", words(catalogueTitle())...)
	t.Add("dct:description", words(descriptionOf(tableLots))...)
	t.Add("dct:publisher", c.own("publisher"))
	t.Add("dct:issued", day(issued))
	t.Add("dct:modified", day(c.updated))
	t.Add("dct:language", languages()...)
	t.Add("dct:spatial", place())
	t.Add("foaf:homepage", rdf.IRI(c.base))
	t.Add("dcat:themeTaxonomy", rdf.IRI(europe+"data-theme"))
	for _, of := range tables() {
		t.Add("dcat:dataset", c.own(string(of)))
	}
	c.things = append(c.things, &rdf.Thing{IRI: c.base, Types: []string{"foaf:Document"}})
}

func (c *cataloguer) dataset(of table) {
	t := c.thing(string(of), "dcatapit:Dataset", "dcat:Dataset")
	t.Add("dct:identifier", rdf.Text(c.cfg.publisher().ID+":mlf-"+string(of), ""))
	t.Add("dct:title", words(datasetTitle(of))...)
	t.Add("dct:description", words(descriptionOf(of))...)
	t.Add("dcat:theme", rdf.IRI(europe+"data-theme/GOVE"))
	for _, keyword := range []string{"customer satisfaction", "servizi pubblici", "comuni", "Mettiamoci la faccia"} {
		t.Add("dcat:keyword", rdf.Text(keyword, "it"))
	}
	t.Add("dct:subject", rdf.IRI(eurovoc+"77"), rdf.IRI(eurovoc+"68")) // Public administration, local government.
	t.Add("dct:publisher", c.own("publisher"))
	t.Add("dct:rightsHolder", c.own("publisher"))
	t.Add("dct:accrualPeriodicity", rdf.IRI(europe+"frequency/MONTHLY"))
	t.Add("dct:accessRights", rdf.IRI(europe+"access-right/PUBLIC"))
	t.Add("dct:language", languages()...)
	t.Add("dct:modified", day(c.updated))
	t.Add("dct:spatial", place())
	t.Add("dct:conformsTo", c.own("csvw"))
	t.Add("dcat:landingPage", rdf.IRI(c.base))
	if c.cfg.Contact != "" {
		t.Add("dcat:contactPoint", c.own("contact"))
	}
	if len(c.editions) == 0 {
		return
	}
	first, last := c.editions[0], c.editions[len(c.editions)-1]
	t.Add("dct:issued", day(first[0].At))
	from, _ := first[0].days()
	_, next := last[0].days()
	t.Add("dct:temporal", period(from, next-1))
	for _, editions := range c.editions {
		for _, f := range forms() {
			t.Add("dcat:distribution", c.own(name{month: editions[0].month, table: of, form: f}.String()))
		}
	}
}

// agents are who publishes, who answers questions, the licence and the standard.
func (c *cataloguer) agents() {
	publisher := c.cfg.publisher()
	t := c.thing("publisher", "dcatapit:Agent", "foaf:Agent")
	t.Add("foaf:name", rdf.Text(publisher.Name, "it"))
	t.Add("dct:identifier", rdf.Text(publisher.ID, ""))
	if c.cfg.Contact != "" {
		t = c.thing("contact", "dcatapit:Organization", "vcard:Organization", "vcard:Kind")
		t.Add("vcard:fn", rdf.Text(publisher.Name, ""))
		t.Add("vcard:hasEmail", rdf.IRI("mailto:"+c.cfg.Contact))
		t.Add("vcard:hasURL", rdf.IRI(c.base))
	}
	l := c.cfg.licence()
	t = &rdf.Thing{IRI: l.iri, Types: []string{"dcatapit:LicenseDocument", "dct:LicenseDocument"}}
	t.Add("dct:type", rdf.IRI(l.kind))
	t.Add("foaf:name", rdf.Text(l.titleIT, "it"), rdf.Text(l.titleEN, "en"))
	t.Add("owl:versionInfo", rdf.Text(l.version, ""))
	c.things = append(c.things, t)
	t = c.thing("csvw", "dcatapit:Standard", "dct:Standard")
	t.Add("dct:identifier", rdf.Text("CSVW", ""))
	t.Add("dct:title", rdf.Text("Metadata Vocabulary for Tabular Data", "en"))
	t.Add("dct:description", rdf.Text("W3C Recommendation, 17 December 2015", "en"))
	t.Add("dcatapit:referenceDocumentation", rdf.IRI(csvwStandard))
}

// distributions are the forms of a month.
func (c *cataloguer) distributions(of table, editions []edition) {
	newest := &editions[len(editions)-1]
	for _, f := range forms() {
		n := name{month: newest.month, table: of, form: f}
		t := c.thing(n.String(), "dcatapit:Distribution", "dcat:Distribution")
		t.Add("dct:title", words(titleOf(of, n.month))...)
		t.Add("dct:description", words(newestDescription())...)
		t.Add("dcat:accessURL", rdf.IRI(c.base+"/"+n.String()))
		n.vintage = newest.Number
		t.Add("dcat:downloadURL", rdf.IRI(c.base+"/"+n.String()))
		t.Add("dct:format", rdf.IRI(europe+"file-type/"+strings.ToUpper(f.listed())))
		t.Add("dct:license", rdf.IRI(c.cfg.licence().iri))
		t.Add("dct:issued", day(editions[0].At))
		t.Add("dct:modified", day(newest.At))
		if f == formCSV {
			t.Add("dct:conformsTo", c.own("csvw"))
		}
	}
}

// listed is what the European list calls f.
func (f form) listed() string {
	if f == formNDJSON {
		return "json"
	}
	return string(f)
}

func languages() []rdf.Value { return []rdf.Value{rdf.IRI(europe + "language/ITA")} }

func day(t time.Time) rdf.Value { return rdf.Typed(t.UTC().Format(time.DateOnly), "xsd:date") }

func place() rdf.Value {
	t := &rdf.Thing{Types: []string{"dct:Location"}}
	t.Add("dcatapit:geographicalIdentifier", rdf.Text(italy, ""))
	return rdf.Nested(t)
}

func period(first, last calendar.Day) rdf.Value {
	t := &rdf.Thing{Types: []string{"dct:PeriodOfTime"}}
	for _, vocabulary := range []string{"dcatapit", "dcat"} {
		t.Add(vocabulary+":startDate", rdf.Typed(first.String(), "xsd:date"))
		t.Add(vocabulary+":endDate", rdf.Typed(last.String(), "xsd:date"))
	}
	return rdf.Nested(t)
}

func words(l registry.Label) []rdf.Value {
	return []rdf.Value{rdf.Text(l.IT, "it"), rdf.Text(l.EN, "en"), rdf.Text(l.DE, "de")}
}
