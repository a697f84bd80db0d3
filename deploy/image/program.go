package image

import (
	"bytes"
	"context"
	"debug/buildinfo"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"time"
)

// A Program is a static build of mlf, with what Go's linker wrote into it of where
// it comes from.
type Program struct {
	data     []byte
	release  string
	info     *debug.BuildInfo
	settings map[string]string
}

// ReadProgram reads the program in a file, which calls itself release: that is all
// a trimmed build does not tell.
func ReadProgram(file, release string) (*Program, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read program: %w", err)
	}
	info, err := buildinfo.Read(bytes.NewReader(data))
	if err != nil {
		return nil, fmt.Errorf("read build of %s: %w", file, err)
	}
	p := &Program{data, release, info, make(map[string]string)}
	for _, s := range info.Settings {
		p.settings[s.Key] = s.Value
	}
	if p.settings["CGO_ENABLED"] != "0" || p.settings["-tags"] != "noengine" {
		return nil, errors.New("read " + file + ": not the static build, which alone runs where nothing else is; make static makes it")
	}
	return p, nil
}

// revision returns the commit that p was built from, with -dirty where files were
// changed; unknown where there was no repository.
func (p *Program) revision() string {
	commit := p.settings["vcs.revision"]
	switch {
	case commit == "":
		return "unknown"
	case p.settings["vcs.modified"] == "true":
		return commit + "-dirty"
	}
	return commit
}

// created returns the moment of the commit: that of building would be another each
// time. 1970 where there is none.
func (p *Program) created() time.Time {
	moment, err := time.Parse(time.RFC3339, p.settings["vcs.time"])
	if err != nil {
		return time.Unix(0, 0).UTC()
	}
	return moment.UTC()
}

// labels returns what an image of p says of itself, by OCI's names.
func (p *Program) labels() map[string]string {
	const name = "org.opencontainers.image."
	return map[string]string{
		name + "title": "mlf", name + "description": "Takes, counts and shows the votes of \"Mettiamoci la faccia\"",
		name + "version": p.release, name + "revision": p.revision(), name + "created": p.created().Format(time.RFC3339),
		name + "licenses": "Apache-2.0",
	}
}

// variant returns what the image of p has in it, of the source in dir.
func (p *Program) variant(ctx context.Context, dir string) (Variant, error) {
	parts, err := p.Parts(ctx, dir)
	if err != nil {
		return Variant{}, err
	}
	bill, err := p.Bill(parts)
	if err != nil {
		return Variant{}, err
	}
	const documents = "usr/share/doc/mlf/"
	files := []File{
		{"mlf", 0o755, p.data},
		{"etc/ssl/certs/ca-certificates.crt", 0o644, Authorities()},
		{documents + "THIRD-PARTY.txt", 0o644, ThirdParty(parts)},
		{documents + "sbom.cdx.json", 0o644, bill},
	}
	for _, name := range []string{"LICENSE", "NOTICE"} {
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			return Variant{}, fmt.Errorf("read what goes with the program: %w", err)
		}
		files = append(files, File{documents + name, 0o644, text})
	}
	return Variant{Architecture: p.settings["GOARCH"], Entrypoint: "mlf", Files: files}, nil
}

// Of returns the image of programs that were built from the source in dir, one an
// architecture, under a name with a tag.
func Of(ctx context.Context, name, dir string, programs ...*Program) (Image, error) {
	i := Image{Name: name, Labels: programs[0].labels(), Created: programs[0].created()}
	for _, p := range programs {
		if p.revision() != programs[0].revision() {
			return i, fmt.Errorf("make image %s: one program is of %s, another of %s", name, programs[0].revision(), p.revision())
		}
		v, err := p.variant(ctx, dir)
		if err != nil {
			return i, err
		}
		i.Variants = append(i.Variants, v)
	}
	return i, nil
}
