package transferhttp

import (
	"context"
	"net/http"
	"time"

	"handover/internal/httpapi"
	"handover/internal/kernel"
	programmehttp "handover/internal/programme/http"
	"handover/internal/transfer"
)

// Progress is how a transfer stands, as far as the caller may see.
type Progress struct {
	ID           string              `json:"id" doc:"The transfer."`
	Status       transfer.Status     `json:"status" doc:"State of the transfer."`
	LineItems    transfer.ItemCounts `json:"lineItems" doc:"How many line items stand where; the target sees only those that are complete (R-183)."`
	LastModified time.Time           `json:"lastModifiedTime" doc:"When its state last changed."`
}

func (s *Service) registerProgress(a *httpapi.API) {
	httpapi.RegisterStream(a, httpapi.Route{
		ID: "followTransfer", Method: http.MethodGet, Path: "/v1/customers/{customerId}/transfers/{transferId}/progress", Tag: "Extensions", Extension: true,
		Summary: "Follow a transfer",
		Description: "Server-sent events: one `progress` event at once and one after each change, until the transfer is over. " +
			"Each event's data is a Progress object.",
		Roles: transferRoles, Right: programmehttp.Commerce(), Causes: []kernel.Cause{transfer.NotFound},
	}, httpapi.Events{Name: "progress", Of: "transfers"}, s.follow)
}

// follow looks at the transfer of the path again and again. A ledger that is away for a moment is asked the next time.
func (s *Service) follow(ctx context.Context, in *TransferPath) (httpapi.Look[Progress], error) {
	t, err := s.transferOf(ctx, *in)
	if err != nil {
		return nil, err
	}
	viewer := viewerOf(ctx)
	return func(ctx context.Context) (Progress, bool, error) {
		if now, err := s.records.Transfer(ctx, t.ID); err == nil {
			t = now
		}
		counts, err := transfer.Progress(t, viewer)
		return Progress{ID: t.ID, Status: t.Status, LineItems: counts, LastModified: t.LastModifiedTime}, t.Status.Final(), err
	}, nil
}
