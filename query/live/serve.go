package live

import (
	"net/http"
	"time"

	"github.com/klauspost/compress/gzhttp"
)

// Serve sends events until the listener leaves, is too slow, or the hub is closed:
// the newest each time, so that who reads slowly skips some. Events that wants
// refuses are not sent. ErrFull, before anything is written, where there is no room.
func (h *Hub) Serve(w http.ResponseWriter, r *http.Request, wants func(*Event) bool) error {
	if err := h.enter(r.Context()); err != nil {
		return err
	}
	defer h.leave()
	header := w.Header()
	header.Set("Content-Type", "text/event-stream")
	header.Set("Cache-Control", "no-store")
	header.Set("X-Accel-Buffering", "no")                      // Or nginx keeps events until it has some kilobytes,
	header.Set(gzhttp.HeaderNoCompression, "each at its time") // and so would we.
	s := stream{w: w, conn: http.NewResponseController(w), longest: h.cfg.Write}
	_ = s.conn.SetReadDeadline(time.Time{}) // A stream is no request that comes slowly.
	if r.Method == http.MethodHead {
		w.WriteHeader(http.StatusOK)
		return nil
	}
	h.send(r, &s, wants)
	return nil
}

func (h *Hub) send(r *http.Request, s *stream, wants func(*Event) bool) {
	beat := time.NewTimer(h.cfg.Beat)
	defer beat.Stop()
	var sent *Event
	open := s.write([]byte(": mlf\n\n")) // So that it is known to be open.
	for open && !h.isClosed() {
		event, changed := h.now()
		if event != nil && event != sent && wants(event) {
			if !s.event(event) {
				return
			}
			beat.Reset(h.cfg.Beat)
		}
		sent = event
		select {
		case <-changed:
		case <-beat.C:
			open = s.write([]byte(":\n\n"))
			beat.Reset(h.cfg.Beat)
		case <-r.Context().Done():
			return
		case <-h.closed:
			return
		}
	}
}

// A stream writes events to one listener.
type stream struct {
	w       http.ResponseWriter
	conn    *http.ResponseController
	longest time.Duration
	buf     []byte
}

func (s *stream) event(e *Event) bool {
	s.buf = append(append(s.buf[:0], "id: "...), e.ID...)
	s.buf = append(append(s.buf, "\nevent: counts\ndata: "...), e.Data...)
	return s.write(append(s.buf, "\n\n"...))
}

// write writes p at once; false where it could not.
func (s *stream) write(p []byte) bool {
	_ = s.conn.SetWriteDeadline(time.Now().Add(s.longest)) // Not every ResponseWriter has deadlines; those of a server do.
	if _, err := s.w.Write(p); err != nil {
		return false
	}
	return s.conn.Flush() == nil
}
