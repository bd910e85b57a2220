package transfer

import (
	"strings"
	"time"

	"handover/internal/kernel"
	"handover/internal/subscription"
)

// Request is what the target asks for: a transfer without line items.
type Request struct {
	RequestID              string                     `json:"requestId"` // idempotency key, scoped to the target
	Actor                  kernel.Actor               `json:"actor"`
	CustomerTenantID       string                     `json:"customerTenantId"`
	CustomerEmail          string                     `json:"customerEmailId"`
	CustomerName           string                     `json:"customerName,omitempty"`
	SourcePartnerTenantID  string                     `json:"sourcePartnerTenantId"`
	SourcePartnerName      string                     `json:"sourcePartnerName"`
	TargetPartnerTenantID  string                     `json:"targetPartnerTenantId,omitempty"`
	TargetPartnerEmailID   string                     `json:"targetPartnerEmailId,omitempty"` // opaque, R-123
	TargetProductTypes     []subscription.ProductType `json:"targetProductTypes,omitempty"`
	PartnerOnRecord        string                     `json:"partnerOnRecord,omitempty"`
	TransferType           int                        `json:"transferType"`
	IgnoreEligibilityCheck bool                       `json:"ignoreEligibilityCheck,omitempty"`
	Signature              *Signature                 `json:"signature,omitempty"` // of one that came through Temporal
	Labels                                            // the target's (an extension)
}

// Opening is a request in the one form that is decided about: complete, well-formed, with its ids in lower case. Only
// Policy.Normalize makes one, so that nothing can be opened as it came.
type Opening struct{ request Request }

// Request is what is asked for.
func (o Opening) Request() Request { return o.request }

// Normalize checks what can be checked without facts, fills the defaults and lowers the case of ids.
//
// Refusals: InvalidInput (R-43, R-122, R-140, OQ-21), SourceMissing, SourceIsTarget, UnknownEnum (R-60,
// R-120), OperatorOnly.
func (p Policy) Normalize(r Request) (Opening, error) {
	if strings.TrimSpace(r.SourcePartnerTenantID) == "" {
		return Opening{}, kernel.Refuse(SourceMissing, "Name the source partner by its Microsoft ID (sourcePartnerTenantId).")
	}
	r.TargetPartnerTenantID = r.target()
	if err := r.CheckTexts(); err != nil {
		return Opening{}, err
	}
	for _, id := range []struct {
		field string
		value *string
	}{
		{"customerTenantId", &r.CustomerTenantID},
		{"sourcePartnerTenantId", &r.SourcePartnerTenantID},
		{"targetPartnerTenantId", &r.TargetPartnerTenantID},
		{"actor.partnerTenantId", &r.Actor.PartnerTenantID},
	} {
		var err error
		if *id.value, err = kernel.ParseID(id.field, *id.value); err != nil {
			return Opening{}, err
		}
	}
	if r.TargetPartnerEmailID == "" {
		r.TargetPartnerEmailID = r.TargetPartnerTenantID
	}
	var err error
	if r.Labels, err = NormalizeLabels(r.Labels); err != nil {
		return Opening{}, err
	}
	if err := p.checkRequest(r); err != nil {
		return Opening{}, err
	}
	return Opening{r}, nil
}

// target is the partner that is to bill: who asks, unless the request names it.
func (r Request) target() string {
	if r.TargetPartnerTenantID == "" {
		return r.Actor.PartnerTenantID
	}
	return r.TargetPartnerTenantID
}

// CheckTexts holds everything that the request says in words against the table of bounds. Refusal: InvalidInput.
func (r Request) CheckTexts() error {
	for _, said := range [][2]string{
		{"requestId", r.RequestID}, {"sourcePartnerName", r.SourcePartnerName}, {"customerName", r.CustomerName},
		{"customerEmailId", r.CustomerEmail}, {"targetPartnerEmailId", r.TargetPartnerEmailID}, {"partnerOnRecord", r.PartnerOnRecord},
	} {
		if err := kernel.CheckText(said[0], said[1]); err != nil {
			return err
		}
	}
	return checkTypes("targetProductTypes", r.TargetProductTypes)
}

func checkTypes(field string, types []subscription.ProductType) error {
	if err := kernel.CheckCount(field, len(types)); err != nil {
		return err
	}
	for _, t := range types {
		if err := kernel.CheckText(field, string(t)); err != nil {
			return err
		}
	}
	return nil
}

func (p Policy) checkRequest(r Request) error {
	switch {
	case r.TargetPartnerTenantID != r.Actor.PartnerTenantID:
		return kernel.Refuse(kernel.InvalidInput, "targetPartnerTenantId must be the partner that makes the request; only the target can create a transfer.")
	case r.SourcePartnerTenantID == r.TargetPartnerTenantID:
		return kernel.Refuse(SourceIsTarget, "Source and target are the same partner. Name the partner who bills the customer today as the source.")
	case strings.TrimSpace(r.SourcePartnerName) == "":
		return kernel.Refuse(kernel.InvalidInput, "sourcePartnerName is required.")
	case r.TransferType != 3 && r.TransferType != 5:
		return kernel.Refuse(kernel.UnknownEnum, "transferType must be 3 (new commerce), not %d.", r.TransferType)
	case r.IgnoreEligibilityCheck:
		return kernel.Refuse(kernel.OperatorOnly, "ignoreEligibilityCheck is reserved for operators of the platform; leave it out.")
	case r.RequestID == "":
		return kernel.Refuse(kernel.InvalidInput, "requestId is required; it makes a repeated request safe.")
	}
	if _, err := kernel.Mailable("customerEmailId", r.CustomerEmail); err != nil {
		return err
	}
	for _, t := range r.TargetProductTypes {
		if !p.moves(t) {
			return kernel.Refuse(kernel.UnknownEnum, "targetProductTypes does not know %q; allowed are %s.", kernel.Clip(string(t)), join(p.ProductTypes))
		}
	}
	return nil
}

// NewTransfer is the transfer that the request opens, before the state machine made it Pending.
func NewTransfer(o Opening, f OpenFacts) Transfer {
	r := o.request
	return Transfer{
		ID:      NewID(r),
		Request: r,
		State: State{
			CustomerTenantID: r.CustomerTenantID,
			SourceTenantID:   r.SourcePartnerTenantID,
			TargetTenantID:   r.TargetPartnerTenantID,
		},
		TargetPartnerName: f.Target.Name,
		LastModifiedUser:  r.Actor.UserID,
	}
}

// Transfer is a whole transfer without its line items, as the ledger keeps it.
type Transfer struct {
	ID string
	Request
	State
	TargetPartnerName string
	LastModifiedUser  string
	DeclineReason     string
	Overdue           bool
}

// PartyNames are the names that the ledger has of the parties of a transfer. What the target typed is no fact: mails name nobody by it
//
type PartyNames struct{ Customer, Source, Target string }

// Reminders are the times at which the source is reminded of a request that waits: a week and a day before it ends.
func Reminders(expiration time.Time) []time.Time {
	return []time.Time{expiration.AddDate(0, 0, -7), expiration.AddDate(0, 0, -1)}
}

func join(types []subscription.ProductType) string {
	names := make([]string, len(types))
	for i, t := range types {
		names[i] = string(t)
	}
	return strings.Join(names, ", ")
}

// NewID derives the id of the transfer that a request opens, normalised or as it came, from who asks, for which customer and
// under which request id, so that a repeated create finds the same transfer.
func NewID(r Request) string {
	return kernel.DeriveID("transfer", strings.ToLower(r.target()), strings.ToLower(r.CustomerTenantID), strings.ToLower(r.RequestID))
}
