// Package certificates keeps certificates and authorities as their files have them
// now, so that they are replaced without a restart.
//
// It knows PEM, files that others replace, in whatever order, and how long what is
// in them holds. It must not know who speaks TLS to whom.
package certificates

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

// lookEvery is the time between two looks at the files: kubelet takes a minute to
// write a new Secret, and what is replaced has weeks left.
const lookEvery = 5 * time.Second

// A Keeper looks at files again and again, and keeps what was in them when they
// could last be used. Two files that belong together are written one after the
// other, by cert-manager for one; a link to a folder is turned between two reads; a
// file is half written, or gone: until all is whole again, what was there before
// goes on. Safe for use by several goroutines.
type Keeper struct {
	log      *slog.Logger
	notAfter *prometheus.GaugeVec
	errors   *prometheus.CounterVec

	mu   sync.Mutex
	kept []*kept
}

// kept is what is in some files.
type kept struct {
	name   string
	files  []string
	take   func(texts [][]byte) (notAfter time.Time, err error) // Keeps what texts say, or nothing of it.
	digest [sha256.Size]byte                                    // Of the files, or of why they cannot be read.
	err    error                                                // Why they are not what is in use; nil: they are.
}

// Telemetry is where a Keeper tells about itself. Its zero value reports nowhere.
type Telemetry struct {
	Registerer prometheus.Registerer
	Logger     *slog.Logger
}

// New returns a Keeper of nothing yet.
func New(tel Telemetry) *Keeper {
	auto := promauto.With(tel.Registerer)
	return &Keeper{
		log: cmp.Or(tel.Logger, slog.New(slog.DiscardHandler)),
		notAfter: auto.NewGaugeVec(prometheus.GaugeOpts{
			Name: "mlf_tls_certificate_not_after_timestamp_seconds",
			Help: "When the first of the certificates that are in use for the name ends: of a chain, or of authorities. Less than a week ahead: see who renews the files. Of authorities, take those that have ended out of the file.",
		}, []string{"name"}),
		errors: auto.NewCounterVec(prometheus.CounterOpts{
			Name: "mlf_tls_reload_errors_total",
			Help: "Looks at the files of a name, one in 5 s, that found what cannot be used; what was there before is in use. A few while files are being replaced are normal; if it keeps rising, a log line says what is wrong with them.",
		}, []string{"name"}),
	}
}

// Run looks at the files until ctx ends, and returns nil.
func (k *Keeper) Run(ctx context.Context) error {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			k.Look()
		}
	}
}

// Look looks at all files once. It reads them and does nothing else that blocks.
func (k *Keeper) Look() {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, f := range k.kept {
		k.look(f)
	}
}

// keep looks at the files of f for the first time, and from then on if they can be used.
func (k *Keeper) keep(f *kept) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.errors.WithLabelValues(f.name)
	texts, err := f.read()
	if err == nil {
		err = k.use(f, texts)
	}
	if err != nil {
		return fmt.Errorf("load certificates for %s: %w", f.name, err)
	}
	k.kept = append(k.kept, f)
	return nil
}

// look takes what the files of f have now, if it is something else. What could not
// be used is tried each time: it may be for later.
func (k *Keeper) look(f *kept) {
	before := f.digest
	texts, err := f.read()
	isNew := f.digest != before
	if !isNew && f.err == nil {
		return
	}
	if err == nil {
		err = k.use(f, texts)
	}
	if f.err = err; err == nil {
		k.log.Info("certificates replaced", slog.String("for", f.name), slog.String("file", f.files[0]))
		return
	}
	k.errors.WithLabelValues(f.name).Inc()
	if isNew {
		k.log.Warn("certificates not replaced: those from before stay in use", slog.String("for", f.name), slog.Any("err", err))
	}
}

// use lets f take what its files say.
func (k *Keeper) use(f *kept, texts [][]byte) error {
	until, err := f.take(texts)
	if err == nil {
		k.notAfter.WithLabelValues(f.name).Set(float64(until.Unix()))
	}
	return err
}

// read returns the files, and notes their digest. A file's time and number are not
// looked at: a Secret's new file may have the old one's, and a few kilobytes are
// read in no time.
func (f *kept) read() (texts [][]byte, err error) {
	for _, name := range f.files {
		text, err := os.ReadFile(name)
		if err != nil {
			f.digest = sha256.Sum256([]byte(err.Error()))
			return nil, err
		}
		texts = append(texts, text)
	}
	var digests []byte
	for _, text := range texts {
		one := sha256.Sum256(text)
		digests = append(digests, one[:]...)
	}
	f.digest = sha256.Sum256(digests)
	return texts, nil
}

// whole refuses a PEM file that breaks off: what comes before the break may be
// valid, and a chain without its end is one that clients refuse.
func whole(file string, text []byte, blocks int) error {
	if begun := bytes.Count(text, []byte("-----BEGIN ")); begun != blocks {
		return fmt.Errorf("%s: %d of %d blocks can be read: it is damaged, or not yet written to its end", file, blocks, begun)
	}
	return nil
}
