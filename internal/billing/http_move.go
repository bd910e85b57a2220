package billing

// The body of POST /moves. It says the same at every attempt of a move, because a billing system may compare a repeated
// request with the first one under its key.

import (
	"time"

	"handover/internal/subscription"
	"handover/internal/transfer"
)

type httpMove struct {
	Key                   string           `json:"key"`
	TransferID            string           `json:"transferId"`
	Ordinal               int              `json:"ordinal"`
	CustomerTenantID      string           `json:"customerTenantId"`
	SourcePartnerTenantID string           `json:"sourcePartnerTenantId"`
	TargetPartnerTenantID string           `json:"targetPartnerTenantId"`
	PartnerOnRecord       string           `json:"partnerOnRecord,omitempty"`
	EffectiveDate         string           `json:"effectiveDate"`             // first day the target pays, UTC
	Environment           string           `json:"environment,omitempty"`     // sandbox; absent in production
	Subscription          httpSubscription `json:"subscription"`
}

type httpSubscription struct {
	ID                string                    `json:"id"`
	ProductType       subscription.ProductType  `json:"productType"`
	OfferID           string                    `json:"offerId"`
	Quantity          int                       `json:"quantity"` // as submitted
	BillingCycle      subscription.BillingCycle `json:"billingCycle"`
	TermDuration      string                    `json:"termDuration,omitempty"`
	CommitmentEndDate time.Time                 `json:"commitmentEndDate,omitzero"`
	UnitPriceMinor    int64                     `json:"unitPriceMinor"`
}

func moveOf(m Move) httpMove {
	environment := ""
	if m.Sandbox {
		environment = "sandbox"
	}
	return httpMove{
		Key:                   m.Key,
		TransferID:            m.Transfer.ID,
		Ordinal:               m.Item.Ordinal,
		CustomerTenantID:      m.Transfer.State.CustomerTenantID,
		SourcePartnerTenantID: m.Transfer.SourceTenantID,
		TargetPartnerTenantID: m.Transfer.TargetTenantID,
		PartnerOnRecord:       m.Transfer.PartnerOnRecord,
		EffectiveDate:         transfer.SplitBilling(m.Old, m.Transfer.SubmittedTime).TargetFrom.Format(time.DateOnly),
		Environment:           environment,
		Subscription: httpSubscription{
			ID:                m.Old.ID,
			ProductType:       m.Old.ProductType,
			OfferID:           m.Old.OfferID,
			Quantity:          m.Item.Quantity,
			BillingCycle:      m.Old.BillingCycle,
			TermDuration:      m.Old.TermDuration,
			CommitmentEndDate: m.Old.CommitmentEndDate.UTC(),
			UnitPriceMinor:    m.Old.UnitPriceMinor,
		},
	}
}
