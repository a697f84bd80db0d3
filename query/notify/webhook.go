package notify

import (
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"time"
)

// The limits of an answer.
const (
	answerMax       = 4 << 10        // Bytes of it that are read; what it says is not looked at.
	answerHeaderMax = 16 << 10       // Bytes.
	answerWait      = time.Second    // For the rest of an answer whose status is known.
	retryAfterMax   = 24 * time.Hour // Of what Retry-After asks.
)

// envelope is what a webhook gets, as Standard Webhooks 1.0.0 recommends it.
type envelope struct {
	Type      string          `json:"type"`
	Timestamp time.Time       `json:"timestamp"`
	Data      json.RawMessage `json:"data"`
}

// newHTTP returns a client that follows nobody, keeps no line open and reaches only
// what cfg allows. It is version 1.1 of HTTP: one message now and then needs no more.
func newHTTP(cfg *Config) *http.Client {
	d := dialer{cfg: cfg}
	t := &http.Transport{
		DialContext:            d.dial,
		TLSClientConfig:        &tls.Config{RootCAs: cfg.Roots, MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout:    attemptMax,
		DisableKeepAlives:      true,
		DisableCompression:     true,
		MaxResponseHeaderBytes: answerHeaderMax,
	}
	if cfg.Proxy != nil {
		t.Proxy, t.DialContext = http.ProxyURL(cfg.Proxy), nil
	}
	return &http.Client{
		Transport:     t,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// post sends m to a webhook.
func (s *Sender) post(ctx context.Context, t Target, m *Message) Result {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	request, err := s.request(ctx, t, m, time.Now())
	if err != nil {
		return Result{Final: true, Detail: short(err.Error())}
	}
	answer, err := s.http.Do(request)
	if err != nil {
		return unanswered(ctx, err)
	}
	defer func() { _ = answer.Body.Close() }()
	// Whoever writes on and on does not undo its status.
	defer time.AfterFunc(answerWait, cancel).Stop()
	_, _ = io.CopyN(io.Discard, answer.Body, answerMax)
	return answered(answer, time.Now())
}

// request is m as the owner of t gets it. The time of the attempt is signed, too, which
// keeps others from sending it again later.
func (s *Sender) request(ctx context.Context, t Target, m *Message, now time.Time) (*http.Request, error) {
	payload, err := json.Marshal(envelope{m.Kind, m.At.UTC(), m.Body})
	if err != nil {
		return nil, fmt.Errorf("write message %s: %w", m.ID, err)
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, t.Address, bytes.NewReader(payload))
	if err != nil {
		return nil, errors.New("webhook: not a URL")
	}
	secrets := [][]byte{t.Secret}
	if t.Previous != nil {
		secrets = append(secrets, t.Previous)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("User-Agent", cmp.Or(s.cfg.Product, "mlf"))
	r.Header.Set("Webhook-Id", m.ID)
	r.Header.Set("Webhook-Timestamp", strconv.FormatInt(now.Unix(), 10))
	r.Header.Set("Webhook-Signature", signature(m.ID, now, payload, secrets...))
	return r, nil
}

// answered judges an answer by its status.
func answered(a *http.Response, now time.Time) Result {
	r := Result{Status: a.StatusCode}
	if r.Status >= 200 && r.Status <= 299 {
		r.Delivered = true
		return r
	}
	r.Detail = "answered " + strconv.Itoa(r.Status) + " " + http.StatusText(r.Status)
	switch r.Status {
	case http.StatusMovedPermanently, http.StatusPermanentRedirect:
		r.Final, r.Detail = true, r.Detail+": redirects are not followed, enter the address to which it leads"
	case http.StatusRequestTimeout, http.StatusTooEarly:
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		r.host = true
		r.RetryAfter = retryAfter(a.Header.Get("Retry-After"), now)
	case http.StatusGone:
		r.Final, r.Detail = true, r.Detail+": it wants no more messages"
	default:
		r.Final = r.Status >= 400 && r.Status <= 499
		if r.Status >= 300 && r.Status <= 399 {
			r.Detail += ": redirects are not followed"
		}
	}
	return r
}

// retryAfter reads the field Retry-After: seconds, or a date of HTTP (RFC 9110). 0 where
// it is neither, or over.
func retryAfter(field string, now time.Time) time.Duration {
	if seconds, err := strconv.ParseUint(field, 10, 31); err == nil {
		return min(time.Duration(seconds)*time.Second, retryAfterMax)
	}
	at, err := http.ParseTime(field)
	if err != nil {
		return 0
	}
	return min(max(at.Sub(now), 0), retryAfterMax)
}

// unanswered says why nothing came back. What is wrong with a certificate or a name may
// be mended tomorrow; where nobody may be sent stays so.
func unanswered(ctx context.Context, err error) Result {
	r := Result{host: true}
	if wrapped, ok := errors.AsType[*url.Error](err); ok {
		err = wrapped.Err // Without the address, whose path may be secret.
	}
	refused, isRefused := errors.AsType[*forbiddenError](err)
	unknown, isUnknown := errors.AsType[*net.DNSError](err)
	var certificate *tls.CertificateVerificationError
	switch {
	case isRefused:
		r.Final, r.Detail = true, refused.Error()
	case ctx.Err() != nil, errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded):
		r.Detail = "no answer in time"
	case isUnknown && unknown.IsNotFound:
		r.Detail = "there is no such name"
	case isUnknown:
		r.Detail = "its name could not be looked up"
	case errors.As(err, &certificate):
		r.Detail = "its certificate does not hold: " + plain(certificate.Err)
	default:
		r.Detail = plain(err)
	}
	r.Detail = short(r.Detail)
	return r
}

// plain leaves out of an error which addresses of ours it was between.
func plain(err error) string {
	if op, ok := errors.AsType[*net.OpError](err); ok {
		return op.Op + ": " + op.Err.Error()
	}
	if _, ok := errors.AsType[x509.UnknownAuthorityError](err); ok {
		return "signed by an unknown authority"
	}
	return err.Error()
}
