package embed

import (
	"context"
	"net/http"
	"time"

	"mlf/query/departure"
	"mlf/query/flight"
)

// Limits of pictures: each takes 30 ms of a processor, and some 100 kB.
const (
	drawingsMax = 1               // At the same time: statistics need the processors more.
	drawingWait = 3 * time.Second // That a picture waits for others.
	picturesMax = 16 << 20        // Bytes of those that are kept.
)

// An Album keeps pictures, and has each drawn once, however many want it.
type Album struct {
	kept  *departure.Kept[*departure.Body]
	drawn flight.Group[*departure.Body]
	gate  flight.Gate
}

// NewAlbum returns one without pictures.
func NewAlbum() *Album {
	return &Album{
		kept: departure.NewKept[*departure.Body](picturesMax, picturesMax/16),
		gate: flight.NewGate(drawingsMax, flight.NewAlarm()), // No store that is silent keeps anybody from drawing.
	}
}

// Picture returns the picture of a name, which is drawn if it is not there. An error is
// draw's, or that too many others wait.
func (a *Album) Picture(ctx context.Context, name string, draw func() ([]byte, error)) (*departure.Body, error) {
	if b, ok := a.kept.Get(name); ok {
		return b, nil
	}
	return a.drawn.Get(ctx, name, func(ctx context.Context) (*departure.Body, error) {
		if err := a.gate.Enter(ctx, drawingWait); err != nil {
			return nil, err
		}
		defer a.gate.Leave()
		picture, err := draw()
		if err != nil {
			return nil, err
		}
		out := departure.Writer{Stored: true}
		out.Take(picture)
		b, err := out.Body(http.Header{"Content-Type": {"image/png"}}, 0)
		if err == nil {
			a.kept.Put(name, b, len(picture))
		}
		return b, err
	})
}
