package api

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"handover/activities"
	"handover/internal/transfer"
	"handover/workflows"
)

// UpdateTransfer is the body of a PATCH: a submit, a cancel or a decline, or new labels.
type UpdateTransfer struct {
	ID                    string                 `json:"id,omitempty" doc:"Id of the transfer; when given, that of the path (R-152)."`
	Status                string                 `json:"status,omitempty" doc:"InProgress or Accept to submit, Cancel to cancel, Reject to decline, in any case (R-151)." example:"InProgress"`
	LineItems             []PickedItem           `json:"lineItems,omitempty" nullable:"true" maxItems:"10000" doc:"What the source wants to move (R-150). Add-ons travel with their base."`
	AllEligible           bool                   `json:"allEligible,omitempty" doc:"Extension: move everything eligible instead of a list (R-155)."`
	ProductTypes          []transfer.ProductType `json:"productTypes,omitempty" nullable:"true" doc:"Extension: narrows allEligible."`
	Reason                string                 `json:"reason,omitempty" maxLength:"1000" doc:"Extension: why the source declines (R-15)."`
	CustomerTenantID      string                 `json:"customerTenantId,omitempty" doc:"When given, the transfer's (R-152)."`
	SourcePartnerTenantID string                 `json:"sourcePartnerTenantId,omitempty" doc:"When given, the transfer's (R-152)."`
	TargetPartnerTenantID string                 `json:"targetPartnerTenantId,omitempty" doc:"When given, the transfer's (R-152)."`
	ExternalReference     *string                `json:"externalReference,omitempty" maxLength:"256" doc:"Extension: your own reference. Alone or with tags and without status it changes your labels only."`
	Tags                  *[]string              `json:"tags,omitempty" maxItems:"20" doc:"Extension: your own tags."`
}

// PickedItem is one subscription that the source wants to move.
type PickedItem struct {
	ID             any                  `json:"id,omitempty" doc:"Ignored; some clients send a number, some a text (OQ-15)."`
	SubscriptionID string               `json:"subscriptionId" doc:"The subscription to move (R-150)." example:"55555555-0101-4000-8000-000000000001"`
	ProductType    transfer.ProductType `json:"productType" doc:"What it is (R-130)." example:"OnlineServicesNCE"`
}

// The verbs of a PATCH.
type verb string

const (
	verbSubmit  verb = "submit"
	verbCancel  verb = "cancel"
	verbDecline verb = "decline"
	verbLabel   verb = "label"
)

func (a *API) registerDecisions() {
	register(a, route{
		id: "updateTransfer", method: http.MethodPatch, path: "/v1/customers/{customerId}/transfers/{transferId}", tag: "Transfers",
		summary: "Submit, cancel or decline a transfer",
		description: "The source submits with line items (or, as an extension, everything eligible) or declines with status `Reject`; " +
			"the target cancels with status `Cancel`. A submit is all or nothing (R-153); the answer shows the transfer `InProgress`, " +
			"and the move goes on by itself (R-154). Extension: a body with `externalReference` or `tags` and no status changes the caller's own labels.",
		roles: transferRoles, write: true, maxBody: largeBody, causes: decisionCauses,
	}, a.updateTransfer)
}

type updateTransfer struct {
	TransferPath
	IfMatch string `header:"If-Match" doc:"Extension: refuses the change with 412 when the transfer no longer has this entity tag."`
	Body    UpdateTransfer
}

func (a *API) updateTransfer(ctx context.Context, in *updateTransfer) (*tagged, error) {
	t, err := a.transferOf(ctx, in.TransferPath)
	if err != nil {
		return nil, err
	}
	if err := in.Body.about(t); err != nil {
		return nil, err
	}
	verb, err := in.Body.verb()
	if err != nil {
		return nil, err
	}
	if verb == verbLabel {
		err = a.label(ctx, t, in)
	} else if err = a.checkMatch(ctx, t, in.IfMatch); err == nil {
		err = a.decide(ctx, t, verb, in.Body)
	}
	if err != nil {
		return nil, err
	}
	changed, err := a.Ledger.Transfer(ctx, t.ID)
	if err != nil {
		return nil, err
	}
	if verb == verbSubmit {
		return a.showSubmitted(ctx, changed, in.Body.AllEligible)
	}
	items, err := a.itemsOf(ctx, changed)
	if err != nil {
		return nil, err
	}
	return a.show(ctx, changed, items)
}

// showSubmitted answers a submit. The list of everything eligible is read through the transfer; the answer has its length
//
func (a *API) showSubmitted(ctx context.Context, t transfer.Transfer, everything bool) (*tagged, error) {
	var items []transfer.LineItem
	var err error
	if !everything {
		if items, err = a.itemsOf(ctx, t); err != nil {
			return nil, err
		}
	}
	t, items = t.AsSubmitted(items)
	return a.show(ctx, t, items)
}

// checkMatch honours If-Match before a decision. That the state still allows the decision is checked again where it is
// taken. A decision that this very request took already, before its answer was lost, is not stopped by its own effect.
func (a *API) checkMatch(ctx context.Context, t transfer.Transfer, header string) error {
	r := requestOf(ctx)
	if header == "" || t.DecisionRequestID == r.decisionID() {
		return nil
	}
	labels, err := a.Ledger.Labels(ctx, t.ID, r.caller.TenantID)
	if err != nil {
		return err
	}
	return unchanged(header, etag(t, labels, r.viewer()))
}

// unchanged refuses a change for which the caller has read another state.
func unchanged(ifMatch, tag string) error {
	if ifMatch == "" || matches(ifMatch, tag) {
		return nil
	}
	return refuse(changedMeanwhile, "The transfer has changed since you read it. Read it again, then decide.")
}

// decide brings the decision to the transfer.
func (a *API) decide(ctx context.Context, t transfer.Transfer, v verb, body UpdateTransfer) error {
	r := requestOf(ctx)
	id := r.decisionID()
	waiting, cancel := context.WithTimeout(ctx, a.WriteTimeout)
	defer cancel()
	decision := activities.Decision{RequestID: id, Actor: r.actor(), Reason: body.Reason}
	var err error
	switch v {
	case verbSubmit:
		_, err = a.Transfers.Submit(waiting, t.ID, body.approval(id, r.actor()))
	case verbCancel:
		_, err = a.Transfers.Cancel(waiting, t.ID, decision)
	default:
		_, err = a.Transfers.Decline(waiting, t.ID, decision)
	}
	if errors.Is(err, transfer.NotFound) && t.Status.Final() { // Temporal forgets a run some days after its end
		err = transfer.Refuse(transfer.AlreadyFinal, "The transfer is %s; nothing about it can change any more.", t.Status)
	}
	return err
}

// label changes the caller's own labels, one or both.
func (a *API) label(ctx context.Context, t transfer.Transfer, in *updateTransfer) error {
	viewer := requestOf(ctx).viewer()
	change := func(now transfer.Transfer, labels transfer.Labels) (transfer.Labels, error) {
		if err := unchanged(in.IfMatch, etag(now, labels, viewer)); err != nil {
			return labels, err
		}
		if in.Body.ExternalReference != nil {
			labels.ExternalReference = *in.Body.ExternalReference
		}
		if in.Body.Tags != nil {
			labels.Tags = *in.Body.Tags
		}
		return labels, nil
	}
	_, err := a.Ledger.Relabel(ctx, claimOf(ctx), t.ID, viewer.PartnerTenantID, change)
	return err
}

// about checks that a body that repeats ids repeats those of the transfer.
func (u UpdateTransfer) about(t transfer.Transfer) error {
	for _, id := range []struct{ name, given, stored string }{
		{"id", u.ID, t.ID},
		{"customerTenantId", u.CustomerTenantID, t.State.CustomerTenantID},
		{"sourcePartnerTenantId", u.SourcePartnerTenantID, t.SourceTenantID},
		{"targetPartnerTenantId", u.TargetPartnerTenantID, t.TargetTenantID},
	} {
		if id.given != "" && !transfer.SameID(id.given, id.stored) {
			return transfer.Refuse(transfer.InvalidInput, "%s is not that of the transfer. Leave it out, or send what the transfer says.", id.name)
		}
	}
	return nil
}

// verb tells what the PATCH asks for.
func (u UpdateTransfer) verb() (verb, error) {
	status := strings.ToLower(u.Status)
	selects := len(u.LineItems) > 0 || u.AllEligible
	switch {
	case selects && (status == "" || status == "inprogress" || status == "accept"):
		return verbSubmit, u.complete()
	case selects:
	case status == "cancel":
		return verbCancel, nil
	case status == "reject":
		return verbDecline, nil
	case status == "inprogress" || status == "accept":
		return verbSubmit, transfer.Refuse(transfer.NoLineItems, "A submit needs at least one line item. Name the subscriptions to move, or ask for everything eligible.")
	case status == "" && (u.ExternalReference != nil || u.Tags != nil):
		return verbLabel, nil
	}
	return "", refuse(unsupportedPatch, "This change is not possible. Submit with lineItems, cancel with status Cancel, or decline with status Reject.")
}

// complete checks what the wire contract asks of each line item and the domain does not.
func (u UpdateTransfer) complete() error {
	for i, item := range u.LineItems {
		if item.SubscriptionID == "" || item.ProductType == "" {
			return transfer.Refuse(transfer.InvalidInput, "Line item %d needs subscriptionId and productType.", i)
		}
	}
	return nil
}

func (u UpdateTransfer) approval(requestID string, by transfer.Actor) workflows.Approval {
	picks := make([]transfer.Pick, len(u.LineItems))
	for i, item := range u.LineItems {
		picks[i] = transfer.Pick{SubscriptionID: item.SubscriptionID, ProductType: item.ProductType}
	}
	return workflows.Approval{RequestID: requestID, Actor: by, LineItems: picks, AllEligible: u.AllEligible, ProductTypes: u.ProductTypes}
}
