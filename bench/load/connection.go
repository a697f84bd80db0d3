package load

import (
	"errors"
	"time"

	"golang.org/x/sys/unix"
)

// dial opens connection i.
func (g *Generator) dial(i int) error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	err = unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1)
	if n := len(g.cfg.Sources); err == nil && n > 0 {
		// The port is chosen at connect, by the pair of addresses.
		err = unix.SetsockoptInt(fd, unix.IPPROTO_IP, unix.IP_BIND_ADDRESS_NO_PORT, 1)
		if err == nil {
			err = unix.Bind(fd, &unix.SockaddrInet4{Addr: g.cfg.Sources[i%n].As4()})
		}
	}
	if err == nil {
		err = unix.Connect(fd, &unix.SockaddrInet4{Port: int(g.cfg.Addr.Port()), Addr: g.cfg.Addr.Addr().As4()})
	}
	if err == nil {
		err = unix.SetNonblock(fd, true)
	}
	if err == nil {
		err = unix.EpollCtl(g.epoll, unix.EPOLL_CTL_ADD, fd, &unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(i)})
	}
	if err != nil {
		return errors.Join(err, unix.Close(fd))
	}
	g.conns[i] = connection{fd: fd}
	return nil
}

func (g *Generator) hangUp(c *connection) {
	if c.fd >= 0 {
		_ = unix.Close(c.fd) // Also takes it out of the epoll instance.
		c.fd = -1
	}
}

// send begins a request on connection i, which is idle.
func (g *Generator) send(i int, due time.Time) {
	c := &g.conns[i]
	if c.fd < 0 && g.dial(i) != nil {
		g.run.tally.Lost++ // The server takes no connection now.
		g.idle = append(g.idle, int32(i))
		return
	}
	c.busy, c.due = true, due
	c.unsent = g.cfg.Requests[i%len(g.cfg.Requests)]
	g.run.pending++
	g.flush(i)
}

// flush sends what is left of the request on connection i.
func (g *Generator) flush(i int) {
	c := &g.conns[i]
	if len(c.unsent) == 0 {
		return
	}
	n, err := unix.Write(c.fd, c.unsent)
	whole := len(c.unsent) == len(g.cfg.Requests[i%len(g.cfg.Requests)])
	switch {
	case err == nil && n == len(c.unsent):
		c.unsent = nil
		if !whole {
			g.watch(i, unix.EPOLLIN)
		}
	case err == nil:
		c.unsent = c.unsent[n:]
		g.watch(i, unix.EPOLLIN|unix.EPOLLOUT)
	case errors.Is(err, unix.EAGAIN):
		g.watch(i, unix.EPOLLIN|unix.EPOLLOUT)
	default:
		g.cut(i)
	}
}

func (g *Generator) watch(i int, events uint32) {
	if unix.EpollCtl(g.epoll, unix.EPOLL_CTL_MOD, g.conns[i].fd, &unix.EpollEvent{Events: events, Fd: int32(i)}) != nil {
		g.cut(i)
	}
}

// receive reads from connection i.
func (g *Generator) receive(i int) {
	c := &g.conns[i]
	if c.fd < 0 {
		return // Cut by an event of the same wait.
	}
	n, err := unix.Read(c.fd, g.read)
	if errors.Is(err, unix.EAGAIN) {
		return
	}
	if n <= 0 || err != nil {
		g.cut(i)
		return
	}
	text := g.read[:n]
	if len(c.partial) > 0 {
		c.partial = append(c.partial, text...)
		text = c.partial
	}
	a, ok := parse(text)
	if !ok {
		if len(c.partial) == 0 {
			c.partial = append(c.partial, text...)
		}
		return
	}
	if !c.busy || a.status == 0 || len(text) != a.bytes {
		g.cut(i) // An answer to nothing, or none at all.
		return
	}
	g.answered(i, a)
}

// answered counts the answer on connection i and sends what is due next.
func (g *Generator) answered(i int, a answer) {
	c, now := &g.conns[i], time.Now()
	g.run.tally.Answered[a.status]++
	if a.status == 202 {
		g.run.tally.Latencies.Add(now.Sub(c.due))
	}
	c.busy, c.partial = false, c.partial[:0]
	g.run.pending--
	if a.closes {
		g.hangUp(c)
	}
	g.next(i, now)
}

// cut gives connection i up, with the request that was under way.
func (g *Generator) cut(i int) {
	c := &g.conns[i]
	g.hangUp(c)
	if !c.busy {
		return // An idle connection that the server closed: opened anew when needed.
	}
	g.run.tally.Lost++
	g.run.pending--
	*c = connection{fd: -1}
	g.idle = append(g.idle, int32(i))
}

// next sends the next request on connection i, or lets it rest.
func (g *Generator) next(i int, now time.Time) {
	switch {
	case len(g.run.waiting) > 0:
		due := g.run.waiting[0]
		g.run.waiting = g.run.waiting[1:]
		g.send(i, due)
	case g.run.closed && g.run.sending:
		g.send(i, now)
	default:
		g.idle = append(g.idle, int32(i))
	}
}
