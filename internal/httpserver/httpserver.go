// Package httpserver is how every program here serves HTTP: no client can hold a connection for longer than the bounds
// allow, all of them together hold only so many, and what is being answered when the program ends may still end.
//
//	httpserver.go  serving
//	limit.go       how many connections are open at once
//	hosts.go       under which names what browsers read is served
//	bounds.go      the bounds of the API and of a worker's ports
//	certificate.go HTTPS
package httpserver

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"

	"go.uber.org/zap"
)

// Options say what is served, and how much of it.
type Options struct {
	Handler http.Handler
	Bounds  Bounds
	TLS     *tls.Config // nil for plain HTTP
	Ending  func()      // ends answers that would go on for ever, when the server is to end; may be nil
	Logger  *zap.Logger
}

// Serve answers HTTP on the listener until the context ends, then lets running requests end; what has not ended after the
// bounds' Drain is cut off. With a certificate it answers HTTPS only. Error: a listener that broke.
func Serve(ctx context.Context, listener net.Listener, o Options) error {
	complaints, err := zap.NewStdLogAt(o.Logger, zap.WarnLevel)
	if err != nil {
		return err
	}
	server := &http.Server{
		Handler: o.Handler, TLSConfig: o.TLS, ErrorLog: complaints,
		ReadHeaderTimeout: o.Bounds.Header, ReadTimeout: o.Bounds.Read, WriteTimeout: o.Bounds.Write, IdleTimeout: o.Bounds.Idle,
		MaxHeaderBytes: o.Bounds.HeaderBytes,
	}
	drained := make(chan error, 1)
	release := context.AfterFunc(ctx, func() {
		if o.Ending != nil {
			o.Ending()
		}
		drained <- end(server, o)
	})
	defer release()
	listener = limit(listener, o.Bounds.Connections)
	if o.TLS == nil {
		err = server.Serve(listener)
	} else {
		err = server.ServeTLS(listener, "", "")
	}
	if errors.Is(err, http.ErrServerClosed) {
		return <-drained
	}
	return err
}

// end lets running requests end for as long as the bounds allow.
func end(server *http.Server, o Options) error {
	patience, cancel := context.WithTimeout(context.Background(), o.Bounds.Drain)
	defer cancel()
	err := server.Shutdown(patience)
	if errors.Is(err, context.DeadlineExceeded) {
		o.Logger.Warn("Requests that did not end were cut off.", zap.Duration("after", o.Bounds.Drain))
		err = server.Close()
	}
	return err
}

// Server answers in the background.
type Server struct {
	Address net.Addr
	stop    context.CancelFunc
	ended   chan struct{}
}

// Start serves on the address until the context ends or Stop is called. It returns once the address is bound; a listener
// that breaks later is logged. Error: an address that cannot be bound.
func Start(ctx context.Context, address string, o Options) (*Server, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w", address, err)
	}
	ctx, stop := context.WithCancel(ctx)
	s := &Server{Address: listener.Addr(), stop: stop, ended: make(chan struct{})}
	go func() {
		defer close(s.ended)
		if err := Serve(ctx, listener, o); err != nil {
			o.Logger.Error("An HTTP server ended.", zap.Stringer("address", s.Address), zap.Error(err))
		}
	}()
	return s, nil
}

// Stop returns when running requests have ended or were cut off.
func (s *Server) Stop() {
	s.stop()
	<-s.ended
}
