package command

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/alecthomas/kong"
	kongyaml "github.com/alecthomas/kong-yaml"
	"gopkg.in/yaml.v3"
)

// configLoader reads a configuration file. kong would let it win over the
// environment; here the environment, which one sets for one process, wins.
func configLoader(r io.Reader) (kong.Resolver, error) {
	file, err := kongyaml.Loader(r)
	if err != nil {
		return nil, err
	}
	return kong.ResolverFunc(func(c *kong.Context, parent *kong.Path, flag *kong.Flag) (any, error) {
		for _, name := range flag.Envs {
			if _, set := os.LookupEnv(name); set {
				return nil, nil
			}
		}
		return file.Resolve(c, parent, flag)
	}), nil
}

// configCmd groups the commands on configuration.
type configCmd struct {
	Check checkCmd `cmd:"" help:"Read a configuration file as each command in it would, and print what it comes to."`
}

type checkCmd struct {
	File string `arg:"" type:"existingfile" help:"The YAML file to check."`
}

// Run checks every command that the file configures.
func (c *checkCmd) Run(p *console) error {
	text, err := os.ReadFile(c.File)
	if err != nil {
		return err
	}
	var file map[string]any
	if err := yaml.Unmarshal(text, &file); err != nil {
		return fmt.Errorf("read %s: %w", c.File, err)
	}
	if len(file) == 0 {
		return fmt.Errorf("read %s: it configures no command", c.File)
	}
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(file)) {
		flags, ok := file[name].(map[string]any)
		if !ok {
			errs = append(errs, fmt.Errorf("%s: want a command's name with its flags below", name))
			continue
		}
		if err := c.check(p.Stdout, name, flags); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", name, err))
		}
	}
	return errors.Join(errs...)
}

// check parses the command called name as if it were run with the file.
func (c *checkCmd) check(out io.Writer, name string, flags map[string]any) error {
	var fresh cli
	parser := newParser(&fresh, io.Discard, io.Discard, func(int) {})
	i := slices.IndexFunc(parser.Model.Children, func(n *kong.Node) bool { return n.Name == name })
	if i < 0 {
		return errors.New("no such command")
	}
	var known []string
	for _, f := range parser.Model.Children[i].Flags {
		known = append(known, f.Name)
	}
	for flag := range flags {
		if !slices.Contains(known, flag) {
			return fmt.Errorf("unknown flag %s: want some of %s", flag, strings.Join(known, ", "))
		}
	}
	command, err := parser.Parse([]string{"--config", c.File, name})
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "%s\n", name)
	table := tabwriter.NewWriter(out, 0, 4, 2, ' ', 0)
	for _, f := range parser.Model.Children[i].Flags {
		fmt.Fprintf(table, "  %s\t%s\n", f.Name, shown(f.Name, command.FlagValue(f)))
	}
	return table.Flush()
}

// shown returns a flag's value for people, secrets left out.
func shown(name string, value any) string {
	text := fmt.Sprint(value)
	if strings.Contains(name, "password") && text != "" {
		return "(set)"
	}
	if at := strings.LastIndex(text, "@"); strings.Contains(text, "://") && at >= 0 {
		return text[:strings.Index(text, "://")+3] + "…" + text[at:]
	}
	return text
}
