package transferhttp

import (
	"context"
	"net/http"
	"reflect"

	"handover/internal/httpapi"
	"handover/internal/kernel"
	programmehttp "handover/internal/programme/http"
	"handover/internal/transfer"
	transferstore "handover/internal/transfer/store"
)

// TransferPath is the parameters of a path that say which transfer of a customer.
type TransferPath struct {
	programmehttp.CustomerPath
	TransferID string `path:"transferId" doc:"Id of the transfer, in any case." example:"8c2e4d10-77aa-4f52-b0de-0d3f7b9c0001"`
}

// Transfer is a transfer as the caller may see it (domain section 5).
type Transfer struct {
	transfer.Entity
	transfer.Labels
	LineItemCount int `json:"lineItemCount" doc:"Extension: how many line items the caller may see; the answer to a submit of everything eligible has this number and no list."`
}

// tagged is an answer with its entity tag.
type tagged struct {
	ETag string `header:"ETag" doc:"Extension: changes whenever the transfer changes for the caller; for If-Match and If-None-Match."`
	Body *Transfer
}

// echoes are members of a transfer that Partner Center has, and this API has not (sections 4.2 and 4.3).
var echoes = []string{
	"alternateId", "participants", "sourcePartnerEmailId", "targetPartnerProjectId", "transferError",
	"lineItems.addonItems", "lineItems.currencyCode", "lineItems.orderId", "lineItems.partnerIdOnRecord", "lineItems.termDuration",
	"lineItems.transferGroupId",
}

// smaller is what to do instead of listing too much.
const smaller = "Ask for everything eligible instead of listing it."

func (s *Service) registerTransfers(a *httpapi.API) {
	httpapi.RegisterWrite[createTransfer, createAnswer](a, httpapi.Route{
		ID: "createTransfer", Method: http.MethodPost, Path: "/v1/customers/{customerId}/transfers", Tag: "Transfers",
		Summary: "Request a transfer, as the target",
		Description: "Creates a request without line items (R-3). The source chooses them when it submits. " +
			"With `?dryRun=true` nothing is created; the answer says what would be refused.",
		Resource: reflect.TypeFor[Transfer](), Echoes: echoes,
		Status: http.StatusCreated, Roles: transferRoles, Right: programmehttp.Commerce(), Rehearses: true, Smaller: smaller, Lists: s.lists(), Causes: createCauses, Forms: createForms, Rerender: s.rerender,
	}, s.createTransfer)
	httpapi.Register(a, httpapi.Route{
		ID: "listTransfers", Method: http.MethodGet, Path: "/v1/customers/{customerId}/transfers", Tag: "Transfers",
		Summary:     "List the transfers of a customer",
		Description: "All transfers of the customer in which the caller takes part, final ones included, the newest first (R-143).",
		Roles:       transferRoles, Right: programmehttp.Commerce(),
	}, s.listTransfers)
	httpapi.Register(a, httpapi.Route{
		ID: "getTransfer", Method: http.MethodGet, Path: "/v1/customers/{customerId}/transfers/{transferId}", Tag: "Transfers",
		Summary: "Read a transfer", Description: "The transfer with the line items that the caller may see (R-181..R-186).",
		Roles: transferRoles, Right: programmehttp.Commerce(), Causes: []kernel.Cause{transfer.NotFound},
		Forms: []httpapi.Form{{Status: http.StatusNotModified, Description: "The transfer still has the entity tag of If-None-Match."}},
	}, s.getTransfer)
}

func (s *Service) listTransfers(ctx context.Context, in *programmehttp.CustomerPath) (*struct{ Body []Transfer }, error) {
	r := httpapi.RequestOf(ctx)
	wanted := transferstore.Search{CustomerTenantID: in.CustomerID, PartnerTenantID: r.Caller.TenantID, Limit: everyTransfer}
	found, _, err := s.records.SearchTransfers(ctx, wanted)
	if err != nil {
		return nil, err
	}
	ids := make([]string, len(found))
	for i, t := range found {
		ids[i] = t.ID
	}
	items, err := s.records.ItemsOf(ctx, ids)
	if err != nil {
		return nil, err
	}
	list := make([]Transfer, 0, len(found))
	for _, t := range found {
		seen, err := view(t.Transfer, items[t.ID], t.Labels, viewerOf(ctx))
		if err != nil {
			return nil, err
		}
		list = append(list, *seen)
	}
	return &struct{ Body []Transfer }{list}, nil
}

// everyTransfer is more than one customer has: the list has no pages (OQ-22).
const everyTransfer = 100_000

type readTransfer struct {
	TransferPath
	IfNoneMatch string `header:"If-None-Match" doc:"Extension: answers 304 when the transfer still has this entity tag."`
}

func (s *Service) getTransfer(ctx context.Context, in *readTransfer) (*tagged, error) {
	t, err := s.transferOf(ctx, in.TransferPath)
	if err != nil {
		return nil, err
	}
	labels, err := s.records.Labels(ctx, t.ID, httpapi.RequestOf(ctx).Caller.TenantID)
	if err != nil {
		return nil, err
	}
	tag := etag(t, labels, viewerOf(ctx))
	if in.IfNoneMatch != "" && httpapi.Known(in.IfNoneMatch, tag) {
		return nil, httpapi.NotModified(tag)
	}
	items, err := s.itemsOf(ctx, t)
	if err != nil {
		return nil, err
	}
	seen, err := view(t, items, labels, viewerOf(ctx))
	return &tagged{ETag: tag, Body: seen}, err
}

// itemsOf reads all line items of the transfer.
func (s *Service) itemsOf(ctx context.Context, t transfer.Transfer) ([]transfer.LineItem, error) {
	if t.Items.Total() == 0 {
		return nil, nil
	}
	return s.records.Items(ctx, t.ID, 0, -1)
}

// transferOf reads the transfer of the path. One of another customer does not exist there, and one in which the caller
// takes no part does not exist at all.
func (s *Service) transferOf(ctx context.Context, of TransferPath) (transfer.Transfer, error) {
	id, err := kernel.ParseID("the transfer id", of.TransferID)
	if err != nil {
		return transfer.Transfer{}, transfer.NoSuchTransfer()
	}
	t, err := s.records.Transfer(ctx, id)
	if err != nil {
		return t, err
	}
	if !kernel.SameID(t.State.CustomerTenantID, of.CustomerID) {
		return t, transfer.NoSuchTransfer()
	}
	if _, err := transfer.View(t, nil, viewerOf(ctx)); err != nil {
		return t, err
	}
	return t, nil
}

// view is the transfer as the viewer may see it, with the viewer's own labels.
func view(t transfer.Transfer, items []transfer.LineItem, labels transfer.Labels, v transfer.Viewer) (*Transfer, error) {
	entity, err := transfer.View(t, items, v)
	if err != nil {
		return nil, err
	}
	seen, err := transfer.Progress(t, v)
	return &Transfer{Entity: entity, Labels: labels, LineItemCount: seen.Total()}, err
}

// etag changes with everything the viewer sees of a transfer: its line items only ever end, so their counts tell.
func etag(t transfer.Transfer, labels transfer.Labels, v transfer.Viewer) string {
	counts, err := transfer.Progress(t, v)
	if err != nil {
		return ""
	}
	return httpapi.EntityTag(t.ID, v.PartnerTenantID, t.Status, t.LastModifiedTime, t.CompletedTime, counts, labels)
}
