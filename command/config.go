package command

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"net/url"
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
	keys := leaves(file, nil)
	if len(keys) == 0 {
		return fmt.Errorf("read %s: it configures nothing", c.File)
	}
	var fresh cli
	model := newParser(&fresh, io.Discard, io.Discard, func(int) {}).Model.Node
	known := make(map[string]bool)
	eachNode(model, func(n *kong.Node) {
		for _, f := range n.Flags {
			known[keyOf(n, f)] = true
		}
	})
	var errs []error
	for _, path := range keys {
		if !known[strings.Join(path, "-")] {
			errs = append(errs, unknownKey(model, path))
		}
	}
	eachNode(model, func(n *kong.Node) {
		if n.Leaf() && n.Type == kong.CommandNode && configured(n, keys) {
			errs = append(errs, c.check(p.Stdout, n))
		}
	})
	// A flag of every command may begin as one is called: log-level is none of log's.
	keys = slices.DeleteFunc(keys, func(path []string) bool {
		return slices.ContainsFunc(model.Flags, func(f *kong.Flag) bool { return keyOf(model, f) == strings.Join(path, "-") })
	})
	if !slices.ContainsFunc(model.Children, func(n *kong.Node) bool { return configured(n, keys) }) {
		_, err := newParser(&fresh, io.Discard, io.Discard, func(int) {}).Parse([]string{"--config", c.File, "version"})
		errs = append(errs, err) // Flags of every command alone.
	}
	return errors.Join(errs...)
}

// leaves returns the paths of all values of a file, sorted. The loader joins the
// parts of a path by "-", so that {terminal: {list: {kafka: k}}} and
// {terminal-list-kafka: k} say the same.
func leaves(file map[string]any, above []string) (paths [][]string) {
	for _, name := range slices.Sorted(maps.Keys(file)) {
		path := append(slices.Clone(above), name)
		if below, ok := file[name].(map[string]any); ok {
			paths = append(paths, leaves(below, path)...)
			continue
		}
		paths = append(paths, path)
	}
	return paths
}

// eachNode calls f for n and every command below it.
func eachNode(n *kong.Node, f func(*kong.Node)) {
	f(n)
	for _, child := range n.Children {
		eachNode(child, f)
	}
}

// words returns the words that name a command, none for the program.
func words(n *kong.Node) (names []string) {
	for ; n != nil && n.Type != kong.ApplicationNode; n = n.Parent {
		names = append([]string{n.Name}, names...)
	}
	return names
}

// keyOf returns the key of flag f of command n, as the loader joins it.
func keyOf(n *kong.Node, f *kong.Flag) string { return strings.Join(append(words(n), f.Name), "-") }

// configured tells whether the file has a flag of command n, or of one below it.
func configured(n *kong.Node, keys [][]string) bool {
	prefix := strings.Join(words(n), "-") + "-"
	return slices.ContainsFunc(keys, func(path []string) bool { return strings.HasPrefix(strings.Join(path, "-"), prefix) })
}

// unknownKey says what may stand where path does.
func unknownKey(n *kong.Node, path []string) error {
	at := 0
	for ; at < len(path); at++ {
		i := slices.IndexFunc(n.Children, func(child *kong.Node) bool { return child.Name == path[at] })
		if i < 0 {
			break
		}
		n = n.Children[i]
	}
	var wanted []string
	for _, child := range n.Children {
		if !child.Hidden {
			wanted = append(wanted, child.Name)
		}
	}
	for _, f := range n.Flags {
		wanted = append(wanted, f.Name)
	}
	return fmt.Errorf("%s: no such command or flag: want some of %s", strings.Join(path, ": "), strings.Join(wanted, ", "))
}

// check parses command n as if it were run with the file. What is no flag has no
// place in a file: a name of one stands for it.
func (c *checkCmd) check(out io.Writer, n *kong.Node) error {
	var fresh cli
	parser := newParser(&fresh, io.Discard, io.Discard, func(int) {})
	args := append([]string{"--config", c.File}, words(n)...)
	for range n.Positional {
		args = append(args, c.File)
	}
	command, err := parser.Parse(args)
	if err != nil {
		return fmt.Errorf("%s: %w", strings.Join(words(n), " "), err)
	}
	fmt.Fprintln(out, strings.Join(words(n), " "))
	table := tabwriter.NewWriter(out, 0, 4, 2, ' ', 0)
	for _, group := range command.Selected().AllFlags(true) {
		for _, f := range group {
			if f.Name != "help" && f.Name != "config" {
				fmt.Fprintf(table, "  %s\t%s\n", f.Name, shown(f, command.FlagValue(f)))
			}
		}
	}
	return table.Flush()
}

// isSecret is the tag of a flag whose value nobody may see.
const isSecret = "secret"

// shown returns a flag's value for people, secrets left out.
func shown(f *kong.Flag, value any) string {
	text := fmt.Sprint(value)
	if text == "" {
		return text
	}
	if f.Tag.Has(isSecret) {
		return "(set)"
	}
	texts := []string{text}
	if several, ok := value.([]string); ok {
		texts = several
	}
	for i, text := range texts {
		if strings.Contains(text, "://") {
			texts[i] = withoutSecrets(text)
		}
	}
	return strings.Join(texts, ",")
}

// withoutSecrets returns an address without its user and its parameters' values,
// any of which may be a password.
func withoutSecrets(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return "(set)"
	}
	if u.User != nil {
		u.User = url.User("…")
	}
	if query := u.Query(); len(query) > 0 {
		for name := range query {
			query.Set(name, "…")
		}
		u.RawQuery = query.Encode()
	}
	text, err := url.PathUnescape(u.String())
	if err != nil {
		return "(set)"
	}
	return text
}
