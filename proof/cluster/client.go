package cluster

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"time"
)

// requestMax bounds one request of Client.
const requestMax = 10 * time.Second

// Client returns a client of HTTP whose connections begin in the cluster's network,
// on the node, and which trusts the API server's certificate. It asks by addresses:
// there are no names.
func (c *Cluster) Client() (*http.Client, error) {
	authority, err := os.ReadFile(c.path("pki/ca.crt"))
	if err != nil {
		return nil, fmt.Errorf("read authority: %w", err)
	}
	trusted := x509.NewCertPool()
	trusted.AppendCertsFromPEM(authority)
	return &http.Client{Timeout: requestMax, Transport: &http.Transport{
		DialContext:     c.DialContext,
		TLSClientConfig: &tls.Config{RootCAs: trusted, MinVersion: tls.VersionTLS12},
	}}, nil
}

// DialContext connects to addr, which names a host by its number, from the node.
func (c *Cluster) DialContext(ctx context.Context, network, addr string) (net.Conn, error) {
	return connected[net.Conn](c.space.namespace("net"), func() (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, addr)
	})
}

// Listen listens on the node: on NodeAddr pods reach what this process serves.
func (c *Cluster) Listen(ctx context.Context, network, addr string) (net.Listener, error) {
	return connected[net.Listener](c.space.namespace("net"), func() (net.Listener, error) {
		return new(net.ListenConfig).Listen(ctx, network, addr)
	})
}

// answers asks url, and returns an error unless it says 200.
func (c *Cluster) answers(ctx context.Context, url string) error {
	_, err := c.get(ctx, url)
	return err
}

// get returns what url says, and an error unless that is 200.
func (c *Cluster) get(ctx context.Context, url string) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, fmt.Errorf("ask %s: %w", url, err)
	}
	client, err := c.Client()
	if err != nil {
		return nil, err
	}
	defer client.CloseIdleConnections()
	response, err := client.Do(request)
	if err != nil {
		return nil, fmt.Errorf("ask %s: %w", url, err)
	}
	defer func() { _ = response.Body.Close() }() // Read to the end, or not wanted.
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", url, err)
	}
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("ask %s: answered %s: %s", url, response.Status, tail(body))
	}
	return body, nil
}
