package image

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// A Part is a module that is in a program, or Go's standard library, and under
// what licences.
type Part struct {
	Path, Version string
	Licences      []string // By SPDX's names, sorted; at least one.
	Texts         [][]byte // Of licences and notices, as they must go with the program.
}

// Parts returns the parts of p, by their paths. dir is the folder of the source
// that p was built from, by whose packages it knows which licences of a module
// concern p: it is an error if p is of other modules, or a licence is not known.
func (p *Program) Parts(ctx context.Context, dir string) ([]Part, error) {
	folders, err := p.folders(ctx, dir)
	if err != nil {
		return nil, err
	}
	var parts []Part
	var errs []error
	for _, m := range p.modules() {
		from := folders[m]
		if m.Path == kongYAML && len(from) > 0 {
			from = folders[p.module(kong)]
		}
		part, err := m.read(from)
		parts, errs = append(parts, part), append(errs, err)
		if m.Path == swaggerModule {
			parts = append(parts, Part{swaggerUI, swaggerVersion, []string{"Apache-2.0"}, [][]byte{[]byte(swaggerNotice)}})
		}
	}
	return parts, errors.Join(errs...)
}

// Swagger UI is in another's module as data, without its own notice. Its licence is
// the text that mlf has, too.
const (
	swaggerModule  = "github.com/swaggest/swgui"
	swaggerUI      = "swagger-ui-dist"
	swaggerVersion = "5.29.1"
	swaggerNotice  = "swagger-ui\nCopyright 2020-2021 SmartBear Software Inc.\n\nLicensed under the Apache License, Version 2.0, as in the file LICENSE of mlf:\nhttps://www.apache.org/licenses/LICENSE-2.0"
)

// The release of kong-yaml that mlf has was made before its licence, which is a copy
// of kong's: https://github.com/alecthomas/kong-yaml/pull/22.
const (
	kongYAML = "github.com/alecthomas/kong-yaml"
	kong     = "github.com/alecthomas/kong"
)

// A module at a version.
type module struct{ Path, Version string }

// std is the path that vulnerability lists give to Go's standard library.
const std = "std"

// modules returns what the linker says is in p.
func (p *Program) modules() []module {
	all := []module{{std, strings.TrimPrefix(p.info.GoVersion, "go")}}
	for _, d := range p.info.Deps {
		if d.Replace != nil {
			d = d.Replace
		}
		all = append(all, module{d.Path, d.Version})
	}
	slices.SortFunc(all, func(a, b module) int { return cmp.Compare(a.Path, b.Path) })
	return all
}

// module returns the module of a path that is in p.
func (p *Program) module(path string) module {
	all := p.modules()
	if i := slices.IndexFunc(all, func(m module) bool { return m.Path == path }); i >= 0 {
		return all[i]
	}
	return module{}
}

// folders returns where the packages of each module are that are in p, and the
// folders above them within the module.
func (p *Program) folders(ctx context.Context, dir string) (map[module]map[string]bool, error) {
	cmd := exec.CommandContext(ctx, "go", "list", "-deps", "-tags="+p.settings["-tags"], "-json=Dir,Standard,Module", ".")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH="+p.settings["GOARCH"])
	said, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("list packages of %s: %w", dir, err)
	}
	folders := make(map[module]map[string]bool)
	for d := json.NewDecoder(bytes.NewReader(said)); ; {
		var pkg struct {
			Dir      string
			Standard bool
			Module   *struct {
				Path, Version, Dir string
				Main               bool
			}
		}
		if err := d.Decode(&pkg); errors.Is(err, io.EOF) {
			return folders, nil
		} else if err != nil {
			return nil, fmt.Errorf("read packages of %s: %w", dir, err)
		}
		switch {
		case pkg.Standard && pkg.Dir != "":
			m := module{std, strings.TrimPrefix(p.info.GoVersion, "go")}
			root, _, _ := strings.Cut(pkg.Dir, string(filepath.Separator)+"src"+string(filepath.Separator))
			note(folders, m, root, root)
		case pkg.Module != nil && !pkg.Module.Main:
			note(folders, module{pkg.Module.Path, pkg.Module.Version}, pkg.Dir, pkg.Module.Dir)
		}
	}
}

// note notes dir and the folders above it, up to root, as m's.
func note(folders map[module]map[string]bool, m module, dir, root string) {
	if folders[m] == nil {
		folders[m] = make(map[string]bool)
	}
	for folders[m][root] = true; len(dir) > len(root); dir = filepath.Dir(dir) {
		folders[m][dir] = true
	}
}

// read reads the licences in folders of m.
func (m module) read(folders map[string]bool) (Part, error) {
	part := Part{Path: m.Path, Version: m.Version}
	if len(folders) == 0 {
		return part, fmt.Errorf("find licence of %s %s: the program was built from another source: go.mod there has no such module, or another version", m.Path, m.Version)
	}
	for _, folder := range slices.Sorted(maps.Keys(folders)) {
		entries, err := os.ReadDir(folder)
		if err != nil {
			return part, fmt.Errorf("find licence of %s: %w", m.Path, err)
		}
		for _, e := range entries {
			if e.IsDir() || !isNotice(e.Name()) {
				continue
			}
			text, err := os.ReadFile(filepath.Join(folder, e.Name()))
			if err != nil {
				return part, fmt.Errorf("read licence of %s: %w", m.Path, err)
			}
			part.Texts = append(part.Texts, text)
			part.Licences = append(part.Licences, Identify(text)...)
		}
	}
	slices.Sort(part.Licences)
	part.Licences = slices.Compact(part.Licences)
	if len(part.Licences) == 0 {
		return part, fmt.Errorf("find licence of %s %s: no text in it that is known here", m.Path, m.Version)
	}
	for _, text := range part.Texts {
		if copyleft(text) {
			return part, fmt.Errorf("read licence of %s %s: it is one of GNU's, or names one: whoever knows better says so here", m.Path, m.Version)
		}
	}
	return part, nil
}

// isNotice tells whether a file of this name has to go with what is built.
func isNotice(name string) bool {
	name = strings.ToLower(name)
	if ext := filepath.Ext(name); ext == ".go" || ext == ".docs" {
		return false // Source that is called so, and licences of documents.
	}
	return slices.ContainsFunc([]string{"licen", "copying", "notice", "patents", "copyright"}, func(begin string) bool { return strings.HasPrefix(name, begin) })
}

// phrases returns what a licence's text has in it that no other known one has, in
// small letters and single spaces, by SPDX's name.
func phrases() map[string][]string {
	const redistribution = "redistribution and use in source and binary forms, with or without modification"
	return map[string][]string{
		"Apache-2.0":   {"apache license", "version 2.0, january 2004"},
		"MIT":          {"permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated documentation files"},
		"BSD-3-Clause": {redistribution, "to endorse or promote products"},
		"BSD-2-Clause": {redistribution, "!to endorse or promote products"},
		"ISC":          {"distribute this software for any purpose with or without fee is hereby granted"},
		"MPL-2.0":      {"mozilla public license", "version 2.0"},
		"Unlicense":    {"this is free and unencumbered software released into the public domain"},
		"0BSD":         {"copy, modify, and/or distribute this software for any purpose with or without fee is hereby granted.", "!provided that"},
	}
}

// Identify returns the licences whose words are in text, by SPDX's names, sorted;
// none where no known one is.
func Identify(text []byte) (found []string) {
	plain := normalised(text)
	for name, all := range phrases() {
		if !slices.ContainsFunc(all, func(phrase string) bool {
			phrase, not := strings.CutPrefix(phrase, "!")
			return strings.Contains(plain, phrase) == not
		}) {
			found = append(found, name)
		}
	}
	slices.Sort(found)
	return found
}

// copyleft tells whether text is, or speaks of, a licence whose terms would be
// mlf's, too. Mozilla's names those that it may be exchanged for.
func copyleft(text []byte) bool {
	plain := normalised(text)
	return strings.Contains(plain, "gnu") && strings.Contains(plain, "general public license") && !strings.Contains(plain, "mozilla public license")
}

func normalised(text []byte) string {
	return strings.ToLower(regexp.MustCompile(`[\s*/#]+`).ReplaceAllString(string(text), " "))
}

// ThirdParty returns one text of all licences of parts, each once, with the parts
// that it is of.
func ThirdParty(parts []Part) []byte {
	of := make(map[string][]string)
	var order []string
	for _, p := range parts {
		for _, text := range p.Texts {
			key := strings.TrimSpace(string(text))
			if of[key] == nil {
				order = append(order, key)
			}
			if line := strings.TrimSpace(p.Path + " " + p.Version); !slices.Contains(of[key], line) {
				of[key] = append(of[key], line)
			}
		}
	}
	var b bytes.Buffer
	b.WriteString("What others have written and mlf has in it, with their licences. The source of each is at https://proxy.golang.org/.\n")
	for _, text := range order {
		fmt.Fprintf(&b, "\n%s\n%s\n%s\n\n%s\n", strings.Repeat("=", 80), strings.Join(of[text], "\n"), strings.Repeat("-", 80), text)
	}
	return b.Bytes()
}
