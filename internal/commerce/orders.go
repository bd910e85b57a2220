package commerce

import (
	"time"

	"handover/internal/kernel"
	"handover/internal/subscription"
)

// OrderStatus is how far an order is, spelled as on the wire.
type OrderStatus string

// OrderCompleted is the state of every order that there is: what a transfer brought is bought with the move.
const OrderCompleted OrderStatus = "completed"

// TransactionType says who placed an order, spelled as on the wire.
type TransactionType string

// SystemPurchase is an order that the platform placed: what a transfer brought.
const SystemPurchase TransactionType = "SystemPurchase"

// Order is what a partner bought for a customer.
type Order struct {
	ID               string
	CustomerTenantID string
	PartnerTenantID  string
	BillingCycle     subscription.BillingCycle
	Currency         string // that the partner is billed in; the ledger fills it in
	Created          time.Time
	Status           OrderStatus
	TransactionType  TransactionType
	Lines            []OrderLine
}

// OrderLine is one thing of an order.
type OrderLine struct {
	OrderID           string
	Number            int // from 0
	OfferID           string
	SubscriptionID    string
	TermDuration      string
	FriendlyName      string
	Quantity          int
	PartnerIDOnRecord string
}

// OrderOfMove is the order of the subscription that a transfer brought to the target: it is done with the move.
func OrderOfMove(transferID string, got subscription.Subscription, now time.Time) Order {
	id := kernel.DeriveID("order", transferID, got.ID)
	return Order{
		ID: id, CustomerTenantID: got.CustomerTenantID, PartnerTenantID: got.PartnerTenantID, BillingCycle: got.BillingCycle,
		Created: now, Status: OrderCompleted, TransactionType: SystemPurchase,
		Lines: []OrderLine{{
			OrderID: id, OfferID: got.OfferID, SubscriptionID: got.ID, TermDuration: got.TermDuration, FriendlyName: got.FriendlyName,
			Quantity: got.Quantity, PartnerIDOnRecord: got.PartnerOnRecord,
		}},
	}
}
