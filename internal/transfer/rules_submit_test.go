package transfer_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handover/internal/kernel"
	"handover/internal/subscription"
	"handover/internal/transfer"
)

// The rules of section 3.3 and 3.4 that decide which subscriptions one submit may move.

// submission is one case of picking a subscription that the source may or may not move.
type submission struct {
	name   string
	change func(*subscription.Subscription)
	cause  kernel.Cause // empty when it moves
}

func checkSubmissions(t *testing.T, cases []submission) {
	for _, c := range cases {
		rule(t, c.name, func(t *testing.T) {
			sub := sample("0001", c.change)
			items, err := policy.Select(opened(), picking(sub), holding(sub))
			if c.cause == "" {
				require.NoError(t, err)
				assert.Equal(t, []string{sub.ID}, ids(items))
				return
			}
			assert.Empty(t, items)
			refused(t, err, c.cause)
		})
	}
}

func TestRulesOfTheSubscription(t *testing.T) {
	checkSubmissions(t, []submission{
		{"R-60 licences move", ofType(subscription.OnlineServicesNCE), ""},
		{"R-60 Azure subscriptions move", ofType(subscription.AzureSubscription), ""},
		{"R-60 reservations move", ofType(subscription.AzureReservation), ""},
		{"R-60 savings plans move", ofType(subscription.AzureSavingsPlan), ""},
		{"R-60 the Azure plan itself stays", ofType(subscription.AzurePlan), transfer.ProductNotMovable},
		{"R-60 traditional licences stay", ofType(subscription.OnlineServices), transfer.ProductNotMovable},
		{"R-60 software stays", ofType(subscription.Software), transfer.ProductNotMovable},
		{"R-60 perpetual software stays", ofType(subscription.PerpetualSoftware), transfer.ProductNotMovable},
		{"R-60 term-based subscriptions stay", ofType(subscription.TermBasedLicensing), transfer.ProductNotMovable},
		{"R-62 third-party products stay", ofType(subscription.SaaS), transfer.ThirdPartyProduct},
		{"R-70 another partner's subscription", func(s *subscription.Subscription) { s.PartnerTenantID = strangerID }, transfer.NotOwnedBySource},
		{"R-70 the target's own subscription", func(s *subscription.Subscription) { s.PartnerTenantID = targetID }, transfer.NotOwnedBySource},
		{"R-70 another customer's subscription", func(s *subscription.Subscription) { s.CustomerTenantID = strangerID }, transfer.NotOwnedBySource},
		{"R-71 an active one moves", inStatus(subscription.Active), ""},
		{"R-71 a pending one stays", inStatus(subscription.Pending), transfer.NotActive},
		{"R-71 a suspended one stays", inStatus(subscription.Suspended), transfer.NotActive},
		{"R-71 an expired one stays", inStatus(subscription.Expired), transfer.NotActive},
		{"R-71 a disabled one stays", inStatus(subscription.Disabled), transfer.NotActive},
		{"R-71 a deleted one stays", inStatus(subscription.Deleted), transfer.NotActive},
		{"R-71 one in no known state stays", inStatus(""), transfer.NotActive},
	})
	rule(t, "R-70 a subscription that does not exist is 404 20003, one of somebody else's 400 800078", func(t *testing.T) {
		_, err := policy.Select(opened(), picking(sample("0009")), holding(sample("0001")))
		unknown := refused(t, err, subscription.Unknown)
		assert.Equal(t, 404, unknown.HTTPStatus())
		assert.Equal(t, "20003", unknown.Code)
		assert.Equal(t, []string{sample("0009").ID}, unknown.Data)
		foreign := kernel.Refuse(transfer.NotOwnedBySource, "")
		assert.Equal(t, 400, foreign.HTTPStatus())
		assert.Equal(t, "800078", foreign.Code)
	})
	rule(t, "R-71 the reason is spelled as on the wire", func(t *testing.T) {
		sub := sample("0001", inStatus(subscription.Suspended))
		_, err := policy.Select(opened(), picking(sub), holding(sub))
		assert.Equal(t, "Subscription: "+sub.ID+" is in state: Suspended", refused(t, err, transfer.NotActive).Message)
	})
}

func TestRulesOfTheTypes(t *testing.T) {
	licence, azure := sample("0001"), sample("0002", ofType(subscription.AzureSubscription))
	rule(t, "R-60 a deployment may let more types move", func(t *testing.T) {
		wide := transfer.DefaultPolicy()
		wide.ProductTypes = subscription.ProductTypes()
		saas := sample("0003", ofType(subscription.SaaS))
		_, err := wide.Select(opened(), picking(saas), holding(saas))
		require.NoError(t, err)
	})
	rule(t, "R-61 only the types that the target asked for", func(t *testing.T) {
		tr := opened()
		tr.TargetProductTypes = types("AzureSubscription", "AzureReservation")
		_, err := policy.Select(tr, picking(azure), holding(licence, azure))
		require.NoError(t, err)
		_, err = policy.Select(tr, picking(azure, licence), holding(licence, azure))
		r := refused(t, err, transfer.OutsideTargetTypes)
		assert.Equal(t, "900400", r.Code)
		assert.Equal(t, 400, r.HTTPStatus())
		assert.Contains(t, r.Message, "AzureSubscription, AzureReservation")
	})
	rule(t, "R-130 the type named must be the subscription's", func(t *testing.T) {
		wrong := picking(licence)
		wrong.LineItems[0].ProductType = subscription.AzureSubscription
		_, err := policy.Select(opened(), wrong, holding(licence))
		refused(t, err, transfer.ProductTypeMismatch)
	})
	rule(t, "R-130 the number 5 stands for OnlineServicesNCE, and only 5 stands for anything", func(t *testing.T) {
		s, err := policy.CheckSelection(transfer.Selection{LineItems: []transfer.Pick{{SubscriptionID: licence.ID, ProductType: "5"}}})
		require.NoError(t, err)
		assert.Equal(t, picking(licence), s)
		for _, unknown := range []subscription.ProductType{"3", "6", "Typewriters", "onlineservicesnce"} {
			_, err = policy.CheckSelection(transfer.Selection{LineItems: []transfer.Pick{{SubscriptionID: licence.ID, ProductType: unknown}}})
			refused(t, err, kernel.UnknownEnum)
		}
	})
	rule(t, "R-105 ids are compared in any case", func(t *testing.T) {
		s, err := policy.CheckSelection(transfer.Selection{LineItems: []transfer.Pick{{SubscriptionID: upper(licence.ID)}}})
		require.NoError(t, err)
		items, err := policy.Select(opened(), s, holding(licence))
		require.NoError(t, err)
		assert.Equal(t, []string{licence.ID}, ids(items))
	})
}

func TestRulesOfTheAzurePlanAtSubmit(t *testing.T) {
	licence, azure := sample("0001"), sample("0002", ofType(subscription.AzureSavingsPlan))
	held := holding(licence, azure)
	held.Open.AzureAtTarget = nil
	tr := opened()
	rule(t, "R-55 no plan when Azure items are picked", func(t *testing.T) {
		_, err := policy.Select(tr, picking(licence, azure), held)
		refused(t, err, transfer.AzurePlanMissing)
		_, err = policy.Select(tr, everything, held)
		refused(t, err, transfer.AzurePlanMissing)
	})
	rule(t, "R-55 no plan is needed for other items, whatever the target asked for", func(t *testing.T) {
		tr.TargetProductTypes = types("OnlineServicesNCE", "AzureSavingsPlan")
		items, err := policy.Select(tr, picking(licence), held)
		require.NoError(t, err)
		assert.Equal(t, []string{licence.ID}, ids(items))
	})
}

func TestRulesOfTheLineItem(t *testing.T) {
	rule(t, "R-72 a subscription that is still syncing is tried again", func(t *testing.T) {
		assert.True(t, transfer.StillSyncing.Retryable())
		assert.Equal(t, "900103", kernel.Refuse(transfer.StillSyncing, "").Code)
	})
	rule(t, "R-73 a line item carries the whole quantity, as it was at submit", func(t *testing.T) {
		sub := sample("0001", func(s *subscription.Subscription) { s.Quantity = 42 })
		items, err := policy.Select(opened(), picking(sub), holding(sub))
		require.NoError(t, err)
		assert.Equal(t, []transfer.LineItem{{
			Ordinal: 0, BaseOrdinal: transfer.NoBase, SubscriptionID: sub.ID, ProductType: sub.ProductType, OfferID: sub.OfferID,
			FriendlyName: sub.FriendlyName, Quantity: 42, BillingCycle: subscription.Monthly, Status: transfer.ItemInProgress,
		}}, items)
	})
	rule(t, "R-75 a quantity changed after submit does not reach the target", func(t *testing.T) {
		sub := sample("0001")
		items, err := policy.Select(opened(), picking(sub), holding(sub))
		require.NoError(t, err)
		sub.Quantity = 99
		assert.Equal(t, 10, successor(sub, items[0]).Quantity)
	})
}

func TestRulesOfOneOpenTransfer(t *testing.T) {
	const other = "9a000000-0000-4000-8000-00000000000e"
	sub, free := sample("0001"), sample("0002")
	held := holding(sub, free)
	held.OpenIn = map[string]string{sub.ID: other}
	rule(t, "R-76 a subscription that another transfer is moving is 409 900101", func(t *testing.T) {
		_, err := policy.Select(opened(), picking(free, sub), held)
		r := refused(t, err, subscription.InOtherTransfer)
		assert.Equal(t, "subscription is already part of another transfer request id : "+other, r.Message)
		assert.Equal(t, 409, r.HTTPStatus())
		assert.Equal(t, "900101", r.Code)
	})
	rule(t, "R-76 a submit of everything eligible leaves it out", func(t *testing.T) {
		items, err := policy.Select(opened(), everything, held)
		require.NoError(t, err)
		assert.Equal(t, []string{free.ID}, ids(items))
	})
	rule(t, "R-153 one bad item refuses the whole submit", func(t *testing.T) {
		for _, bad := range []subscription.Subscription{sub, sample("0003", inStatus(subscription.Deleted))} {
			items, err := policy.Select(opened(), picking(free, bad), transfer.SelectionFacts{
				Open: facts(), Subscriptions: []subscription.Subscription{free, bad}, OpenIn: held.OpenIn,
			})
			require.Error(t, err)
			assert.Empty(t, items)
		}
	})
}
