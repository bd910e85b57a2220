package api

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"handover/internal/identity"
	"handover/internal/kernel"
	"handover/internal/ledger"
	"handover/internal/transfer"
)

// The parameters of a path.
type (
	// CustomerPath says which customer.
	CustomerPath struct {
		CustomerID string `path:"customerId" doc:"Microsoft ID of the customer, in any case." example:"cccccccc-0000-4000-8000-000000000001"`
	}
	// TransferPath says which transfer of that customer.
	TransferPath struct {
		CustomerPath
		TransferID string `path:"transferId" doc:"Id of the transfer, in any case." example:"8c2e4d10-77aa-4f52-b0de-0d3f7b9c0001"`
	}
)

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

var transferRoles = []identity.Role{identity.AdminAgent}

func (a *API) registerTransfers() {
	registerWrite[createTransfer, createAnswer](a, route{
		id: "createTransfer", method: http.MethodPost, path: "/v1/customers/{customerId}/transfers", tag: "Transfers",
		summary: "Request a transfer, as the target",
		description: "Creates a request without line items (R-3). The source chooses them when it submits. " +
			"With `?dryRun=true` nothing is created; the answer says what would be refused.",
		status: http.StatusCreated, roles: transferRoles, rehearses: true, causes: createCauses, forms: createForms,
	}, a.createTransfer)
	register(a, route{
		id: "listTransfers", method: http.MethodGet, path: "/v1/customers/{customerId}/transfers", tag: "Transfers",
		summary:     "List the transfers of a customer",
		description: "All transfers of the customer in which the caller takes part, final ones included, the newest first (R-143).",
		roles:       transferRoles,
	}, a.listTransfers)
	register(a, route{
		id: "getTransfer", method: http.MethodGet, path: "/v1/customers/{customerId}/transfers/{transferId}", tag: "Transfers",
		summary: "Read a transfer", description: "The transfer with the line items that the caller may see (R-181..R-186).",
		roles: transferRoles, causes: []kernel.Cause{transfer.NotFound},
		forms: []form{{status: http.StatusNotModified, description: "The transfer still has the entity tag of If-None-Match."}},
	}, a.getTransfer)
}

func (a *API) listTransfers(ctx context.Context, in *CustomerPath) (*struct{ Body []Transfer }, error) {
	r := requestOf(ctx)
	wanted := ledger.Search{CustomerTenantID: in.CustomerID, PartnerTenantID: r.caller.TenantID, Limit: everyTransfer}
	found, _, err := a.Ledger.SearchTransfers(ctx, wanted)
	if err != nil {
		return nil, err
	}
	ids := make([]string, len(found))
	for i, t := range found {
		ids[i] = t.ID
	}
	items, err := a.Ledger.ItemsOf(ctx, ids)
	if err != nil {
		return nil, err
	}
	list := make([]Transfer, 0, len(found))
	for _, t := range found {
		seen, err := view(t.Transfer, items[t.ID], t.Labels, r.viewer())
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

func (a *API) getTransfer(ctx context.Context, in *readTransfer) (*tagged, error) {
	t, err := a.transferOf(ctx, in.TransferPath)
	if err != nil {
		return nil, err
	}
	labels, err := a.Ledger.Labels(ctx, t.ID, requestOf(ctx).caller.TenantID)
	if err != nil {
		return nil, err
	}
	if tag := etag(t, labels, requestOf(ctx).viewer()); in.IfNoneMatch != "" && matches(in.IfNoneMatch, tag) {
		return nil, notModified{tag}
	}
	items, err := a.itemsOf(ctx, t)
	if err != nil {
		return nil, err
	}
	return a.show(ctx, t, items)
}

// itemsOf reads all line items of the transfer.
func (a *API) itemsOf(ctx context.Context, t transfer.Transfer) ([]transfer.LineItem, error) {
	if t.Items.Total() == 0 {
		return nil, nil
	}
	return a.Ledger.Items(ctx, t.ID, 0, -1)
}

// transferOf reads the transfer of the path. One of another customer does not exist there, and one in which the caller
// takes no part does not exist at all.
func (a *API) transferOf(ctx context.Context, of TransferPath) (transfer.Transfer, error) {
	id, err := kernel.ParseID("the transfer id", of.TransferID)
	if err != nil {
		return transfer.Transfer{}, transfer.NoSuchTransfer()
	}
	t, err := a.Ledger.Transfer(ctx, id)
	if err != nil {
		return t, err
	}
	if !kernel.SameID(t.State.CustomerTenantID, of.CustomerID) {
		return t, transfer.NoSuchTransfer()
	}
	if _, err := transfer.View(t, nil, requestOf(ctx).viewer()); err != nil {
		return t, err
	}
	return t, nil
}

// show answers with the transfer and these of its line items.
func (a *API) show(ctx context.Context, t transfer.Transfer, items []transfer.LineItem) (*tagged, error) {
	r := requestOf(ctx)
	labels, err := a.Ledger.Labels(ctx, t.ID, r.caller.TenantID)
	if err != nil {
		return nil, err
	}
	seen, err := view(t, items, labels, r.viewer())
	return &tagged{ETag: etag(t, labels, r.viewer()), Body: seen}, err
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
	text, err := json.Marshal([]any{t.ID, v.PartnerTenantID, t.Status, t.LastModifiedTime, t.CompletedTime, counts, labels})
	if err != nil {
		return ""
	}
	sum := sha256.Sum256(text)
	return fmt.Sprintf("%q", hex.EncodeToString(sum[:12]))
}

// matches tells whether an entity tag is among those of an If-Match or If-None-Match header (RFC 9110).
func matches(header, tag string) bool {
	if strings.TrimSpace(header) == "*" {
		return true
	}
	return slices.ContainsFunc(strings.Split(header, ","), func(one string) bool {
		return strings.TrimPrefix(strings.TrimSpace(one), "W/") == tag
	})
}

// notModified is the answer to a reader who has the present state already.
type notModified struct{ tag string }

func (notModified) Error() string  { return "not modified" }
func (notModified) GetStatus() int { return http.StatusNotModified }

// GetHeaders repeats the entity tag.
func (n notModified) GetHeaders() http.Header { return http.Header{"Etag": {n.tag}} }
