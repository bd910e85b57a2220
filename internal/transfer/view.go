package transfer

import (
	"fmt"
	"time"
)

// Viewer is who looks at a transfer.
type Viewer struct {
	PartnerTenantID string
	Operator        bool // sees everything, including what neither partner may see
}

// Entity is the TransferEntity of the wire (domain section 4.2) as one viewer sees it. The spelling is exact.
type Entity struct {
	ID                     string        `json:"id"`
	Status                 Status        `json:"status"`
	TransferType           int           `json:"transferType"`
	TransferDirection      int           `json:"transferDirection"`
	CustomerEmailID        string        `json:"customerEmailId"`
	CustomerName           string        `json:"customerName,omitempty"`
	CustomerTenantID       string        `json:"customerTenantId"`
	ViewerTenantID         string        `json:"partnertenantid,omitempty"`
	SourcePartnerName      string        `json:"sourcePartnerName"`
	SourcePartnerTenantID  string        `json:"sourcePartnerTenantId"`
	TargetPartnerName      string        `json:"targetPartnerName"`
	TargetPartnerTenantID  string        `json:"targetPartnerTenantId"`
	TargetPartnerEmailID   string        `json:"targetPartnerEmailId"`
	TargetProductTypes     []ProductType `json:"targetProductTypes"`
	PartnerOnRecord        string        `json:"partnerOnRecord,omitempty"`
	IgnoreEligibilityCheck bool          `json:"ignoreEligibilityCheck"`
	CreatedTime            string        `json:"createdTime"`
	LastModifiedTime       string        `json:"lastModifiedTime"`
	CompletedTime          string        `json:"completedTime,omitempty"`
	ExpirationTime         string        `json:"expirationTime"`
	LastModifiedUser       string        `json:"lastModifiedUser"`
	LineItems              []ItemEntity  `json:"lineItems,omitempty"`
	Links                  Links         `json:"links"`
}

// ItemEntity is the TransferLineItem of the wire (domain section 4.3). The last three fields are the operator's only.
type ItemEntity struct {
	ID             int          `json:"id"`
	SubscriptionID string       `json:"subscriptionId"`
	Quantity       int          `json:"quantity"`
	BillingCycle   BillingCycle `json:"billingCycle"`
	ProductType    ProductType  `json:"productType"`
	Status         ItemStatus   `json:"status"`
	FriendlyName   string       `json:"friendlyName,omitempty"`
	OfferID        string       `json:"offerId,omitempty"`
	TransferError  string       `json:"transferError,omitempty"`

	TargetSubscriptionID string `json:"targetSubscriptionId,omitempty"`
	Attempts             *int   `json:"attempts,omitempty"`
	LastError            string `json:"lastError,omitempty"`
}

// Links are the links of an entity.
type Links struct {
	Self Link `json:"self"`
}

// Link is one link of the wire; its address is relative.
type Link struct {
	URI     string   `json:"uri"`
	Method  string   `json:"method"`
	Headers []string `json:"headers"`
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
	role := RoleOperator
	if !v.Operator {
		role = t.RoleOf(Actor{PartnerTenantID: v.PartnerTenantID})
	}
	if role != RoleSource && role != RoleTarget && role != RoleOperator {
		return Entity{}, NoSuchTransfer()
	}
	e := header(t)
	switch role {
	case RoleSource:
		e.ViewerTenantID, e.TransferDirection = t.SourceTenantID, directionOutgoing
	case RoleTarget:
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

func header(t Transfer) Entity {
	e := Entity{
		ID: t.ID, Status: t.Status, TransferType: t.TransferType,
		CustomerEmailID: t.CustomerEmail, CustomerName: t.CustomerName, CustomerTenantID: t.State.CustomerTenantID,
		SourcePartnerName: t.SourcePartnerName, SourcePartnerTenantID: t.SourceTenantID,
		TargetPartnerName: t.TargetPartnerName, TargetPartnerTenantID: t.TargetTenantID, TargetPartnerEmailID: t.TargetPartnerEmailID,
		TargetProductTypes: t.TargetProductTypes, PartnerOnRecord: t.PartnerOnRecord, IgnoreEligibilityCheck: t.IgnoreEligibilityCheck,
		CreatedTime: wireTicks(t.CreatedTime), LastModifiedTime: wireSeconds(t.LastModifiedTime), ExpirationTime: wireSeconds(t.ExpirationTime),
		LastModifiedUser: t.LastModifiedUser,
		Links: Links{Self: Link{
			URI: fmt.Sprintf("/customers/%s/transfers/%s", t.State.CustomerTenantID, t.ID), Method: "GET", Headers: []string{},
		}},
	}
	if !t.CompletedTime.IsZero() {
		e.CompletedTime = wireTicks(t.CompletedTime)
	}
	return e
}

// OperatorItem is a line item with everything about it, for operators only.
func OperatorItem(item LineItem) ItemEntity {
	e, _ := viewItem(item, RoleOperator)
	return e
}

// viewItem is the line item as the role sees it. The target sees an item only once it is done, and then under its new id
// and offer; the source sees every item but never the new id.
func viewItem(item LineItem, role Role) (ItemEntity, bool) {
	e := ItemEntity{
		ID: item.Ordinal, SubscriptionID: item.SubscriptionID, Quantity: item.Quantity, BillingCycle: item.BillingCycle,
		ProductType: item.ProductType, Status: item.Status, FriendlyName: item.FriendlyName, OfferID: item.OfferID,
		TransferError: item.TransferError,
	}
	switch role {
	case RoleTarget:
		e.SubscriptionID, e.OfferID = item.TargetSubscriptionID, targetOffer(item.OfferID)
		return e, item.Status == ItemComplete
	case RoleOperator:
		attempts := item.Attempts
		e.TargetSubscriptionID, e.Attempts, e.LastError = item.TargetSubscriptionID, &attempts, item.LastError
	default: // the source, whose share is the item as it is
	}
	return e, true
}

// wireTicks writes a time with the seven fractional digits that createdTime carries.
func wireTicks(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.0000000Z") }

func wireSeconds(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05Z") }
