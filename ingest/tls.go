package ingest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/tls"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"mlf/ingest/hello"
	"mlf/schema"
)

// A KeyExchange says when a key exchange is hybrid: X25519 together with
// ML-KEM-768, so that what is recorded today stays secret from a quantum computer.
// It is never asked of a terminal that does not offer it.
type KeyExchange string

const (
	// KeyExchangeAuto is the default: hybrid in full handshakes, classical in resumed
	// ones. Their keys come from the session's secret besides, which a hybrid
	// exchange made.
	KeyExchangeAuto KeyExchange = "auto"

	// KeyExchangeHybrid is hybrid in resumed handshakes, too, so that it does not
	// matter for what was recorded whether the ticket secret leaks.
	KeyExchangeHybrid KeyExchange = "hybrid"

	// KeyExchangeClassical is never hybrid.
	KeyExchangeClassical KeyExchange = "classical"
)

// classicalGroups are crypto/tls's, less the hybrid ones, in its order.
func classicalGroups() []tls.CurveID {
	return []tls.CurveID{tls.X25519, tls.CurveP256, tls.CurveP384, tls.CurveP521}
}

// A handshaker makes connections speak TLS. It chooses how by what each terminal
// says first:
//
//   - TLS 1.2: tickets are this process's own. Whoever has their key can read what
//     was recorded of a session, so it is in no topic; crypto/tls makes and renews it.
//   - TLS 1.3: tickets are those of every process that reads the registry. Before
//     the registry has a ticket secret, they are the process's own, too.
type handshaker struct {
	terminals *schema.Terminals
	now       func() time.Time
	metrics   *metrics
	logger    *slog.Logger
	warn      sync.Once // That there is no secret.

	first    *tls.Config // Of every connection, until its terminal has said something.
	full     *tls.Config // TLS 1.3.
	resuming *tls.Config // TLS 1.3, with a ticket that is good.

	mu      sync.Mutex // Held by who sets keys.
	current atomic.Pointer[ticketKeys]
}

// ticketKeys are what the keys that are set were made from.
type ticketKeys struct {
	secret *schema.TicketSecret
	day    schema.TicketDay
}

// newHandshaker returns a handshaker as cfg, whose TLS is not nil, says.
func newHandshaker(cfg Config, terminals *schema.Terminals, m *metrics, logger *slog.Logger) *handshaker {
	h := &handshaker{terminals: terminals, now: cfg.Now, metrics: m, logger: logger, first: cfg.TLS.Clone()}
	h.first.MinVersion = max(h.first.MinVersion, tls.VersionTLS12)
	h.first.VerifyConnection = h.count
	if cfg.KeyExchange == KeyExchangeClassical {
		h.first.CurvePreferences = classicalGroups()
	}
	h.full, h.resuming = h.first.Clone(), h.first.Clone()
	if cfg.KeyExchange == KeyExchangeAuto {
		h.resuming.CurvePreferences = classicalGroups()
	}
	h.first.GetConfigForClient = h.choose
	return h
}

// wrap returns a connection that shakes hands when it is first read.
func (h *handshaker) wrap(nc net.Conn) net.Conn {
	return tls.Server(&helloConn{Conn: nc}, h.first)
}

// choose is crypto/tls's GetConfigForClient. nil stands for h.first.
func (h *handshaker) choose(info *tls.ClientHelloInfo) (*tls.Config, error) {
	conn, ok := info.Conn.(*helloConn)
	if !ok {
		panic(fmt.Sprintf("BUG: handshake on a %T", info.Conn))
	}
	text := conn.heard()
	if !slices.Contains(info.SupportedVersions, tls.VersionTLS13) || h.first.MaxVersion == tls.VersionTLS12 {
		return nil, nil
	}
	h.renew()
	// A ticket that is not good leads to a full handshake. To tell them apart costs
	// a few µs, and without it a terminal that was away for some days would never come
	// by a hybrid session again.
	ticket, classical := hello.Read(text, classicalGroups())
	if classical && ticket != nil {
		if s, err := h.resuming.DecryptTicket(ticket, tls.ConnectionState{}); s != nil && err == nil {
			return h.resuming, nil
		}
	}
	return h.full, nil
}

// renew sets the keys of tickets when there is another secret, or another day.
func (h *handshaker) renew() {
	want := ticketKeys{h.terminals.TicketSecret(), schema.TicketDayOf(h.now())}
	if want.secret == nil {
		if h.terminals.Complete() {
			h.warn.Do(func() {
				h.logger.Warn("no ticket secret in the registry: terminals resume TLS sessions only at the process that gave them; run mlf schema apply")
			})
		}
		return
	}
	if c := h.current.Load(); c != nil && *c == want {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	keys := want.secret.Keys(want.day)
	h.full.SetSessionTicketKeys(keys[:])
	h.resuming.SetSessionTicketKeys(keys[:])
	h.current.Store(&want)
}

// count is crypto/tls's VerifyConnection: it refuses none.
func (h *handshaker) count(state tls.ConnectionState) error {
	if state.DidResume {
		h.metrics.resumed.Inc()
	} else {
		h.metrics.handshakes.Inc()
	}
	return nil
}

// certificatesOf returns those of cfg: what its GetCertificate has to say without a
// question, where it has none of its own.
func certificatesOf(cfg *tls.Config) []tls.Certificate {
	if len(cfg.Certificates) > 0 || cfg.GetCertificate == nil {
		return cfg.Certificates
	}
	if c, err := cfg.GetCertificate(new(tls.ClientHelloInfo)); err == nil && c != nil {
		return []tls.Certificate{*c}
	}
	return nil
}

// adviseOn warns of certificates that make every full handshake dear.
func adviseOn(logger *slog.Logger, certificates []tls.Certificate) {
	for i := range certificates {
		signer, ok := certificates[i].PrivateKey.(crypto.Signer)
		if !ok {
			continue
		}
		if key := dearKey(signer.Public()); key != "" {
			logger.Warn("signing with the certificate's key is most of what a new connection costs: a certificate with ECDSA P-256 makes it three times cheaper than RSA of 2,048 bits does",
				slog.String("key", key))
		}
	}
}

// dearKey says which key takes long to sign with; "" for one that does not.
func dearKey(public crypto.PublicKey) string {
	switch k := public.(type) {
	case *rsa.PublicKey:
		return fmt.Sprintf("RSA of %d bits", k.N.BitLen())
	case *ecdsa.PublicKey:
		if k.Curve != elliptic.P256() {
			return "ECDSA " + k.Params().Name
		}
	}
	return ""
}

// A helloConn remembers what a terminal says first, which crypto/tls does not show
// in full.
type helloConn struct {
	net.Conn
	hello  []byte
	judged bool
}

// helloBytesMax is how much of it is remembered. What terminals say is below 2 KiB,
// ticket included; of one that says more, the ticket is not looked at beforehand.
const helloBytesMax = 4 << 10

// Read reads.
func (c *helloConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if !c.judged && len(c.hello) < helloBytesMax {
		c.hello = append(c.hello, p[:n]...)
	}
	return n, err
}

// heard returns what was said first, and forgets it.
func (c *helloConn) heard() []byte {
	text := c.hello
	c.hello, c.judged = nil, true
	return text
}
