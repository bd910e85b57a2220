package api

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"handover/internal/kernel"
	"handover/internal/ledger"
	"handover/internal/store"
	"handover/internal/subscription"
	"handover/internal/transfer"
)

// UpdateTransfer is the body of a PATCH: a submit, a cancel or a decline, or new labels.
type UpdateTransfer struct {
	ID                    string                     `json:"id,omitempty" doc:"Id of the transfer; when given, that of the path (R-152)."`
	Status                string                     `json:"status,omitempty" doc:"InProgress or Accept to submit, Cancel to cancel, Reject to decline, in any case (R-151)." example:"InProgress"`
	LineItems             []PickedItem               `json:"lineItems,omitempty" nullable:"true" doc:"What the source wants to move (R-150). Add-ons travel with their base."`
	AllEligible           bool                       `json:"allEligible,omitempty" doc:"Extension: move everything eligible instead of a list (R-155)."`
	ProductTypes          []subscription.ProductType `json:"productTypes,omitempty" nullable:"true" doc:"Extension: narrows allEligible."`
	Reason                string                     `json:"reason,omitempty" doc:"Extension: why the source declines (R-15)."`
	CustomerTenantID      string                     `json:"customerTenantId,omitempty" doc:"When given, the transfer's (R-152)."`
	SourcePartnerTenantID string                     `json:"sourcePartnerTenantId,omitempty" doc:"When given, the transfer's (R-152)."`
	TargetPartnerTenantID string                     `json:"targetPartnerTenantId,omitempty" doc:"When given, the transfer's (R-152)."`
	ExternalReference     *string                    `json:"externalReference,omitempty" doc:"Extension: your own reference. Alone or with tags and without status it changes your labels only."`
	Tags                  *[]string                  `json:"tags,omitempty" doc:"Extension: your own tags."`
}

// PickedItem is one subscription that the source wants to move.
type PickedItem struct {
	ID             any                      `json:"id,omitempty" doc:"Ignored; some clients send a number, some a text (OQ-15)."`
	SubscriptionID string                   `json:"subscriptionId" doc:"The subscription to move (R-150)." example:"55555555-0101-4000-8000-000000000001"`
	ProductType    subscription.ProductType `json:"productType" doc:"What it is (R-130)." example:"OnlineServicesNCE"`
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
	registerWrite[updateTransfer, tagged](a, route{
		id: "updateTransfer", method: http.MethodPatch, path: "/v1/customers/{customerId}/transfers/{transferId}", tag: "Transfers",
		summary: "Submit, cancel or decline a transfer",
		description: "The source submits with line items (or, as an extension, everything eligible) or declines with status `Reject`; " +
			"the target cancels with status `Cancel`. A submit is all or nothing (R-153); the answer shows the transfer `InProgress`, " +
			"and the move goes on by itself (R-154). Extension: a body with `externalReference` or `tags` and no status changes the caller's own labels.",
		roles: transferRoles, maxBody: largeBody, causes: decisionCauses,
	}, a.updateTransfer)
}

type updateTransfer struct {
	TransferPath
	IfMatch string `header:"If-Match" doc:"Extension: refuses the change with 412 when the transfer no longer has this entity tag."`
	Body    UpdateTransfer
}

func (a *API) updateTransfer(ctx context.Context, in *updateTransfer) (ledger.Answer, error) {
	t, err := a.transferOf(ctx, in.TransferPath)
	if err != nil {
		return ledger.Answer{}, err
	}
	if err := in.Body.about(t); err != nil {
		return ledger.Answer{}, err
	}
	verb, err := in.Body.verb()
	if err != nil {
		return ledger.Answer{}, err
	}
	end, err := a.turns.take(ctx, requestOf(ctx).caller.TenantID+" "+t.ID)
	if err != nil {
		return ledger.Answer{}, err
	}
	defer end()
	answer := answerTo(ctx, transferAnswer(ctx, in.Body.form(verb)))
	answer.terms.Match = in.match(requestOf(ctx).viewer())
	changed, err := a.decide(ctx, t.ID, verb, in.Body, answer.terms)
	if errors.Is(err, store.ErrLocked) {
		err = kernel.Refuse(kernel.BeingProcessed, "Another request about this transfer is being processed. Repeat the same request in a moment.").About(t.ID)
	}
	return answer.of(changed, err)
}

// form is how the answer shows what became of the transfer. The list of everything eligible is read through the transfer;
// the answer has its length.
func (u UpdateTransfer) form(v verb) string {
	switch {
	case v == verbSubmit && u.AllEligible:
		return formSubmittedUnlisted
	case v == verbSubmit:
		return formSubmitted
	}
	return formTransfer
}

// match honours If-Match, where the decision is made: nothing can come between.
func (in *updateTransfer) match(viewer transfer.Viewer) func(ledger.Outcome) error {
	if in.IfMatch == "" {
		return nil
	}
	return func(now ledger.Outcome) error {
		if matches(in.IfMatch, etag(now.Transfer, now.Labels, viewer)) {
			return nil
		}
		return refuse(changedMeanwhile, "The transfer has changed since you read it. Read it again, then decide.")
	}
}

// decide brings the decision to the transfer.
func (a *API) decide(ctx context.Context, id string, v verb, body UpdateTransfer, terms ledger.Terms[ledger.Outcome]) (ledger.Outcome, error) {
	r := requestOf(ctx)
	decision := ledger.Decision{RequestID: r.decisionID(), Actor: r.actor(), Reason: body.Reason}
	switch v {
	case verbSubmit:
		return a.Ledger.Submit(ctx, id, ledger.Submission{RequestID: r.decisionID(), Actor: r.actor(), Selection: body.selection()}, terms)
	case verbCancel:
		return a.Ledger.Cancel(ctx, id, decision, terms)
	case verbDecline:
		return a.Ledger.Decline(ctx, id, decision, terms)
	default:
		return a.Ledger.Relabel(ctx, id, r.caller.TenantID, body.relabel, terms)
	}
}

// relabel changes one or both of the caller's own labels.
func (u UpdateTransfer) relabel(labels transfer.Labels) transfer.Labels {
	if u.ExternalReference != nil {
		labels.ExternalReference = *u.ExternalReference
	}
	if u.Tags != nil {
		labels.Tags = *u.Tags
	}
	return labels
}

// about checks that a body that repeats ids repeats those of the transfer.
func (u UpdateTransfer) about(t transfer.Transfer) error {
	for _, id := range []struct{ name, given, stored string }{
		{"id", u.ID, t.ID},
		{"customerTenantId", u.CustomerTenantID, t.State.CustomerTenantID},
		{"sourcePartnerTenantId", u.SourcePartnerTenantID, t.SourceTenantID},
		{"targetPartnerTenantId", u.TargetPartnerTenantID, t.TargetTenantID},
	} {
		if id.given != "" && !kernel.SameID(id.given, id.stored) {
			return kernel.Refuse(kernel.InvalidInput, "%s is not that of the transfer. Leave it out, or send what the transfer says.", id.name)
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
		return verbSubmit, kernel.Refuse(transfer.NoLineItems, "A submit needs at least one line item. Name the subscriptions to move, or ask for everything eligible.")
	case status == "" && (u.ExternalReference != nil || u.Tags != nil):
		return verbLabel, nil
	}
	return "", refuse(unsupportedPatch, "This change is not possible. Submit with lineItems, cancel with status Cancel, or decline with status Reject.")
}

// complete checks what the wire contract asks of each line item and the domain does not.
func (u UpdateTransfer) complete() error {
	for i, item := range u.LineItems {
		if item.SubscriptionID == "" || item.ProductType == "" {
			return kernel.Refuse(kernel.InvalidInput, "Line item %d needs subscriptionId and productType.", i)
		}
	}
	return nil
}

// selection is what the source wants to move.
func (u UpdateTransfer) selection() transfer.Selection {
	picks := make([]transfer.Pick, len(u.LineItems))
	for i, item := range u.LineItems {
		picks[i] = transfer.Pick{SubscriptionID: item.SubscriptionID, ProductType: item.ProductType}
	}
	return transfer.Selection{LineItems: picks, AllEligible: u.AllEligible, ProductTypes: u.ProductTypes}
}
