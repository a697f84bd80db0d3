// Command run drills the module in the working folder: `make drill`. It knows the
// command line only; the faults and their tests are proof/drill's.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"

	"mlf/proof/drill"
)

const about = `Applies seeded faults to a copy of this module, one by one, and runs the test that must notice each.

Exit code 1: a fault went unnoticed, does not compile, or its text is no longer in the code.`

func main() {
	var o drill.Options
	kong.Parse(&o, kong.Name("drill"), kong.Description(about))
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM) //nolint:forbidigo // This is main.
	err := drill.Run(ctx, o, os.Stdout)
	cancel()
	if err != nil {
		fmt.Fprintln(os.Stderr, "drill:", err)
		os.Exit(1)
	}
}
