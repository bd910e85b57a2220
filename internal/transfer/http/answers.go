package transferhttp

import (
	"context"
	"net/http"

	"handover/internal/command"
	"handover/internal/httpapi"
	transferstore "handover/internal/transfer/store"
)

// The forms of answers about a transfer. They stand in the ledger with the answers that are too large to be kept whole.
const (
	formCreated           = "created"
	formSubmitted         = "submitted"
	formSubmittedUnlisted = "submitted-unlisted" // without its line items: there may be any number of them
	formTransfer          = "transfer"
)

// forms say how much of a transfer's present an answer shows: that to a create or submit tells of the moment of the command,
// also when it is rendered again much later.
var forms = map[string]func(transferstore.Outcome) transferstore.Outcome{
	formCreated: func(o transferstore.Outcome) transferstore.Outcome {
		o.Transfer, o.Items = o.Transfer.AsOpened(), nil
		return o
	},
	formSubmitted: func(o transferstore.Outcome) transferstore.Outcome {
		o.Transfer, o.Items = o.Transfer.AsSubmitted(o.Items)
		return o
	},
	formSubmittedUnlisted: func(o transferstore.Outcome) transferstore.Outcome {
		o.Transfer, o.Items = o.Transfer.AsSubmitted(nil)
		return o
	},
	formTransfer: func(o transferstore.Outcome) transferstore.Outcome { return o },
}

// transferAnswer renders what became of a transfer, for the caller, in the form.
func transferAnswer(ctx context.Context, form string) func(transferstore.Outcome) (command.Answer, error) {
	viewer := viewerOf(ctx)
	return func(o transferstore.Outcome) (command.Answer, error) {
		o = forms[form](o)
		seen, err := view(o.Transfer, o.Items, o.Labels, viewer)
		if err != nil {
			return command.Answer{}, err
		}
		status := http.StatusOK
		if form == formCreated {
			status = http.StatusCreated
		}
		answer, err := httpapi.JSON(status, seen)
		answer.Subject, answer.Form = o.Transfer.ID, form
		answer.Header["ETag"] = etag(o.Transfer, o.Labels, viewer)
		if form == formCreated {
			answer.Header["Location"] = "/v1/customers/" + o.Transfer.State.CustomerTenantID + "/transfers/" + o.Transfer.ID
		}
		return answer, err
	}
}

// rerender renders an answer about a transfer once more, which was too large to be kept.
func (s *Service) rerender(ctx context.Context, before command.Answer) (command.Answer, error) {
	now, err := s.outcome(ctx, before.Subject)
	if err != nil {
		return before, err
	}
	return transferAnswer(ctx, before.Form)(now)
}

// outcome is the transfer as it stands, with all its line items and the caller's labels.
func (s *Service) outcome(ctx context.Context, id string) (transferstore.Outcome, error) {
	t, err := s.records.Transfer(ctx, id)
	if err != nil {
		return transferstore.Outcome{}, err
	}
	items, err := s.itemsOf(ctx, t)
	if err != nil {
		return transferstore.Outcome{}, err
	}
	labels, err := s.records.Labels(ctx, id, httpapi.RequestOf(ctx).Caller.TenantID)
	return transferstore.Outcome{Transfer: t, Labels: labels, Items: items}, err
}
