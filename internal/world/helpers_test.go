package world_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"handover/internal/world"
)

// valid is a small world with one of everything; tests break it in one place.
const valid = `partners:
  - tenantId: aaaaaaaa-0000-4000-8000-000000000001
    name: Northwind Cloud
    type: indirect-provider
    status: active
    mpaSigned: true
    mpnId: "4000001"
    market: US
    currency: USD
    locale: en-US
    adminAgents: [{ userId: eeeeeeee-0000-4000-8000-000000000101, email: ana@northwind.example }]
  - tenantId: aaaaaaaa-0000-4000-8000-000000000009
    name: Alpine Resale
    type: indirect-reseller
    status: active
    mpaSigned: true
    mpnId: "4000009"
    market: US
    currency: USD
    locale: en-US
    adminAgents: [{ userId: eeeeeeee-0000-4000-8000-000000000901, email: kim@alpine.example }]
customers:
  - tenantId: cccccccc-0000-4000-8000-000000000001
    name: Contoso Bakery
    domain: contoso.example
    email: it@contoso.example
    market: US
    locale: en-US
  - tenantId: cccccccc-0000-4000-8000-000000000002
    name: Fourth Coffee
    domain: fourth-coffee.example
    email: it@fourth-coffee.example
    market: US
    locale: en-US
relationships:
  - { partner: aaaaaaaa-0000-4000-8000-000000000001, customer: cccccccc-0000-4000-8000-000000000001 }
agreements:
  - { customer: cccccccc-0000-4000-8000-000000000001, partner: aaaaaaaa-0000-4000-8000-000000000001, mode: direct, dateAgreed: 2026-02-27 }
subscriptions:
  - id: 55555555-0101-4000-8000-000000000001
    customer: cccccccc-0000-4000-8000-000000000001
    partner: aaaaaaaa-0000-4000-8000-000000000001
    productType: OnlineServicesNCE
    offerId: base:0001
    friendlyName: Base
    quantity: 25
    unitPrice: 12.50
    billingCycle: monthly
    termDuration: P1Y
    creationDate: 2026-03-02
    commitmentEndDate: 2027-03-01
    status: active
    autoRenew: true
    partnerOnRecord: "4000009"
    sandboxFault: transient:2
  - id: 55555555-0101-4000-8000-000000000002
    customer: cccccccc-0000-4000-8000-000000000001
    partner: aaaaaaaa-0000-4000-8000-000000000001
    productType: OnlineServicesNCE
    offerId: addon:0001
    friendlyName: Add-on
    unitPrice: 0
    billingCycle: none
    creationDate: 2026-03-02T09:30:00+02:00
    parentId: 55555555-0101-4000-8000-000000000001
`

// together is a section that can be added to the valid world.
const together = `partnerships:
  - { provider: aaaaaaaa-0000-4000-8000-000000000001, reseller: aaaaaaaa-0000-4000-8000-000000000009 }
`

// change replaces one text of the valid world, which must be there.
func change(t testing.TB, old, replacement string) string {
	t.Helper()
	require.Contains(t, valid, old)
	return strings.Replace(valid, old, replacement, 1)
}

// problemsOf parses a text that must be refused.
func problemsOf(t testing.TB, text string) *world.InvalidError {
	t.Helper()
	_, err := world.Parse("w.yaml", []byte(text))
	var invalid *world.InvalidError
	require.True(t, errors.As(err, &invalid), "want an *InvalidError, got %v", err)
	require.NotEmpty(t, invalid.Problems)
	return invalid
}
