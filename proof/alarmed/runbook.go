package alarmed

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"mlf/proof/cluster"
)

// A runbook is deploy/monitoring/runbook.md.
type runbook string

func (t *trial) runbook() (runbook, error) {
	text, err := os.ReadFile(filepath.Join(t.Monitoring, "runbook.md"))
	if err != nil {
		return "", fmt.Errorf("read runbook: %w", err)
	}
	return runbook(text), nil
}

// lines returns the arguments of all that is to be typed and begins with a program's name.
func (r runbook) lines(program string) (lines [][]string) {
	typed := regexp.MustCompile("(?m)^    (" + program + " .*)$|`(" + program + " [^`]*)`")
	for _, found := range typed.FindAllStringSubmatch(string(r), -1) {
		words := strings.Fields(strings.ReplaceAll(found[1]+found[2], `"`, ""))
		lines = append(lines, words[1:])
	}
	return lines
}

// metrics returns the names of all metrics and recorded series, in order, each once.
func (r runbook) metrics() []string {
	names := regexp.MustCompile(`\bmlf[_:][a-z0-9_:]+[a-z0-9]`).FindAllString(string(r), -1)
	slices.Sort(names)
	return slices.Compact(names)
}

// types runs each line of kubectl that the runbook has.
func (t *trial) types(ctx context.Context) (string, error) {
	r, err := t.runbook()
	if err != nil {
		return "", err
	}
	pod, err := t.pod(ctx, "query")
	if err != nil {
		return "", err
	}
	doctor := ""
	lines := r.lines("kubectl")
	for _, line := range lines {
		for i := range line {
			line[i] = strings.ReplaceAll(line[i], "POD", pod)
		}
		said, err := t.Kubectl(ctx, line...)
		if slices.Contains(line, "doctor") {
			doctor, err = findings(said, err)
		}
		if err != nil {
			return "", err
		}
	}
	_, err = t.Rolled(ctx, voting()...) // One of the lines restarts what counts.
	return fmt.Sprintf("%d lines of kubectl; mlf doctor: %s", len(lines), doctor), err
}

// findings returns how many findings of mlf doctor are of each kind. What one broker
// cannot promise is an error to doctor, and none here.
func findings(said string, err error) (string, error) {
	kinds := make(map[string]int)
	for line := range strings.Lines(said) {
		kind, _, _ := strings.Cut(strings.TrimSpace(line), " ")
		kinds[kind]++
	}
	if kinds["ok"] == 0 {
		return "", errors.Join(fmt.Errorf("doctor finds nothing right: %s", said), err)
	}
	return fmt.Sprintf("%d ok, %d warn, %d fail", kinds["ok"], kinds["warn"], kinds["fail"]), nil
}

// unseen are metrics that are not here: releases are of public figures, which this
// installation has not got.
func unseen() []string { return []string{"mlf_public_copy_lacks_releases"} }

// scraped wants each metric that the runbook names to have been scraped in the last
// half an hour.
func (t *trial) scraped(ctx context.Context) (string, error) {
	r, err := t.runbook()
	if err != nil {
		return "", err
	}
	names := r.metrics()
	found, err := t.Query(ctx, `count by (__name__) (last_over_time({__name__=~"(`+strings.Join(names, "|")+`)(_count)?"}[30m]))`)
	if err != nil {
		return "", err
	}
	var absent []string
	for _, name := range names {
		if !slices.Contains(unseen(), name) && !slices.ContainsFunc(found, func(s cluster.Sample) bool { return strings.TrimSuffix(s.Metric["__name__"], "_count") == name }) {
			absent = append(absent, name)
		}
	}
	if len(absent) > 0 {
		return "", fmt.Errorf("nobody has scraped %s", strings.Join(absent, ", "))
	}
	return fmt.Sprintf("%d metrics", len(names)), nil
}
