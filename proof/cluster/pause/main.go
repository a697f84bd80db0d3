// Command pause is what the pods of proof/cluster run. Without arguments it waits,
// and buries what others left behind: the first process of a namespace. As
// `pause serve ADDR` it answers every request, with a metric for who scrapes it,
// and as `pause get URL` it makes one.
//
// It knows HTTP and Prometheus' text, and must stay so small that an image of it is made in no time.
package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "pause:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM) //nolint:forbidigo // This is main.
	defer cancel()
	switch {
	case len(args) == 0:
		wait(ctx)
		return nil
	case len(args) == 2 && args[0] == "serve":
		return serve(ctx, args[1])
	case len(args) == 2 && args[0] == "get":
		return get(ctx, args[1])
	}
	return fmt.Errorf("arguments %q: want none, serve ADDR, or get URL", args)
}

// wait returns when ctx ends. Until then it takes what children end with, whose
// parents have ended before them.
func wait(ctx context.Context) {
	ended := make(chan os.Signal, 1)
	signal.Notify(ended, syscall.SIGCHLD)
	for {
		select {
		case <-ctx.Done():
			return
		case <-ended:
			for {
				if pid, _ := syscall.Wait4(-1, nil, syscall.WNOHANG, nil); pid <= 0 {
					break
				}
			}
		}
	}
}

// timeout bounds one request.
const timeout = 5 * time.Second

// serve answers with the host's name, which is the pod's, until ctx ends.
func serve(ctx context.Context, addr string) error {
	host, err := os.Hostname()
	if err != nil {
		return fmt.Errorf("find name of host: %w", err)
	}
	server := &http.Server{
		Addr: addr, ReadHeaderTimeout: timeout,
		Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintf(w, "pause_up{host=%q} 1\n", host) }),
	}
	go func() {
		<-ctx.Done()
		_ = server.Close() // Whoever is cut off here asks again.
	}()
	if err := server.ListenAndServe(); ctx.Err() == nil {
		return fmt.Errorf("serve %s: %w", addr, err)
	}
	return nil
}

func get(ctx context.Context, url string) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return fmt.Errorf("ask %s: %w", url, err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return fmt.Errorf("ask %s: %w", url, err)
	}
	defer func() { _ = response.Body.Close() }() // Not read.
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("ask %s: answered %s", url, response.Status)
	}
	return nil
}
