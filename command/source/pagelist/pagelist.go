// Package pagelist makes lines of a table of pages of what a comune has: a list as CSV, or
// the sitemap of its site.
//
// It knows files, and by which words pages of the services of the PNRR are found
// (services.csv). It must not know which services a site has, or where a table is kept.
package pagelist

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"

	"mlf/schema/pagetable"
)

// bytesMax is the longest file, as sitemaps.org has it for a sitemap, packed or not.
const bytesMax = 50 << 20

// A List is what a file says.
type List struct {
	Lines   []pagetable.Line
	Sitemap bool // The lines were proposed for a sitemap, and are to be looked at.

	// Of a sitemap: how many pages it has, and those of them that look like a service's
	// page, of which it is not known of which.
	Pages   int
	Unknown []string
}

// Read reads a list: XML is a sitemap, packed by gzip or not, anything else CSV. Of a
// service that offered does not have nothing is proposed.
func Read(from io.Reader, offered func(code string) bool) (List, error) {
	buffered := bufio.NewReader(&io.LimitedReader{R: from, N: bytesMax + 1})
	if magic, _ := buffered.Peek(2); bytes.Equal(magic, []byte{0x1f, 0x8b}) {
		packed, err := gzip.NewReader(buffered)
		if err != nil {
			return List{}, fmt.Errorf("unpack: %w", err)
		}
		buffered = bufio.NewReader(packed)
	}
	limited := &io.LimitedReader{R: buffered, N: bytesMax + 1}
	text := bufio.NewReader(limited)
	if mark, _ := text.Peek(3); string(mark) == "\ufeff" {
		_, _ = text.Discard(3)
	}
	head, _ := text.Peek(512)
	var l List
	var err error
	if bytes.HasPrefix(bytes.TrimLeft(head, " \t\r\n"), []byte("<")) {
		l, err = readSitemap(text, offered)
	} else {
		l.Lines, err = readCSV(text, strings.SplitN(string(head), "\n", 2)[0])
	}
	if limited.N <= 0 {
		err = fmt.Errorf("more than %d MiB", bytesMax>>20)
	}
	return l, err
}

// readCSV reads page,service and perhaps question, in any order, by the header. Excel in
// Italian writes ; for the comma.
func readCSV(from io.Reader, first string) (lines []pagetable.Line, err error) {
	table := csv.NewReader(from)
	if strings.Contains(first, ";") {
		table.Comma = ';'
	}
	header, err := table.Read()
	if err != nil {
		return nil, fmt.Errorf("line 1: want a header: page,service or page,service,question: %w", err)
	}
	at := make(map[string]int)
	for i, name := range header {
		name = strings.ToLower(strings.TrimSpace(name))
		if _, twice := at[name]; twice || name != "page" && name != "service" && name != "question" {
			return nil, fmt.Errorf("line 1: column %.40q: want each of page, service and question at most once", header[i])
		}
		at[name] = i
	}
	page, hasPage := at["page"]
	service, hasService := at["service"]
	if !hasPage || !hasService {
		return nil, errors.New("line 1: want columns page and service")
	}
	for {
		fields, err := table.Read()
		if errors.Is(err, io.EOF) {
			return lines, nil
		}
		if err != nil {
			return nil, err
		}
		if len(lines) == pagetable.LinesMax {
			return nil, fmt.Errorf("more than %d lines: patterns with ** stand for many pages", pagetable.LinesMax)
		}
		l := pagetable.Line{Pattern: strings.TrimSpace(fields[page]), Service: strings.TrimSpace(fields[service])}
		if i, ok := at["question"]; ok {
			l.Question = strings.ToLower(strings.TrimSpace(fields[i]))
		}
		lines = append(lines, l)
	}
}

// Write writes lines as Read reads them.
func Write(to io.Writer, lines []pagetable.Line) error {
	table := csv.NewWriter(to)
	err := table.Write([]string{"page", "service", "question"})
	for _, l := range lines {
		err = errors.Join(err, table.Write([]string{l.Pattern, l.Service, l.Question}))
	}
	table.Flush()
	return errors.Join(err, table.Error())
}
