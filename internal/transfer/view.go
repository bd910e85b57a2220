package transfer

import (
	"fmt"
	"time"

	"handover/internal/kernel"
	"handover/internal/subscription"
)

// Viewer is who looks at a transfer.
type Viewer struct {
	PartnerTenantID string
	Operator        bool // sees everything, including what neither partner may see
}

// Entity is the TransferEntity of the wire (domain section 4.2) as one viewer sees it. The spelling is exact.
type Entity struct {
	ID                     string                     `json:"id" doc:"The transfer."`
	Status                 Status                     `json:"status" doc:"Pending, InProgress, Complete, Expired, Cancel, Reject, Failed or PartiallyComplete (section 2.2)."`
	TransferType           int                        `json:"transferType" doc:"As it was asked for: 3 or 5 (R-120)."`
	TransferDirection      int                        `json:"transferDirection" doc:"1 for the target, 2 for the source (R-121)."`
	CustomerEmailID        string                     `json:"customerEmailId" doc:"Where the customer is told about the transfer."`
	CustomerName           string                     `json:"customerName,omitempty" doc:"Name of the customer, as the target gave it."`
	CustomerTenantID       string                     `json:"customerTenantId" doc:"Microsoft ID of the customer."`
	ViewerTenantID         string                     `json:"partnertenantid,omitempty" doc:"Microsoft ID of the partner who looks (R-186)."`
	SourcePartnerName      string                     `json:"sourcePartnerName" doc:"Name of the partner who bills today."`
	SourcePartnerTenantID  string                     `json:"sourcePartnerTenantId" doc:"Microsoft ID of the partner who bills today."`
	TargetPartnerName      string                     `json:"targetPartnerName" doc:"Name of the partner who will bill."`
	TargetPartnerTenantID  string                     `json:"targetPartnerTenantId" doc:"Microsoft ID of the partner who will bill."`
	TargetPartnerEmailID   string                     `json:"targetPartnerEmailId" doc:"Free text of the target (R-123)."`
	TargetProductTypes     []subscription.ProductType `json:"targetProductTypes" doc:"What the source may submit; null for everything (R-60)."`
	PartnerOnRecord        string                     `json:"partnerOnRecord,omitempty" doc:"PartnerID of the indirect reseller that is credited (R-57)."`
	IgnoreEligibilityCheck bool                       `json:"ignoreEligibilityCheck" doc:"Always false for partners (R-81)."`
	CreatedTime            string                     `json:"createdTime" doc:"When it was asked for."`
	LastModifiedTime       string                     `json:"lastModifiedTime" doc:"When its state last changed (R-28)."`
	CompletedTime          string                     `json:"completedTime,omitempty" doc:"When it became Complete; absent otherwise (R-28)."`
	ExpirationTime         string                     `json:"expirationTime" doc:"When a request that nobody answers ends (R-21)."`
	LastModifiedUser       string                     `json:"lastModifiedUser" doc:"Object id of the user who last decided; empty for an application."`
	LineItems              []ItemEntity               `json:"lineItems,omitempty" doc:"Those that the viewer may see (R-181..R-185)."`
	Links                  kernel.Links               `json:"links" doc:"Where the transfer can be read."`
}

// ItemEntity is the TransferLineItem of the wire (domain section 4.3). The last three fields are the operator's only.
type ItemEntity struct {
	ID             int                       `json:"id" doc:"Number of the line item, from 0."`
	SubscriptionID string                    `json:"subscriptionId" doc:"The subscription: the old one for the source, the new one for the target (R-131)."`
	Quantity       int                       `json:"quantity" doc:"Quantity when it was submitted (R-75)."`
	BillingCycle   subscription.BillingCycle `json:"billingCycle" doc:"How often it is billed."`
	ProductType    subscription.ProductType  `json:"productType" doc:"What it is (R-130)."`
	Status         ItemStatus                `json:"status" doc:"InProgress, Complete or Failed (section 2.3)."`
	FriendlyName   string                    `json:"friendlyName,omitempty" doc:"Name of the subscription."`
	OfferID        string                    `json:"offerId,omitempty" doc:"What was bought."`
	TransferError  string                    `json:"transferError,omitempty" doc:"Why it failed."`

	TargetSubscriptionID string `json:"targetSubscriptionId,omitempty" doc:"For operators only."`
	Attempts             *int   `json:"attempts,omitempty" doc:"For operators only."`
	LastError            string `json:"lastError,omitempty" doc:"For operators only."`
}

// The values of transferDirection.
const (
	directionUnknown  = 0
	directionIncoming = 1
	directionOutgoing = 2
)

// View is the transfer as the viewer may see it: the whole for an operator, the source's or the target's share for a
// participant (R-181..R-186). For anybody else it is NotFound.
func View(t Transfer, items []LineItem, v Viewer) (Entity, error) {
	role, err := t.viewedBy(v)
	if err != nil {
		return Entity{}, err
	}
	e := header(t)
	switch role {
	case kernel.RoleSource:
		e.ViewerTenantID, e.TransferDirection = t.SourceTenantID, directionOutgoing
	case kernel.RoleTarget:
		e.ViewerTenantID, e.TransferDirection = t.TargetTenantID, directionIncoming
	default:
		e.TransferDirection = directionUnknown
	}
	for _, item := range items {
		if visible, ok := viewItem(item, role); ok {
			e.LineItems = append(e.LineItems, visible)
		}
	}
	return e, nil
}

// viewedBy says as what the viewer sees the transfer: source, target or operator. To anybody else it does not exist.
func (s State) viewedBy(v Viewer) (kernel.Role, error) {
	if v.Operator {
		return kernel.RoleOperator, nil
	}
	role := s.RoleOf(kernel.Actor{PartnerTenantID: v.PartnerTenantID})
	if role != kernel.RoleSource && role != kernel.RoleTarget {
		return role, NoSuchTransfer()
	}
	return role, nil
}

// Progress is how many line items the viewer knows to stand in each state: all of them for the source and an operator, for
// the target only those that are done (R-182..R-184). Refusal: NotFound for anybody else.
func Progress(t Transfer, v Viewer) (ItemCounts, error) {
	role, err := t.viewedBy(v)
	switch {
	case err != nil:
		return ItemCounts{}, err
	case role == kernel.RoleTarget:
		return ItemCounts{Complete: t.Items.Complete}, nil
	}
	return t.Items, nil
}

func header(t Transfer) Entity {
	e := Entity{
		ID: t.ID, Status: t.Status, TransferType: t.TransferType,
		CustomerEmailID: t.CustomerEmail, CustomerName: t.CustomerName, CustomerTenantID: t.State.CustomerTenantID,
		SourcePartnerName: t.SourcePartnerName, SourcePartnerTenantID: t.SourceTenantID,
		TargetPartnerName: t.TargetPartnerName, TargetPartnerTenantID: t.TargetTenantID, TargetPartnerEmailID: t.TargetPartnerEmailID,
		TargetProductTypes: t.TargetProductTypes, PartnerOnRecord: t.PartnerOnRecord, IgnoreEligibilityCheck: t.IgnoreEligibilityCheck,
		CreatedTime: wireTicks(t.CreatedTime), LastModifiedTime: kernel.Seconds(t.LastModifiedTime), ExpirationTime: kernel.Seconds(t.ExpirationTime),
		LastModifiedUser: t.LastModifiedUser,
		Links: kernel.Links{Self: kernel.Link{
			URI: fmt.Sprintf("/customers/%s/transfers/%s", t.State.CustomerTenantID, t.ID), Method: "GET", Headers: []string{},
		}},
	}
	if !t.CompletedTime.IsZero() {
		e.CompletedTime = wireTicks(t.CompletedTime)
	}
	return e
}

// viewItem is the line item as the role sees it. The target sees an item only once it is done, and then under its new id
// and offer; the source sees every item but never the new id.
func viewItem(item LineItem, role kernel.Role) (ItemEntity, bool) {
	e := ItemEntity{
		ID: item.Ordinal, SubscriptionID: item.SubscriptionID, Quantity: item.Quantity, BillingCycle: item.BillingCycle,
		ProductType: item.ProductType, Status: item.Status, FriendlyName: item.FriendlyName, OfferID: item.OfferID,
		TransferError: item.TransferError,
	}
	switch role {
	case kernel.RoleTarget:
		e.SubscriptionID, e.OfferID = item.TargetSubscriptionID, targetOffer(item.OfferID)
		return e, item.Status == ItemComplete
	case kernel.RoleOperator:
		attempts := item.Attempts
		e.TargetSubscriptionID, e.Attempts, e.LastError = item.TargetSubscriptionID, &attempts, item.LastError
	default: // the source, whose share is the item as it is
	}
	return e, true
}

// wireTicks writes a time with the seven fractional digits that createdTime carries.
func wireTicks(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.0000000Z") }
