package transfer_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"handover/internal/kernel"
	"handover/internal/kernel/kerneltest"
	"handover/internal/programme"
	"handover/internal/subscription"
	"handover/internal/transfer"
)

// The people and things that the tests of this package tell their stories about: Contoso moves from Northwind, its
// source, to Fabrikam, its target. Tailspin takes no part.
const (
	customerID = "c0a80101-0000-4000-8000-00000000c001"
	sourceID   = "1f0c7a52-0000-4000-8000-00000000a001"
	targetID   = "2e9b1c44-0000-4000-8000-00000000b002"
	strangerID = "3d8a2b35-0000-4000-8000-00000000d003"
	transferID = "8c2e4d10-77aa-4f52-b0de-0d3f7b9c0001"
	agentID    = "5d6e7f80-1111-4222-8333-944455566677"
)

var (
	created    = at("2024-04-30T18:31:41Z")
	expiration = at("2024-05-31T00:00:00Z")
	submitted  = at("2024-05-15T09:00:00Z")
	policy     = transfer.DefaultPolicy()
)

var (
	at         = kerneltest.At
	rule       = kerneltest.Rule
	refused    = kerneltest.Refused
	refusedFor = kerneltest.RefusedFor
)

func actor(role kernel.Role) kernel.Actor {
	return map[kernel.Role]kernel.Actor{
		kernel.RoleSource:   {PartnerTenantID: sourceID, UserID: agentID},
		kernel.RoleTarget:   {PartnerTenantID: targetID, UserID: agentID},
		kernel.RoleStranger: {PartnerTenantID: strangerID, UserID: agentID},
		kernel.RoleCustomer: {PartnerTenantID: customerID, UserID: agentID},
		kernel.RolePlatform: kernel.Platform(),
		kernel.RoleOperator: {Operator: true, UserID: agentID},
	}[role]
}

// stateIn is a transfer that has got as far as the status.
func stateIn(status transfer.Status, items transfer.ItemCounts) transfer.State {
	s := transfer.State{Status: status, CustomerTenantID: customerID, SourceTenantID: sourceID, TargetTenantID: targetID, Items: items}
	if status != transfer.None {
		s.CreatedTime, s.LastModifiedTime, s.ExpirationTime = created, created, expiration
	}
	if items.Total() > 0 {
		s.SubmittedTime, s.LastModifiedTime = submitted, submitted
	}
	return s
}

// running is a submitted transfer of that many line items, none of which has ended.
func running(items int) transfer.State {
	return stateIn(transfer.InProgress, transfer.ItemCounts{InProgress: items})
}

// decide gives the command in the middle of the 30 days and expects it to be accepted.
func decide(t *testing.T, s transfer.State, c transfer.Command, role kernel.Role) transfer.State {
	t.Helper()
	next, _, err := policy.Decide(s, c, actor(role), submitted)
	require.NoError(t, err)
	return next
}

// deny gives the command in the middle of the 30 days and expects it to be refused without a trace.
func deny(t *testing.T, s transfer.State, c transfer.Command, role kernel.Role, cause kernel.Cause) {
	t.Helper()
	next, told, err := policy.Decide(s, c, actor(role), submitted)
	refused(t, err, cause)
	require.Equal(t, s, next)
	require.Empty(t, told)
}

// request is a create body that nothing is wrong with.
func request() transfer.Request {
	return transfer.Request{
		RequestID:             "0d2f5c1e-0000-4000-8000-0000000000e1",
		Actor:                 kernel.Actor{PartnerTenantID: targetID, UserID: agentID},
		CustomerTenantID:      customerID,
		CustomerEmail:         "it@contoso.example",
		CustomerName:          "Contoso Bakery",
		SourcePartnerTenantID: sourceID,
		SourcePartnerName:     "Northwind Cloud",
		TargetPartnerTenantID: targetID,
		TransferType:          3,
	}
}

// normal is a request that nothing is wrong with, as it is decided about.
func normal(r transfer.Request) transfer.Opening {
	o, err := policy.Normalize(r)
	if err != nil {
		panic(err)
	}
	return o
}

// facts is a ledger in which the request may be opened.
func facts() transfer.OpenFacts {
	agents := []programme.User{programme.Agent(agentID, "agent@partner.example")}
	return transfer.OpenFacts{
		Customer: &programme.Customer{TenantID: customerID, Name: "Contoso Bakery", Domain: "contoso.example", Email: "office@contoso.example", Market: "DE"},
		Source: &programme.Partner{TenantID: sourceID, Name: "Northwind Cloud", Programs: programme.Enrolled(programme.DirectBill, programme.Active, true),
			Market: "DE", Currency: "EUR", Users: agents},
		Target: &programme.Partner{TenantID: targetID, Name: "Fabrikam Distribution", Programs: programme.Enrolled(programme.IndirectProvider, programme.Active, true),
			Market: "DE", Currency: "EUR", Users: agents},
		Relationship:  true,
		Agreement:     true,
		AzureAtTarget: []subscription.Subscription{{ProductType: subscription.AzurePlan, Status: subscription.Active}},
	}
}

// opened is the pending transfer that the request becomes.
func opened() transfer.Transfer {
	t := transfer.NewTransfer(normal(request()), facts())
	t.ID = transferID
	t.State = stateIn(transfer.Pending, transfer.ItemCounts{})
	return t
}

// sample is an active licence of the customer at the source, its id ending in the suffix of four hex digits.
func sample(suffix string, changes ...func(*subscription.Subscription)) subscription.Subscription {
	s := subscription.Subscription{
		ID: "a1b2c3d4-0000-4000-8000-00000000" + suffix, CustomerTenantID: customerID, PartnerTenantID: sourceID,
		ProductType: subscription.OnlineServicesNCE, OfferID: "CFQ7TTC0LH18:0001", FriendlyName: "Business Basic", Quantity: 10,
		UnitPriceMinor: 560, BillingCycle: subscription.Monthly, TermDuration: "P1Y",
		CreationDate: at("2024-04-10T08:00:00Z"), CommitmentEndDate: at("2025-04-09T00:00:00Z"),
		Status: subscription.Active, AutoRenew: true,
	}
	s.LineageID = s.ID
	for _, change := range changes {
		change(&s)
	}
	return s
}

func ofType(product subscription.ProductType) func(*subscription.Subscription) {
	return func(s *subscription.Subscription) { s.ProductType = product }
}

func inStatus(status subscription.Status) func(*subscription.Subscription) {
	return func(s *subscription.Subscription) { s.Status = status }
}

func under(base subscription.Subscription) func(*subscription.Subscription) {
	return func(s *subscription.Subscription) { s.ParentID = base.ID }
}

// holding is what decides a submit when the source holds these subscriptions.
func holding(subscriptions ...subscription.Subscription) transfer.SelectionFacts {
	return transfer.SelectionFacts{Open: facts(), Subscriptions: subscriptions}
}

func picking(subscriptions ...subscription.Subscription) transfer.Selection {
	var s transfer.Selection
	for _, sub := range subscriptions {
		s.LineItems = append(s.LineItems, transfer.Pick{SubscriptionID: sub.ID, ProductType: sub.ProductType})
	}
	return s
}

var everything = transfer.Selection{AllEligible: true}

// ids are the subscriptions of the line items, in order.
func ids(items []transfer.LineItem) []string {
	var all []string
	for _, item := range items {
		all = append(all, item.SubscriptionID)
	}
	return all
}
