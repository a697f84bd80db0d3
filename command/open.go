package command

import "mlf/query/opendata"

// openFlags say whose the open data are.
type openFlags struct {
	OpenURL         string `name:"open-url" placeholder:"URL" help:"Where readers find this service, for the catalogue of open data (/v1/open): https://mlf.example.it. Default: where each of them asked."`
	OpenPublisher   string `placeholder:"NAME" help:"Body that publishes the open data and holds their rights. Without it the catalogue says that nobody was named."`
	OpenPublisherID string `name:"open-publisher-id" placeholder:"CODE" help:"Its code in the index of public administrations (IPA). Required with --open-publisher."`
	OpenContact     string `placeholder:"MAIL" help:"Mail address for questions about the open data; the profile of the Italian catalogues wants one."`
	OpenLicence     string `enum:"CC_BY_4_0,CC0,IODL_2_0" default:"CC_BY_4_0" help:"Licence of the open data."`
}

func (f *openFlags) openConfig() opendata.Config {
	return opendata.Config{
		URL: f.OpenURL, Publisher: opendata.Agent{Name: f.OpenPublisher, ID: f.OpenPublisherID}, Contact: f.OpenContact, Licence: f.OpenLicence,
	}
}
