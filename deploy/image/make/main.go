// Command make makes the image of mlf from its static builds: `make image`. It
// knows the command line and files; what is in an image is deploy/image's.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/alecthomas/kong"

	"mlf/deploy/image"
)

type options struct {
	Name    string   `default:"localhost/mlf:dev" help:"The image's name, with a tag."`
	Release string   `required:"" help:"What the programs call themselves."`
	Source  string   `type:"existingdir" default:"." help:"The folder of the source that the programs were built from."`
	Out     string   `type:"path" required:"" placeholder:"FILE" help:"The image, as a tar of OCI's layout. Beside it come licences and a bill of materials for each architecture."`
	Program []string `arg:"" type:"existingfile" help:"Static builds, one an architecture."`
}

func main() {
	var o options
	kong.Parse(&o, kong.Description("Makes the image of mlf from static builds, and prints its digest."))
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM) //nolint:forbidigo // This is main.
	err := run(ctx, o)
	cancel()
	if err != nil {
		fmt.Fprintln(os.Stderr, "image:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, o options) error {
	var programs []*image.Program
	for _, file := range o.Program {
		p, err := image.ReadProgram(file, o.Release)
		if err != nil {
			return err
		}
		programs = append(programs, p)
	}
	made, err := image.Of(ctx, o.Name, o.Source, programs...)
	if err != nil {
		return err
	}
	if err := beside(filepath.Dir(o.Out), made.Variants); err != nil {
		return err
	}
	out, err := os.Create(o.Out)
	if err != nil {
		return fmt.Errorf("make file of the image: %w", err)
	}
	digest, err := made.Write(out)
	if err = errors.Join(err, out.Close()); err != nil {
		return err
	}
	fmt.Println(digest, o.Out, o.Name)
	return nil
}

// beside writes what goes with a program also where there are no images.
func beside(dir string, variants []image.Variant) error {
	for _, v := range variants {
		for _, f := range v.Files {
			var name string
			switch filepath.Base(f.Path) {
			case "THIRD-PARTY.txt":
				name = "THIRD-PARTY.txt"
			case "sbom.cdx.json":
				name = "sbom-" + v.Architecture + ".cdx.json"
			default:
				continue
			}
			if err := os.WriteFile(filepath.Join(dir, name), f.Data, 0o644); err != nil {
				return fmt.Errorf("write %s: %w", name, err)
			}
		}
	}
	return nil
}
