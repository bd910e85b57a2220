package main

import (
	"context"
	"io"
	"net"
	"net/http"
	"sync"
	"time"
)

// receiver is an endpoint on loopback that takes everything. It counts each event once, as receivers are to do.
type receiver struct {
	url    string
	server *http.Server

	mu       sync.Mutex
	takes    time.Duration
	taken    map[string]bool // by the event's id
	repeated int             // taken before
}

func startReceiver() (*receiver, error) {
	listener, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	r := &receiver{url: "http://" + listener.Addr().String() + "/hook"}
	r.server = &http.Server{Handler: r, ReadHeaderTimeout: time.Minute}
	go func() { _ = r.server.Serve(listener) }() // ends with close
	return r, nil
}

func (r *receiver) close() error { return r.server.Close() }

// ServeHTTP takes an event.
func (r *receiver) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	_, _ = io.Copy(io.Discard, request.Body) // who hangs up is not counted
	r.mu.Lock()
	takes := r.takes
	r.mu.Unlock()
	if takes > 0 {
		timer := time.NewTimer(takes)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-request.Context().Done():
			return
		}
	}
	r.mu.Lock()
	if id := request.Header.Get("webhook-id"); r.taken[id] {
		r.repeated++
	} else {
		r.taken[id] = true
	}
	r.mu.Unlock()
	w.WriteHeader(http.StatusNoContent)
}

// begin counts from nothing, and takes that long for each event from now on.
func (r *receiver) begin(takes time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.takes, r.taken, r.repeated = takes, map[string]bool{}, 0
}

func (r *receiver) count() (events, repeated int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.taken), r.repeated
}

// heard returns when that many events were taken.
func (r *receiver) heard(ctx context.Context, events int) error {
	return until(ctx, "events are not heard", func() (bool, error) {
		taken, _ := r.count()
		return taken >= events, nil
	})
}
