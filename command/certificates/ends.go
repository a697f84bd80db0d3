package certificates

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"net"
	"os"
	"time"

	"mlf/schema/finding"
)

// endsSoon is how long before its end a certificate is warned of: renewal at two
// thirds of three months is long over then.
const endsSoon = 14 * 24 * time.Hour

// check is the name of the checks.
const check = "certificates"

// CheckFile returns the check of when the first of the certificates in a PEM file ends.
func CheckFile(file string) finding.Check {
	return finding.Check{Name: check, On: file, Do: func(context.Context) []finding.Finding { return []finding.Finding{ofFile(file)} }}
}

func ofFile(file string) finding.Finding {
	text, err := os.ReadFile(file)
	if errors.Is(err, os.ErrNotExist) {
		return broken(file, "there is no such file")
	}
	if err != nil {
		return finding.Unknown(check, file, err, "let this user read it")
	}
	var chain []*x509.Certificate
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		if block.Type != "CERTIFICATE" {
			continue
		}
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return broken(file, err.Error())
		}
		chain = append(chain, c)
	}
	if len(chain) == 0 {
		return broken(file, "there is no certificate in it")
	}
	return judge(file, chain)
}

// CheckServer returns the check of when the first of the certificates ends that a server
// shows to who dials it.
func CheckServer(on string, dial func(ctx context.Context) (net.Conn, error)) finding.Check {
	return finding.Check{Name: check, On: on, Do: func(ctx context.Context) []finding.Finding { return []finding.Finding{ofServer(ctx, on, dial)} }}
}

// NoServer returns the check of who shows none.
func NoServer(on, why string) finding.Check {
	return finding.Check{Name: check, On: on, Do: func(context.Context) []finding.Finding { return []finding.Finding{finding.Skip(check, on, why)} }}
}

func ofServer(ctx context.Context, on string, dial func(ctx context.Context) (net.Conn, error)) finding.Finding {
	conn, err := dial(ctx)
	var refusal *tls.CertificateVerificationError
	if errors.As(err, &refusal) {
		return broken(on, err.Error())
	}
	if err != nil {
		return finding.Unknown(check, on, err, "see whether it runs and speaks TLS")
	}
	defer func() { _ = conn.Close() }() // Nothing was written to it.
	secure, ok := conn.(*tls.Conn)
	if !ok {
		return finding.Skip(check, on, "it is spoken to without TLS")
	}
	return judge(on, secure.ConnectionState().PeerCertificates)
}

func broken(on, says string) finding.Finding {
	return finding.Finding{
		Status: finding.Fail, Check: check, On: on, Says: says,
		Breaks: "who needs it speaks to nobody: votes wait in terminals or on the log", Remedy: "replace it; processes take the new one without a restart",
	}
}

func judge(on string, chain []*x509.Certificate) finding.Finding {
	first := chain[0]
	for _, c := range chain {
		if c.NotAfter.Before(first.NotAfter) {
			first = c
		}
	}
	says := fmt.Sprintf("valid until %s", first.NotAfter.UTC().Format(time.RFC3339))
	left := time.Until(first.NotAfter)
	f := finding.Finding{Status: finding.OK, Check: check, On: on, Says: says}
	switch {
	case left <= 0:
		return broken(on, "it ended at "+first.NotAfter.UTC().Format(time.RFC3339))
	case time.Until(first.NotBefore) > 0:
		return broken(on, "it is not valid before "+first.NotBefore.UTC().Format(time.RFC3339))
	case left < endsSoon:
		f = broken(on, says)
		f.Status = finding.Warn
	}
	return f
}
