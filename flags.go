package main

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"strings"
)

// listen opens addr for a part of the process.
func listen(what, addr string) (net.Listener, error) {
	ln, err := net.Listen("tcp", addr) //nolint:noctx // Binding a port neither waits nor dials.
	if err != nil {
		return nil, fmt.Errorf("listen for %s on %s: %w", what, addr, err)
	}
	return ln, nil
}

// tlsFlags are the flags of a listener that may speak TLS.
type tlsFlags struct {
	TLSCert string `placeholder:"FILE" help:"Certificate chain (PEM). With --tls-key: serve TLS 1.2 or newer."`
	TLSKey  string `placeholder:"FILE" help:"Private key (PEM) of the certificate."`
}

// config returns the TLS settings; nil for a plain listener.
func (f tlsFlags) config() (*tls.Config, error) {
	if f.TLSCert == "" && f.TLSKey == "" {
		return nil, nil
	}
	if f.TLSCert == "" || f.TLSKey == "" {
		return nil, usageError{errors.New("--tls-cert and --tls-key go together")}
	}
	pair, err := tls.LoadX509KeyPair(f.TLSCert, f.TLSKey)
	if err != nil {
		return nil, fmt.Errorf("load certificate %s: %w", f.TLSCert, err)
	}
	return &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}, nil
}

// url returns where ln can be reached with f's settings.
func (f tlsFlags) url(ln net.Listener) string {
	scheme := "http"
	if f.TLSCert != "" {
		scheme = "https"
	}
	host := ln.Addr().String()
	if _, port, err := net.SplitHostPort(host); err == nil && strings.HasPrefix(host, "[::]") {
		host = net.JoinHostPort("localhost", port)
	}
	return scheme + "://" + host
}
