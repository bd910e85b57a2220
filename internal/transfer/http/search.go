package transferhttp

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"handover/internal/httpapi"
	"handover/internal/kernel"
	programmehttp "handover/internal/programme/http"
	"handover/internal/transfer"
	transferstore "handover/internal/transfer/store"
)

// searchTransfers are the filters of the list across customers.
type searchTransfers struct {
	Status            []string `query:"status" doc:"Only transfers in one of these states, as a comma-separated list." example:"Pending,InProgress"`
	Direction         string   `query:"direction" doc:"incoming: you are the target; outgoing: you are the source." example:"incoming"`
	CustomerID        string   `query:"customerId" doc:"Only transfers of this customer."`
	ExternalReference string   `query:"externalReference" doc:"Only those to which you gave this reference."`
	Tag               string   `query:"tag" doc:"Only those to which you gave this tag."`
	CreatedFrom       string   `query:"createdFrom" doc:"Only those created at or after this time." example:"2026-11-01T00:00:00Z"`
	CreatedUntil      string   `query:"createdUntil" doc:"Only those created before this time."`
	ModifiedFrom      string   `query:"modifiedFrom" doc:"Only those changed at or after this time."`
	Size              int      `query:"size" minimum:"1" maximum:"500" doc:"How many to answer with, 1 to 500; 50 when left out." example:"50"`
	Cursor            string   `query:"cursor" empty:"absent" also:"seek,MS-ContinuationToken,continuationToken" doc:"Where the page before this one ended: its continuationToken."`
	Continuation      string   `header:"MS-ContinuationToken" doc:"The same, as SDKs send it."`
}

// FoundTransfers is one page of a search.
type FoundTransfers struct {
	Items             []Transfer         `json:"items" doc:"The newest first, each without its line items."`
	ContinuationToken string             `json:"continuationToken,omitempty" doc:"Where the next page begins; absent on the last."`
	Links             httpapi.PageLinks  `json:"links"`
	Attributes        httpapi.Attributes `json:"attributes"`
}

// usualPage is how many a page holds when nobody says.
const usualPage = 50

func (s *Service) registerSearch(a *httpapi.API) {
	httpapi.Register(a, httpapi.Route{
		ID: "searchTransfers", Method: http.MethodGet, Path: "/v1/transfers", Tag: "Extensions", Extension: true,
		Summary:     "Find transfers across customers",
		Description: "Transfers in which the caller takes part, the newest first. Pages neither repeat nor skip a transfer while others are created.",
		Roles:       transferRoles, Right: programmehttp.Commerce(),
	}, s.searchTransfers)
}

func (s *Service) searchTransfers(ctx context.Context, in *searchTransfers) (*struct{ Body FoundTransfers }, error) {
	wanted, err := in.search(httpapi.RequestOf(ctx).Caller.TenantID)
	if err != nil {
		return nil, err
	}
	found, more, err := s.records.SearchTransfers(ctx, wanted)
	if err != nil {
		return nil, err
	}
	page := FoundTransfers{Items: make([]Transfer, 0, len(found)), Attributes: httpapi.Collection}
	for _, one := range found {
		seen, err := view(one.Transfer, nil, one.Labels, viewerOf(ctx))
		if err != nil {
			return nil, err
		}
		page.Items = append(page.Items, *seen)
	}
	page.Links.Self = httpapi.LinkTo("/transfers", in.query(in.Cursor))
	if more != nil {
		page.ContinuationToken = httpapi.WriteCursor(more.CreatedTime, more.ID)
		next := httpapi.LinkTo("/transfers", in.query(page.ContinuationToken))
		page.Links.Next = &next
	}
	return &struct{ Body FoundTransfers }{page}, nil
}

// search is what the ledger is asked.
func (in *searchTransfers) search(partner string) (transferstore.Search, error) {
	s := transferstore.Search{
		PartnerTenantID: partner, CustomerTenantID: in.CustomerID, ExternalReference: in.ExternalReference, Tag: in.Tag, Limit: in.Size,
	}
	var known bool
	if s.Direction, known = kernel.Named(transferstore.Direction(in.Direction), "", transferstore.Incoming, transferstore.Outgoing); !known {
		return s, kernel.Refuse(kernel.UnknownEnum, "direction must be incoming or outgoing.")
	}
	var err error
	if s.Statuses, err = statuses(in.Status); err != nil {
		return s, err
	}
	if s.Limit, err = httpapi.PageSize(in.Size, usualPage); err != nil {
		return s, err
	}
	for name, at := range map[string]struct {
		text string
		time *time.Time
	}{
		"createdFrom": {in.CreatedFrom, &s.CreatedFrom}, "createdUntil": {in.CreatedUntil, &s.CreatedUntil}, "modifiedFrom": {in.ModifiedFrom, &s.ModifiedFrom},
	} {
		if *at.time, err = httpapi.QueryTime(name, at.text); err != nil {
			return s, err
		}
	}
	if in.Cursor == "" {
		in.Cursor = in.Continuation
	}
	if in.Continuation != "" && in.Continuation != in.Cursor {
		return s, kernel.Refuse(kernel.InvalidInput, "cursor and MS-ContinuationToken are two different tokens. Send one.")
	}
	if in.Cursor != "" {
		at, id, err := httpapi.ReadCursor(in.Cursor)
		if err != nil {
			return s, err
		}
		s.After = &transferstore.Cursor{CreatedTime: at, ID: id}
	}
	return s, nil
}

func statuses(names []string) ([]transfer.Status, error) {
	var all []transfer.Status
	for _, name := range names {
		found, known := kernel.Named(transfer.Status(name), transfer.Statuses()...)
		if !known || found == transfer.None {
			return nil, kernel.Refuse(kernel.UnknownEnum, "status must be one of Pending, InProgress, Complete, Expired, Cancel, Reject, Failed, PartiallyComplete.")
		}
		all = append(all, found)
	}
	return all, nil
}

// query is the search as a query, for links.
func (in *searchTransfers) query(cursor string) url.Values {
	q := url.Values{}
	for name, value := range map[string]string{
		"status": strings.Join(in.Status, ","), "direction": in.Direction, "customerId": in.CustomerID, "externalReference": in.ExternalReference,
		"tag": in.Tag, "createdFrom": in.CreatedFrom, "createdUntil": in.CreatedUntil, "modifiedFrom": in.ModifiedFrom, "cursor": cursor,
	} {
		if value != "" {
			q.Set(name, value)
		}
	}
	if in.Size > 0 {
		q.Set("size", strconv.Itoa(in.Size))
	}
	return q
}
