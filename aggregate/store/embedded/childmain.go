//go:build !noengine

package embedded

import (
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"syscall"
	"unsafe"

	"github.com/ebitengine/purego"
)

// Built tells whether this program can be the engine.
const Built = true

// readyFile is the child's end of the pipe to its parent, as os/exec numbers its
// ExtraFiles. It gets two lines, see awaitReady.
const readyFile = "/proc/self/fd/3"

// ChildMain turns this process into the engine if it was started as one, and
// does not return then. Call it first in main and in TestMain, before flags are
// read.
func ChildMain() {
	if os.Getenv(childMark) == "" {
		return
	}
	if err := childMain(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// childMain runs the engine until its terminal is closed. args are the library,
// the data directory, and the port.
func childMain(args []string) error {
	if len(args) != 3 {
		return fmt.Errorf("engine: %d arguments: want 3", len(args))
	}
	// A service manager's signal reaches every process of the service, but the
	// engine must outlive the stages that write their last rows to it: only its
	// parent ends it.
	signal.Ignore(os.Interrupt, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT, syscall.SIGPIPE)
	// Nothing of the marked environment may reach a process the engine starts.
	if err := os.Unsetenv(childMark); err != nil {
		return fmt.Errorf("engine: %w", err)
	}
	if err := os.WriteFile(readyFile, []byte(lineChild+"\n"), 0); err != nil {
		return fmt.Errorf("engine: greet the parent: %w", err)
	}
	library, dir, port := args[0], args[1], args[2]
	return runEngine(library, []string{
		"clickhouse",
		"--config-file=" + filepath.Join(dir, settingsFile),
		"--path=" + dir,
		"--listen_host=127.0.0.1",
		"--tcp_port=" + port,
		// Of what a person at a terminal gets, nothing is wanted.
		"--interactive", "--disable_suggestion", "--progress=off", "--history_file=/dev/null",
		"--query", "SYSTEM START LISTEN TCP; SELECT '" + lineReady + "' INTO OUTFILE '" + readyFile + "' TRUNCATE FORMAT TSV",
	})
}

// engine is the part of libchdb's C interface that is used
// (chdb-io/chdb-core, programs/local/chdb.h).
type engine struct {
	setSignalHandlersEnabled func(enabled int32)
	queryCmdline             func(argc int32, argv unsafe.Pointer) uintptr
	resultError              func(result uintptr) string
	destroyQueryResult       func(result uintptr)
}

// loadEngine opens libchdb. It panics (in purego) if a function is missing.
func loadEngine(library string) (engine, error) {
	handle, err := purego.Dlopen(library, purego.RTLD_NOW|purego.RTLD_LOCAL)
	if err != nil {
		return engine{}, fmt.Errorf("engine: load %s: %w", library, err)
	}
	var e engine
	purego.RegisterLibFunc(&e.setSignalHandlersEnabled, handle, "chdb_set_signal_handlers_enabled")
	purego.RegisterLibFunc(&e.queryCmdline, handle, "chdb_query_cmdline")
	purego.RegisterLibFunc(&e.resultError, handle, "chdb_result_error")
	purego.RegisterLibFunc(&e.destroyQueryResult, handle, "chdb_destroy_query_result")
	return e, nil
}

// runEngine runs `clickhouse local` with argv, and returns when it ends.
func runEngine(library string, argv []string) error {
	e, err := loadEngine(library)
	if err != nil {
		return err
	}
	// Before anything else: with the engine's own handlers a crash hangs for
	// seconds instead of ending the process.
	e.setSignalHandlersEnabled(0)

	var pins runtime.Pinner
	defer pins.Unpin()
	pointers := make([]*byte, len(argv)+1) // C wants a null pointer at the end.
	for i, arg := range argv {
		text := append([]byte(arg), 0)
		pointers[i] = &text[0]
		pins.Pin(pointers[i])
	}
	pins.Pin(&pointers[0])

	result := e.queryCmdline(int32(len(argv)), unsafe.Pointer(&pointers[0]))
	if result == 0 {
		return fmt.Errorf("engine: no result")
	}
	defer e.destroyQueryResult(result)
	if text := e.resultError(result); text != "" {
		return fmt.Errorf("engine: %s", text)
	}
	return nil
}
