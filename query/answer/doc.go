// Package answer is what each endpoint answers: a request becomes an Inquiry, and
// an Inquiry that is given counts becomes a Document.
//
// One file is one endpoint, and Endpoints lists them. An Inquiry asks one question
// or several, all of one Reading, so that all figures of an answer are as of the
// same records. A Document can be written in every form: as JSON of the endpoint's
// own shape, and as a sheet for tables and files.
//
// It knows questions, tables, figures and how a sheet is made. It must not know
// HTTP, where counts come from, or what may be shown to whom.
package answer
