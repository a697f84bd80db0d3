// Package client reads what mlf serves back over HTTP: the statistics, the ledger,
// watermarks and the registry; and the probes and metrics of its processes.
//
// Each endpoint is a method of Client, its answer a type with the members that
// schema/openapi.yaml describes, which a test holds it to. Questions are the query
// parameters of that document: filters, a time, what rows are by.
//
//	c := &client.Client{Base: "https://statistiche.example.it", Patience: time.Minute}
//	trend, err := c.Trend(ctx, url.Values{"period": {"2026"}, "by": {"region"}})
//
// It knows the public answers as they are documented, and the nouns in them. It
// must not know query, which writes them: what it reads is what outsiders read.
package client
