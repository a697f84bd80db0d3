package rig

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"mlf/bench/measure"
	"mlf/proof/child"
	"mlf/query/client"
)

// A service is mlf query over a country, a process of its own, and a log on which
// nobody votes.
type service struct {
	log     *benchLog
	dir     string // Of its snapshots.
	process *child.Process
	addr    string
	admin   string
}

// serve starts a service and returns when it has all counts in memory.
func (r *countryRig) serve(ctx context.Context) (_ *service, err error) {
	s := new(service)
	defer func() {
		if err != nil {
			err = errors.Join(err, s.close())
		}
	}()
	if s.dir, err = r.snapshots(); err != nil {
		return nil, err
	}
	if s.log, err = r.rig.emptyLog(ctx, countryLog(), nil, prometheus.NewRegistry()); err != nil {
		return nil, err
	}
	fmt.Fprintln(r.shown, "start mlf query")
	return s, s.start(ctx, r.dsn)
}

// start starts mlf query on the log and a database.
func (s *service) start(ctx context.Context, dsn string) (err error) {
	if s.addr, err = child.FreeAddr(); err != nil {
		return err
	}
	if s.admin, err = child.FreeAddr(); err != nil {
		return err
	}
	of := count{log: s.log, dsn: dsn}
	args := []string{"--admin", s.admin, "--listen", s.addr, "--disclosure", "none", "--publish", "off", "--quota-public", "off"}
	if s.dir != "" {
		args = append(args, "--snapshots", s.dir)
	}
	if s.process, err = of.startSelf("query", args...); err != nil {
		return err
	}
	return s.process.Await(ctx, func() error { return client.Ready(ctx, nil, s.admin) })
}

// close ends the service with its log, and removes its snapshots.
func (s *service) close() error {
	if s.process != nil {
		s.process.Kill() // It would write a snapshot first.
	}
	if s.log != nil {
		s.log.close()
	}
	return os.RemoveAll(s.dir)
}

// cpu returns what the service has used so far.
func (s *service) cpu() (time.Duration, error) { return measure.CPU(s.process.Pid()) }

// cubeDir is where snapshots of the country are kept, as it was filled.
func (r *countryRig) cubeDir() string { return filepath.Join(r.rig.dir, "cube") }

// snapshots returns a folder with the country's snapshots, if there are any, for one
// who may add to what is counted: they are files that nobody changes.
func (r *countryRig) snapshots() (string, error) {
	dir, err := os.MkdirTemp(r.rig.dir, "cube-")
	if err != nil {
		return "", fmt.Errorf("make folder for snapshots: %w", err)
	}
	files, err := filepath.Glob(filepath.Join(r.cubeDir(), "*"))
	for _, file := range files {
		err = errors.Join(err, os.Link(file, filepath.Join(dir, filepath.Base(file))))
	}
	return dir, err
}
