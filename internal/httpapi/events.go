package httpapi

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
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

// Events are what a stream tells.
type Events struct {
	Name string // of each event
	Of   string // what the caller follows, in the plural, for one who follows too many
	// Look is what there is to tell at the moment, as JSON, and whether it is the last word. Its error ends the stream.
	Look func(context.Context) (data any, last bool, err error)
}

// Follow answers with server-sent events: one at once and one after each change, until the last word, or until the client is
// gone, its time is up or the program ends its streams. Error: TooManyRequests for a caller who follows too much already.
func (a *API) Follow(ctx context.Context, events Events) (*huma.StreamResponse, error) {
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
		s := stream{w: w, control: http.NewResponseController(w)}
		if s.control.SetReadDeadline(time.Time{}) != nil { // the client says nothing more, however long it listens
			return
		}
		w.Header().Set("Content-Type", "text/event-stream")
		s.tell(until, events)
	}}, nil
}

// stream is one open answer.
type stream struct {
	w       http.ResponseWriter
	control *http.ResponseController
	last    string
	said    time.Time
}

// tell sends the events until they are over or the context ends.
func (s *stream) tell(ctx context.Context, events Events) {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		data, last, err := events.Look(ctx)
		if err != nil || s.send(events.Name, data) != nil || last {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// send writes the event if it says something new, or a sign of life if nothing was said for long.
func (s *stream) send(event string, data any) error {
	text, err := json.Marshal(data)
	if err != nil {
		return err
	}
	message := fmt.Sprintf("event: %s\ndata: %s\n\n", event, text)
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
