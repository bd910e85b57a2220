package transfers_test

// What happens in the ledger, as a gateway or an operator has it, and what is found there.

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/stretchr/testify/require"

	"handover/internal/command"
	"handover/internal/ledger"
	"handover/internal/programme"
	"handover/internal/subscription"
	"handover/internal/transfer"
	transferstore "handover/internal/transfer/store"
)

// subID is the id of the source's n-th subscription.
func subID(n int) string { return fmt.Sprintf("50000000-0000-4000-8000-%012d", n) }

// worldOf is what the ledger holds: a source, a target, a stranger, their customer and what the source bills it for.
func worldOf(n int, o options) ledger.World {
	partner := func(id, name, agent string, in programme.Program) programme.Partner {
		return programme.Partner{
			TenantID: id, Name: name, Programs: programme.Enrolled(in, programme.Active, true), MPNID: "mpn-" + id[:1], Market: "DE",
			Currency: "EUR", Locale: "de-DE", Users: []programme.User{programme.Agent(agent, agent)},
		}
	}
	world := ledger.World{
		Partners: []programme.Partner{
			partner(sourceID, "Northwind", asSource.UserID, programme.DirectBill),
			partner(targetID, "Tailspin", asTarget.UserID, programme.IndirectProvider),
			partner(strangerID, "Wingtip", "eve@wingtip.example", programme.DirectBill),
		},
		Customers:     []programme.Customer{{TenantID: customer, Name: "Contoso", Domain: "contoso.example", Email: "it@contoso.example", Market: "DE", Locale: "fr-FR"}},
		Relationships: []programme.Relationship{{PartnerTenantID: targetID, CustomerTenantID: customer}},
		Agreements:    []programme.Agreement{{CustomerTenantID: customer, PartnerTenantID: targetID, Mode: programme.Attestation}},
	}
	for i := range n {
		s := subscription.Subscription{
			ID: subID(i), CustomerTenantID: customer, PartnerTenantID: sourceID, ProductType: subscription.OnlineServicesNCE, OfferID: "offer",
			FriendlyName: fmt.Sprintf("%s %d", friendly, i), Quantity: 1, BillingCycle: subscription.Monthly, TermDuration: "P1Y",
			CreationDate: created.AddDate(0, -2, 0), CommitmentEndDate: created.AddDate(0, 10, 0), Status: subscription.Active,
			SandboxFault: o.faults[i],
		}
		if base, addon := o.parent[i]; addon {
			s.ParentID = subID(base)
		}
		world.Subscriptions = append(world.Subscriptions, s)
	}
	return world
}

// request is the target's request, normalised but for what the ledger fills in.
func request(requestID string) transfer.Request {
	return transfer.Request{
		RequestID: requestID, Actor: asTarget, CustomerTenantID: customer, CustomerEmail: "it@contoso.example", CustomerName: "Contoso",
		TargetPartnerTenantID: targetID, SourcePartnerTenantID: sourceID, SourcePartnerName: "Northwind", TransferType: 3,
	}
}

// untold are terms that ask for nothing.
var untold = command.Terms[transferstore.Outcome]{}

// opened opens the transfer in the ledger.
func (w *world) opened() *world {
	w.t.Helper()
	out, err := w.ledger.OpenTransfer(w.t.Context(), request("create-1"), untold)
	require.NoError(w.t, err)
	require.Equal(w.t, w.id, out.Transfer.ID)
	return w
}

// submitted approves everything eligible in the ledger, or the subscriptions that are named.
func (w *world) submitted(subscriptions ...int) *world {
	w.t.Helper()
	require.NoError(w.t, w.submitAt(w.clock.ledger(), subscriptions...))
	return w
}

func (w *world) submitAt(moment time.Time, subscriptions ...int) error {
	s := transfer.Approval{RequestID: "submit-1", Actor: asSource, Selection: transfer.Selection{AllEligible: len(subscriptions) == 0}}
	for _, n := range subscriptions {
		s.LineItems = append(s.LineItems, transfer.Pick{SubscriptionID: subID(n)})
	}
	_, err := w.ledger.At(moment).Submit(w.t.Context(), w.id, s, untold)
	return err
}

func (w *world) cancelled() {
	w.t.Helper()
	_, err := w.ledger.Cancel(w.t.Context(), w.id, transfer.Decision{RequestID: "cancel-1", Actor: asTarget}, untold)
	require.NoError(w.t, err)
}

func (w *world) declined() {
	w.t.Helper()
	_, err := w.ledger.Decline(w.t.Context(), w.id, transfer.Decision{RequestID: "decline-1", Actor: asSource, Reason: keepsCustomer}, untold)
	require.NoError(w.t, err)
}

// givesUp is an operator's end to line items; without any, to all that are failing.
func (w *world) givesUp(ordinals ...int) transferstore.GivenUp {
	w.t.Helper()
	g := transferstore.GivingUp{RequestID: fmt.Sprint("give-up-", ordinals), Actor: asOperator, Ordinals: ordinals, Failing: len(ordinals) == 0, Reason: stuck}
	done, err := w.ledger.GiveUp(w.t.Context(), w.id, g, command.Terms[transferstore.GivenUp]{})
	require.NoError(w.t, err)
	return done
}

// stored is the transfer as the ledger has it.
func (w *world) stored() transfer.Transfer {
	w.t.Helper()
	t, err := w.ledger.Transfer(w.t.Context(), w.id)
	require.NoError(w.t, err)
	return t
}

// item is a line item as the ledger has it.
func (w *world) item(ordinal int) transfer.LineItem {
	w.t.Helper()
	items, err := w.ledger.Items(w.t.Context(), w.id, ordinal, ordinal+1)
	require.NoError(w.t, err)
	require.Len(w.t, items, 1)
	return items[0]
}

// events are the events in the source's log of the transfer, in their order; refused commands by their request id.
func (w *world) events() []string {
	w.t.Helper()
	records, err := w.ledger.LogOf(w.t.Context(), w.id, sourceID)
	require.NoError(w.t, err)
	var keys []string
	for _, r := range records {
		var said transfer.AuditDetail
		require.NoError(w.t, json.Unmarshal([]byte(r.NewValue), &said))
		if said.Event == transfer.EventRefused {
			r.EventKey = string(said.Event) + ":" + said.RequestID
		}
		keys = append(keys, r.EventKey)
	}
	return keys
}

// mail are the e-mails that the ledger owes or owed, "completed to source".
func (w *world) mail() []string {
	w.t.Helper()
	owed, err := w.ledger.Notifications(w.t.Context(), transferstore.Subject(w.id))
	require.NoError(w.t, err)
	var mail []string
	for _, n := range owed {
		mail = append(mail, fmt.Sprintf("%s to %s", n.Event, n.Audience))
	}
	return mail
}
