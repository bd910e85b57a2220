package contract

import (
	"encoding/json"
	"maps"

	"github.com/google/uuid"
)

// move is one subscription to be moved, invented for one clause.
type move struct {
	key          string
	old          string // id of the subscription that the source has
	fields       map[string]any
	subscription map[string]any // fields of the field "subscription"
}

// newMove is a move of a transfer of its own.
func newMove() move { return newMoveOf(uuid.NewString()) }

// newMoveOf is a move of that transfer.
func newMoveOf(transferID string) move {
	old := uuid.NewString()
	key := transferID + "/" + old
	return move{key: key, old: old, fields: map[string]any{
		"key":                   key,
		"transferId":            transferID,
		"ordinal":               0,
		"customerTenantId":      uuid.NewString(),
		"sourcePartnerTenantId": uuid.NewString(),
		"targetPartnerTenantId": uuid.NewString(),
		"partnerOnRecord":       "4847383",
		"effectiveDate":         "2024-06-15",
	}, subscription: map[string]any{
		"id":                old,
		"productType":       "OnlineServicesNCE",
		"offerId":           "CFQ7TTC0LH18:0001",
		"quantity":          25,
		"billingCycle":      "monthly",
		"termDuration":      "P1Y",
		"commitmentEndDate": "2025-04-09T00:00:00Z",
		"unitPriceMinor":    1250,
	}}
}

// with is the same key with a field as given.
func (m move) with(name string, value any) move {
	m.fields = maps.Clone(m.fields)
	m.fields[name] = value
	return m
}

// withSubscription is the same key with a field of the subscription as given.
func (m move) withSubscription(name string, value any) move {
	m.subscription = maps.Clone(m.subscription)
	m.subscription[name] = value
	return m
}

// json is the body as it is sent.
func (m move) json() ([]byte, error) {
	return json.Marshal(m.with("subscription", m.subscription).fields)
}
