package api

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"handover/internal/kernel"
	"handover/internal/transfer"
)

// Progress is how a transfer stands, as far as the caller may see.
type Progress struct {
	ID           string              `json:"id" doc:"The transfer."`
	Status       transfer.Status     `json:"status" doc:"State of the transfer."`
	LineItems    transfer.ItemCounts `json:"lineItems" doc:"How many line items stand where; the target sees only those that are complete (R-183)."`
	LastModified time.Time           `json:"lastModifiedTime" doc:"When its state last changed."`
}

// progressEvery is how often a stream looks at the ledger; keepAlive is how often it says something even so, so that
// nothing on the way takes the connection for dead.
const (
	progressEvery = 500 * time.Millisecond
	keepAlive     = 20 * time.Second
)

// streamFor bounds one stream; the client connects again, as clients of event streams do by themselves.
const streamFor = 10 * time.Minute

func (a *API) registerProgress() {
	register(a, route{
		id: "followTransfer", method: http.MethodGet, path: "/v1/customers/{customerId}/transfers/{transferId}/progress", tag: "Extensions", extension: true,
		summary: "Follow a transfer",
		description: "Server-sent events: one `progress` event at once and one after each change, until the transfer is over. " +
			"Each event's data is a Progress object.",
		roles: transferRoles, causes: []kernel.Cause{transfer.NotFound},
		streams: true, forms: []form{{http.StatusOK, "text/event-stream", typeOf[Progress](), "Events named progress; this is the data of each."}},
	}, a.follow)
}

func (a *API) follow(ctx context.Context, in *TransferPath) (*huma.StreamResponse, error) {
	t, err := a.transferOf(ctx, *in)
	if err != nil {
		return nil, err
	}
	viewer := requestOf(ctx).viewer()
	leave, err := a.limits.enter(viewer.PartnerTenantID)
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
		a.stream(until, &s, t, viewer)
	}}, nil
}

// stream sends the transfer's progress until it is over, the client is gone or the time is up.
func (a *API) stream(ctx context.Context, s *stream, t transfer.Transfer, viewer transfer.Viewer) {
	tick := time.NewTicker(progressEvery)
	defer tick.Stop()
	for {
		if s.send(t, viewer) != nil || t.Status.Final() {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		now, err := a.Ledger.Transfer(ctx, t.ID)
		if err == nil {
			t = now // a ledger that is away for a moment is asked again
		}
	}
}

// stream is one open answer.
type stream struct {
	w       http.ResponseWriter
	control *http.ResponseController
	last    string
	said    time.Time
}

// send writes the progress if it changed, or a sign of life if nothing was said for long.
func (s *stream) send(t transfer.Transfer, viewer transfer.Viewer) error {
	counts, err := transfer.Progress(t, viewer)
	if err != nil {
		return err
	}
	text, err := json.Marshal(Progress{ID: t.ID, Status: t.Status, LineItems: counts, LastModified: t.LastModifiedTime})
	if err != nil {
		return err
	}
	message := fmt.Sprintf("event: progress\ndata: %s\n\n", text)
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
