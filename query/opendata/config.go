package opendata

import (
	"fmt"
	"net/http"
	"net/mail"
	"net/url"
	"strings"
)

// Config is whose the data are, as the catalogue says. Its zero value works, and says
// that the operator has not said.
type Config struct {
	// URL is where readers find the service, as https://mlf.example.it. Default: where
	// each of them asked.
	URL string

	Publisher Agent  // Who publishes, and holds the rights.
	Contact   string // Mail address for questions; "" for none.
	Licence   string // The name of a licence in the European list, as CC_BY_4_0; the default.
}

// An Agent is a body by its name and its IPA code.
type Agent struct{ Name, ID string }

// Validate refuses what would make a catalogue that nobody can read.
func (c *Config) Validate() error {
	if c.URL != "" {
		u, err := url.Parse(c.URL)
		if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.RawQuery != "" || u.Fragment != "" {
			return fmt.Errorf("open data: address %q: want as https://mlf.example.it", c.URL)
		}
	}
	if (c.Publisher.Name == "") != (c.Publisher.ID == "") {
		return fmt.Errorf("open data: publisher %q with code %q: want both or none", c.Publisher.Name, c.Publisher.ID)
	}
	if a, err := mail.ParseAddress(c.Contact); c.Contact != "" && (err != nil || a.Address != c.Contact) {
		return fmt.Errorf("open data: contact %q: want a mail address", c.Contact)
	}
	if c.licence().iri == "" {
		return fmt.Errorf("open data: licence %q: want %s", c.Licence, strings.Join(Licences(), ", "))
	}
	return nil
}

// base returns the address of the list, as who sent r finds it.
func (c *Config) base(r *http.Request) string {
	at := strings.TrimRight(c.URL, "/")
	if at == "" {
		at = "http://" + r.Host
		if r.TLS != nil {
			at = "https://" + r.Host
		}
	}
	return at + "/v1/open"
}

// publisher returns who publishes; a name that asks for one where nobody was named.
func (c *Config) publisher() Agent {
	if c.Publisher.Name == "" {
		return Agent{"Il gestore di questo servizio, che ancora non ha detto il suo nome (--open-publisher)", "senza-nome"}
	}
	return c.Publisher
}

// A licence is one of those that data of an administration may have.
type licence struct{ name, iri, kind, version, titleIT, titleEN string }

func licences() []licence {
	const list, kinds = "http://publications.europa.eu/resource/authority/licence/", "http://purl.org/adms/licencetype/"
	return []licence{
		{"CC_BY_4_0", list + "CC_BY_4_0", kinds + "Attribution", "4.0", "Creative Commons Attribuzione 4.0 Internazionale (CC BY 4.0)", "Creative Commons Attribution 4.0 International (CC BY 4.0)"},
		{"CC0", list + "CC0", kinds + "PublicDomain", "1.0", "Creative Commons CC0 1.0 Universale", "Creative Commons CC0 1.0 Universal"},
		{"IODL_2_0", list + "IODL_2_0", kinds + "Attribution", "2.0", "Italian Open Data License 2.0 (IODL 2.0)", "Italian Open Data License 2.0 (IODL 2.0)"},
	}
}

// Licences returns the names of the licences that there are, the default first.
func Licences() []string {
	var names []string
	for _, l := range licences() {
		names = append(names, l.name)
	}
	return names
}

// licence returns the licence of c, the zero one where it is none.
func (c *Config) licence() licence {
	all := licences()
	if c.Licence == "" {
		return all[0]
	}
	for _, l := range all {
		if l.name == c.Licence {
			return l
		}
	}
	return licence{}
}
