package httpapi

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
)

// lookEvery is how often a stream looks for news; keepAlive is how often it says something even so, so that nothing on the
// way takes the connection for dead.
const (
	lookEvery = 500 * time.Millisecond
	keepAlive = 20 * time.Second
)

// streamFor bounds one stream; the client connects again, as clients of event streams do by themselves.
const streamFor = 10 * time.Minute

// Events are what a stream has.
type Events struct {
	Name string // of each event
	Of   string // what is followed, in the plural, for who follows too many
}

// Look is what there is to tell at the moment, and whether it is the last word. Its error ends the stream.
type Look[E any] func(context.Context) (now E, last bool, err error)

// RegisterStream declares an operation that answers with server-sent events: one at once and one after each change, until the
// last word, or until the client is gone, its time is up or the program ends its streams. The handler says how to look, or
// why the caller may not; it is found and refused like that of Register, and for a caller who follows too much already.
func RegisterStream[I, E any](a *API, r Route, events Events, handle func(context.Context, *I) (Look[E], error)) {
	r.streams = true
	r.Forms = []Form{{
		Status: http.StatusOK, Kind: "text/event-stream", Body: reflect.TypeFor[E](),
		Description: fmt.Sprintf("Events named %s; this is the data of each.", events.Name),
	}}
	Register(a, r, func(ctx context.Context, in *I) (*huma.StreamResponse, error) {
		look, err := handle(ctx, in)
		if err != nil {
			return nil, err
		}
		leave, err := a.limits.enter(RequestOf(ctx).Caller.TenantID, events.Of)
		if err != nil {
			return nil, err
		}
		return &huma.StreamResponse{Body: func(sending huma.Context) {
			defer leave()
			_, w := humago.Unwrap(sending)
			until, cancel := context.WithTimeout(sending.Context(), streamFor)
			defer cancel()
			defer context.AfterFunc(a.streaming, cancel)()
			s := stream{w: w, control: http.NewResponseController(w), event: events.Name}
			if s.control.SetReadDeadline(time.Time{}) != nil { // the client says nothing more, however long it listens
				return
			}
			w.Header().Set("Content-Type", "text/event-stream")
			tell(until, &s, look)
		}}, nil
	})
}

// tell sends what there is to tell until that is over or the context ends.
func tell[E any](ctx context.Context, s *stream, look Look[E]) {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		now, last, err := look(ctx)
		if err != nil || s.send(now) != nil || last {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// stream is one open answer.
type stream struct {
	w       http.ResponseWriter
	control *http.ResponseController
	event   string // name of each
	last    string
	said    time.Time
}

// send writes the event if it says something new, or a sign of life if nothing was said for long.
func (s *stream) send(data any) error {
	text, err := json.Marshal(data)
	if err != nil {
		return err
	}
	message := fmt.Sprintf("event: %s\ndata: %s\n\n", s.event, text)
	switch {
	case message != s.last:
		s.last = message
	case time.Since(s.said) < keepAlive:
		return nil
	default:
		message = ": still there\n\n"
	}
	s.said = time.Now()
	if err := s.control.SetWriteDeadline(s.said.Add(keepAlive)); err != nil {
		return err
	}
	if _, err := s.w.Write([]byte(message)); err != nil {
		return err
	}
	return s.control.Flush()
}
