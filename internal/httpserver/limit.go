package httpserver

import (
	"net"
	"sync"
)

// limited is a listener with a bound on the connections that are open at once; the next one waits. Its connections can be half
// closed, which net/http needs to let an answer arrive before it cuts off a client that is still sending.
type limited struct {
	net.Listener
	places chan struct{}
	closed chan struct{}
	once   sync.Once
}

func limit(listener net.Listener, connections int) net.Listener {
	return &limited{Listener: listener, places: make(chan struct{}, connections), closed: make(chan struct{})}
}

func (l *limited) Accept() (net.Conn, error) {
	select {
	case l.places <- struct{}{}:
	case <-l.closed:
		return nil, net.ErrClosed
	}
	c, err := l.Listener.Accept()
	if err != nil {
		<-l.places
		return nil, err
	}
	p := placed{Conn: c, leave: sync.OnceFunc(func() { <-l.places })}
	if half, able := c.(halfCloser); able {
		return halfPlaced{p, half}, nil
	}
	return p, nil
}

func (l *limited) Close() error {
	l.once.Do(func() { close(l.closed) })
	return l.Listener.Close()
}

// placed is a connection that gives its place back when it is closed.
type placed struct {
	net.Conn
	leave func()
}

func (p placed) Close() error {
	defer p.leave()
	return p.Conn.Close()
}

type halfCloser interface{ CloseWrite() error }

type halfPlaced struct {
	placed
	halfCloser
}
