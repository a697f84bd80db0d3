package deployed

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"time"
)

// knockEvery makes some ninety connections a second: more than a hundred from one
// address meet remains of earlier ones in the kernel's table, whoever serves.
const knockEvery = 11 * time.Millisecond

// knock asks addr on a new connection each time, without waiting for the answer before,
// until stop is called, which returns when all were answered.
func (s *site) knock(ctx context.Context, addr string, every time.Duration, k *tally) (stop func()) {
	var knocks sync.WaitGroup
	end := again(ctx, every, func(ctx context.Context) {
		knocks.Go(func() { k.note(s.greet(context.WithoutCancel(ctx), addr)) })
	})
	return func() { end(); knocks.Wait() }
}

// greet asks addr, and wants an answer, whatever it says.
func (s *site) greet(ctx context.Context, addr string) error {
	conn, err := s.DialContext(ctx, "tcp", addr)
	if err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	defer func() { _ = conn.Close() }() // All of the answer that is wanted was read.
	if err := conn.SetDeadline(time.Now().Add(greetMax)); err != nil {
		return fmt.Errorf("greet: %w", err)
	}
	if _, err := io.WriteString(conn, "GET / HTTP/1.1\r\nHost: ingest\r\nConnection: close\r\n\r\n"); err != nil {
		return fmt.Errorf("greet: %w", err)
	}
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		return fmt.Errorf("read answer: %w", err)
	}
	return response.Body.Close()
}

// greetMax is how long one who knocks waits.
const greetMax = 10 * time.Second

// lateFor is how long a balancer goes on with a pod that was told to end: less than
// --drain-delay of the manifests by what it takes to see that.
const lateFor = 3 * time.Second

// rollsKnocked restarts ingest while new connections come, through the Service and, as
// from a balancer that finds out late, to the pod itself that is replaced. What serves
// until balancers have found out refuses none of them.
func (s *site) rollsKnocked(ctx context.Context) (string, error) {
	pods, err := s.Pods(ctx, namespace, component+"ingest")
	if err != nil || len(pods) != 1 {
		return "", errors.Join(fmt.Errorf("pods %v of ingest: want one", pods), err)
	}
	ip, err := s.Kubectl(ctx, "get", "pod", pods[0], "--namespace="+namespace, "--output=jsonpath={.status.podIP}")
	if err != nil {
		return "", err
	}
	var service, late tally
	stop := s.knock(ctx, ingestAddr, knockEvery, &service)
	stopLate := s.knock(ctx, net.JoinHostPort(ip, publicPort), 10*knockEvery, &late)
	var ended sync.WaitGroup
	var missed error
	ended.Go(func() {
		missed = s.awaitEnding(ctx, pods[0])
		select {
		case <-ctx.Done():
		case <-time.After(lateFor):
		}
		stopLate()
	})
	said, err := s.restart(ctx, "ingest")
	ended.Wait()
	stop()
	return fmt.Sprintf("%s; %d new connections and %d of a balancer that was late by %v, 0 refused", said, service.made, late.made, lateFor),
		errors.Join(err, missed, service.good(), late.good())
}

// awaitEnding returns when a pod was told to end.
func (s *site) awaitEnding(ctx context.Context, pod string) error {
	return await(ctx, func() error {
		at, err := s.Kubectl(ctx, "get", "pod", pod, "--namespace="+namespace, "--output=jsonpath={.metadata.deletionTimestamp}")
		if err == nil && at == "" {
			err = fmt.Errorf("pod %s was not told to end", pod)
		}
		return err
	})
}
