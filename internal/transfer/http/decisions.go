package transferhttp

import (
	"context"
	"errors"
	"net/http"
	"reflect"
	"slices"
	"strings"

	"handover/internal/command"
	"handover/internal/httpapi"
	"handover/internal/kernel"
	"handover/internal/programme"
	programmehttp "handover/internal/programme/http"
	"handover/internal/store"
	"handover/internal/subscription"
	"handover/internal/transfer"
	transferstore "handover/internal/transfer/store"
)

// UpdateTransfer is the body of a PATCH: a submit, a cancel or a decline, or new labels.
type UpdateTransfer struct {
	ID                    string                     `json:"id,omitempty" doc:"Id of the transfer; when given, that of the path (R-152)."`
	Status                string                     `json:"status,omitempty" doc:"InProgress or Accept to submit, Cancel to cancel, Reject to decline, in any case (R-151). Beside line items it may stay Pending, as it was read." example:"InProgress"`
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
	Quantity       httpapi.WholeNumber      `json:"quantity,omitempty" doc:"When given and not 0, the subscription's: it moves as a whole (R-31)."`
}

// largeBody bounds the body of a submit, which may list 10,000 line items, in bytes.
const largeBody = 4 << 20

// decisionCauses are what the domain refuses a decision with.
var decisionCauses = []kernel.Cause{
	transfer.NotFound, kernel.WrongParty, kernel.NotAdminAgent, kernel.BeingProcessed, transfer.AlreadyInProgress, transfer.AlreadyFinal,
	transfer.RequestExpired, transfer.DeclineDisabled, kernel.InvalidInput, kernel.UnknownEnum, transfer.NoLineItems,
	transfer.DuplicateLineItem, transfer.TooManyLineItems, subscription.Unknown, transfer.NotOwnedBySource,
	transfer.NotActive, transfer.AddonWithoutBase, subscription.InOtherTransfer, transfer.ProductTypeMismatch,
	transfer.OutsideTargetTypes, transfer.ProductNotMovable, transfer.ThirdPartyProduct, programme.RelationshipMissing,
	programme.AgreementMissing, programme.MPAMissing, programme.ProgramNotActive, programme.MarketMismatch,
	transfer.AzurePlanMissing, transfer.AzurePlanInactive, transfer.LegacyAzureAtTarget, unsupportedPatch, httpapi.ChangedMeanwhile,
}

// The verbs of a PATCH.
type verb string

const (
	verbSubmit  verb = "submit"
	verbCancel  verb = "cancel"
	verbDecline verb = "decline"
	verbLabel   verb = "label"
)

func (s *Service) registerDecisions(a *httpapi.API) {
	httpapi.RegisterWrite[updateTransfer, tagged](a, httpapi.Route{
		ID: "updateTransfer", Method: http.MethodPatch, Path: "/v1/customers/{customerId}/transfers/{transferId}", Tag: "Transfers",
		Summary: "Submit, cancel or decline a transfer",
		Description: "The source submits with line items (or, as an extension, everything eligible) or declines with status `Reject`; " +
			"the target cancels with status `Cancel`. A submit is all or nothing (R-153); the answer shows the transfer `InProgress`, " +
			"and the move goes on by itself (R-154). Extension: a body with `externalReference` or `tags` and no status changes the caller's own labels.",
		Resource: reflect.TypeFor[Transfer](), Echoes: echoes,
		Roles: transferRoles, Right: programmehttp.Commerce(), MaxBody: largeBody, Smaller: smaller, Lists: s.lists(), Causes: decisionCauses, Rerender: s.rerender,
	}, s.updateTransfer)
}

type updateTransfer struct {
	TransferPath
	IfMatch string `header:"If-Match" doc:"Extension: refuses the change with 412 when the transfer no longer has this entity tag."`
	Body    UpdateTransfer
}

func (s *Service) updateTransfer(ctx context.Context, in *updateTransfer) (command.Answer, error) {
	t, err := s.transferOf(ctx, in.TransferPath)
	if err != nil {
		return command.Answer{}, err
	}
	if err := in.Body.about(t); err != nil {
		return command.Answer{}, err
	}
	verb, err := in.Body.verb()
	if err != nil {
		return command.Answer{}, err
	}
	if err := s.checkBesides(ctx, t.ID, in.Body, verb); err != nil {
		return command.Answer{}, err
	}
	end, err := s.turns.Take(ctx, httpapi.RequestOf(ctx).Caller.TenantID+" "+t.ID)
	if err != nil {
		return command.Answer{}, err
	}
	defer end()
	answer := httpapi.AnswerTo(ctx, transferAnswer(ctx, in.Body.form(verb)))
	answer.Terms.Match = in.match(viewerOf(ctx))
	changed, err := s.decide(ctx, t.ID, verb, in.Body, answer.Terms)
	if errors.Is(err, store.ErrLocked) {
		err = kernel.Refuse(kernel.BeingProcessed, "Another request about this transfer is being processed. Repeat the same request in a moment.").About(t.ID)
	}
	return answer.Of(changed, err)
}

// checkBesides refuses what the body says besides its verb and the verb does not read, unless it says what is so already.
func (s *Service) checkBesides(ctx context.Context, id string, body UpdateTransfer, v verb) error {
	switch {
	case body.Reason != "" && v != verbDecline:
		return kernel.Refuse(kernel.InvalidInput, "reason says why the source declines. Send it with status Reject, or leave it out.")
	case len(body.ProductTypes) > 0 && v != verbSubmit:
		return kernel.Refuse(kernel.InvalidInput, "productTypes narrows a submit of everything eligible. Leave it out.")
	case v == verbLabel, body.ExternalReference == nil && body.Tags == nil:
		return nil
	}
	now, err := s.records.Labels(ctx, id, httpapi.RequestOf(ctx).Caller.TenantID)
	if err != nil {
		return err
	}
	if next := body.relabel(now); next.ExternalReference != now.ExternalReference || !slices.Equal(next.Tags, now.Tags) {
		return kernel.Refuse(kernel.InvalidInput, "externalReference and tags change by a PATCH of their own, without status and line items.")
	}
	return nil
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
func (in *updateTransfer) match(viewer transfer.Viewer) func(transferstore.Outcome) error {
	if in.IfMatch == "" {
		return nil
	}
	return func(now transferstore.Outcome) error {
		if httpapi.Matches(in.IfMatch, etag(now.Transfer, now.Labels, viewer)) {
			return nil
		}
		return httpapi.Refuse(httpapi.ChangedMeanwhile, "The transfer has changed since you read it. Read it again, then decide.")
	}
}

// decide brings the decision to the transfer.
func (s *Service) decide(ctx context.Context, id string, v verb, body UpdateTransfer, terms command.Terms[transferstore.Outcome]) (transferstore.Outcome, error) {
	r := httpapi.RequestOf(ctx)
	decision := transfer.Decision{RequestID: r.ID(), Actor: r.Actor(), Reason: body.Reason}
	switch v {
	case verbSubmit:
		return s.records.Submit(ctx, id, transfer.Approval{RequestID: r.ID(), Actor: r.Actor(), Selection: body.selection()}, terms)
	case verbCancel:
		return s.records.Cancel(ctx, id, decision, terms)
	case verbDecline:
		return s.records.Decline(ctx, id, decision, terms)
	default:
		return s.records.Relabel(ctx, id, r.Caller.TenantID, body.relabel, terms)
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

// verb tells what the PATCH asks for. Beside line items a status may stay Pending, as it was read (wire-notes 13).
func (u UpdateTransfer) verb() (verb, error) {
	status := strings.ReplaceAll(strings.ToLower(strings.TrimSpace(u.Status)), "_", "")
	selects := len(u.LineItems) > 0 || u.AllEligible
	switch {
	case selects && slices.Contains([]string{"", "inprogress", "accept", "pending"}, status):
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
	return "", httpapi.Refuse(unsupportedPatch, "This change is not possible. Submit with lineItems, cancel with status Cancel, or decline with status Reject.")
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
		picks[i] = transfer.Pick{SubscriptionID: item.SubscriptionID, ProductType: item.ProductType, Quantity: int(item.Quantity)}
	}
	return transfer.Selection{LineItems: picks, AllEligible: u.AllEligible, ProductTypes: u.ProductTypes}
}
