package process

import (
	"log/slog"

	"golang.org/x/sys/unix"
)

// filesBeside is how many open files a process needs beside its connections: those
// to Kafka, its listeners, its log.
const filesBeside = 256

// TellFiles says when the system allows too few open files for as many connections
// as may come. The limit is the hard one: the runtime has raised the other to it.
func TellFiles(log *slog.Logger, connectionsMax int) {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		log.Warn("limit of open files not known", slog.Any("err", err))
		return
	}
	if want := uint64(connectionsMax) + filesBeside; limit.Cur < want {
		log.Warn("limit of open files is below the connections that may come: raise it (ulimit -Hn, LimitNOFILE=), or lower --connections-max",
			slog.Uint64("limit", limit.Cur), slog.Uint64("want", want))
	}
}
