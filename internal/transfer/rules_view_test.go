package transfer_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handover/internal/kernel"
	"handover/internal/subscription"
	"handover/internal/transfer"
)

// The rules of section 5: who sees what of a transfer, before, while and after its line items move.

var (
	source   = transfer.Viewer{PartnerTenantID: sourceID}
	target   = transfer.Viewer{PartnerTenantID: targetID}
	operator = transfer.Viewer{Operator: true}
)

// seen is the transfer as the viewer sees it.
func seen(t *testing.T, tr transfer.Transfer, items []transfer.LineItem, v transfer.Viewer) transfer.Entity {
	t.Helper()
	e, err := transfer.View(tr, items, v)
	require.NoError(t, err)
	return e
}

func seenItems(t *testing.T, tr transfer.Transfer, items []transfer.LineItem, v transfer.Viewer) []string {
	t.Helper()
	var all []string
	for _, item := range seen(t, tr, items, v).LineItems {
		all = append(all, fmt.Sprintf("%d %s %s", item.ID, item.SubscriptionID, item.Status))
	}
	return all
}

// inProgress is a transfer with one line item in each state.
func inProgress() (transfer.Transfer, []transfer.LineItem) {
	tr := opened()
	tr.State = stateIn(transfer.InProgress, transfer.ItemCounts{InProgress: 1, Complete: 1, Failed: 1})
	item := func(ordinal int, status transfer.ItemStatus) transfer.LineItem {
		return transfer.LineItem{
			Ordinal: ordinal, BaseOrdinal: transfer.NoBase, SubscriptionID: fmt.Sprintf("old-%d", ordinal), ProductType: subscription.OnlineServicesNCE,
			OfferID: "CFQ7TTC0LH18:0001", FriendlyName: "Business Basic", Quantity: 10, BillingCycle: subscription.Monthly, Status: status, Attempts: 2,
		}
	}
	running, done, failed := item(0, transfer.ItemInProgress), item(1, transfer.ItemComplete), item(2, transfer.ItemFailed)
	running.LastError = "billing answered 503"
	done.TargetSubscriptionID = "new-1"
	failed.TransferError = "refused: account closed"
	return tr, []transfer.LineItem{running, done, failed}
}

func TestRulesOfReading(t *testing.T) {
	tr, items := inProgress()
	strangers := map[string]transfer.Viewer{
		"another partner": {PartnerTenantID: strangerID},
		"the customer":    {PartnerTenantID: customerID},
		"nobody":          {},
	}
	for _, number := range []string{"R-110", "R-180"} {
		for name, viewer := range strangers {
			rule(t, number+" for "+name+" there is no such transfer", func(t *testing.T) {
				e, err := transfer.View(tr, items, viewer)
				r := refused(t, err, transfer.NotFound)
				assert.Equal(t, 404, r.HTTPStatus())
				assert.Equal(t, "900100", r.Code)
				assert.Empty(t, e)
			})
		}
	}
	rule(t, "R-110 the refusal to read is the refusal to act, word for word", func(t *testing.T) {
		_, reading := transfer.View(tr, items, strangers["another partner"])
		_, _, acting := policy.Decide(tr.State, transfer.Cancel{}, actor(kernel.RoleStranger), submitted)
		assert.Equal(t, reading, acting)
	})
	rule(t, "R-189 the customer sees nothing", func(t *testing.T) {
		_, err := transfer.View(tr, items, strangers["the customer"])
		refused(t, err, transfer.NotFound)
	})
	rule(t, "R-105 the viewer's id in any case", func(t *testing.T) {
		assert.Equal(t, seen(t, tr, items, source), seen(t, tr, items, transfer.Viewer{PartnerTenantID: upper(sourceID)}))
	})
}

func TestRulesOfTheLineItemsSeen(t *testing.T) {
	tr, items := inProgress()
	rule(t, "R-181 while pending both see the header and nobody a line item", func(t *testing.T) {
		for _, viewer := range []transfer.Viewer{source, target, operator} {
			e := seen(t, opened(), nil, viewer)
			assert.Equal(t, transfer.Pending, e.Status)
			assert.Empty(t, e.LineItems)
		}
	})
	rule(t, "R-182 the source sees every line item it tried to move", func(t *testing.T) {
		assert.Equal(t, []string{"0 old-0 InProgress", "1 old-1 Complete", "2 old-2 Failed"}, seenItems(t, tr, items, source))
		assert.Equal(t, "refused: account closed", seen(t, tr, items, source).LineItems[2].TransferError)
	})
	rule(t, "R-183 the target sees a line item as soon as it is done, siblings or not", func(t *testing.T) {
		assert.Equal(t, []string{"1 new-1 Complete"}, seenItems(t, tr, items, target))
		assert.Empty(t, seenItems(t, tr, items[:1], target))
	})
	rule(t, "R-184 the target never sees a failed line item, even when all is over", func(t *testing.T) {
		tr.Status = transfer.PartiallyComplete
		assert.Equal(t, []string{"1 new-1 Complete"}, seenItems(t, tr, items[1:], target))
		tr.Status = transfer.Failed
		assert.Empty(t, seenItems(t, tr, items[2:], target))
	})
}

func TestRulesOfTheIDsSeen(t *testing.T) {
	tr, items := inProgress()
	rule(t, "R-131 the target reads a line item under its new id", func(t *testing.T) {
		assert.Equal(t, "new-1", seen(t, tr, items, target).LineItems[0].SubscriptionID)
	})
	rule(t, "R-36 and under its new offer", func(t *testing.T) {
		items[1].OfferID = subscription.LegacyAzureOffer
		assert.Equal(t, subscription.AzurePlanOffer, seen(t, tr, items, target).LineItems[0].OfferID)
		assert.Equal(t, subscription.LegacyAzureOffer, seen(t, tr, items, source).LineItems[1].OfferID)
	})
	rule(t, "R-185 the source never sees the new ids", func(t *testing.T) {
		assert.NotContains(t, asJSON(t, seen(t, tr, items, source)), "new-")
	})
	rule(t, "R-188 the target knows its new subscriptions by the transfer's ordinals", func(t *testing.T) {
		assert.Equal(t, items[1].Ordinal, seen(t, tr, items, target).LineItems[0].ID)
	})
}

func TestRulesOfTheOperatorsView(t *testing.T) {
	tr, items := inProgress()
	rule(t, "R-180 operators see everything", func(t *testing.T) {
		all := seen(t, tr, items, operator).LineItems
		require.Len(t, all, 3)
		assert.Equal(t, "billing answered 503", all[0].LastError)
		assert.Equal(t, "old-1", all[1].SubscriptionID)
		assert.Equal(t, "new-1", all[1].TargetSubscriptionID)
		assert.Equal(t, 2, *all[1].Attempts)
	})
	rule(t, "R-180 what is the operators' is not the partners'", func(t *testing.T) {
		for _, viewer := range []transfer.Viewer{source, target} {
			assert.NotRegexp(t, "attempts|lastError|targetSubscriptionId|503", asJSON(t, seen(t, tr, items, viewer)))
		}
	})
}

func asJSON(t *testing.T, e transfer.Entity) string {
	t.Helper()
	text, err := json.Marshal(e)
	require.NoError(t, err)
	return string(text)
}

func TestRulesOfTheDirection(t *testing.T) {
	for _, number := range []string{"R-121", "R-186"} {
		rule(t, number+" the target sees 1 incoming, the source 2 outgoing, each its own tenant", func(t *testing.T) {
			for viewer, want := range map[transfer.Viewer]struct {
				direction int
				tenant    string
			}{target: {1, targetID}, source: {2, sourceID}, operator: {0, ""}} {
				e := seen(t, opened(), nil, viewer)
				assert.Equal(t, want.direction, e.TransferDirection)
				assert.Equal(t, want.tenant, e.ViewerTenantID)
			}
		})
	}
}

// The create answer of section 4.4, field for field.
func TestTheTargetReadsWhatTheWireContractSays(t *testing.T) {
	tr := opened()
	tr.TransferType, tr.PartnerOnRecord = 3, "4711001"
	tr.TargetProductTypes = types("OnlineServicesNCE", "AzureSubscription")
	tr.TargetPartnerEmailID = targetID
	tr.CreatedTime, tr.LastModifiedTime, tr.ExpirationTime = at("2031-03-02T10:15:04.1234567+01:00"), at("2031-03-02T09:15:04.9Z"), at("2031-04-02T00:00:00Z")
	assert.JSONEq(t, `{
		"id": "`+transferID+`", "status": "Pending", "transferType": 3, "transferDirection": 1,
		"customerEmailId": "it@contoso.example", "customerName": "Contoso Bakery", "customerTenantId": "`+customerID+`",
		"partnertenantid": "`+targetID+`",
		"sourcePartnerName": "Northwind Cloud", "sourcePartnerTenantId": "`+sourceID+`",
		"targetPartnerName": "Fabrikam Distribution", "targetPartnerTenantId": "`+targetID+`", "targetPartnerEmailId": "`+targetID+`",
		"targetProductTypes": ["OnlineServicesNCE", "AzureSubscription"], "partnerOnRecord": "4711001", "ignoreEligibilityCheck": false,
		"createdTime": "2031-03-02T09:15:04.1234567Z", "lastModifiedTime": "2031-03-02T09:15:04Z", "expirationTime": "2031-04-02T00:00:00Z",
		"lastModifiedUser": "`+agentID+`",
		"links": {"self": {"uri": "/customers/`+customerID+`/transfers/`+transferID+`", "method": "GET", "headers": []}}
	}`, asJSON(t, seen(t, tr, nil, target)))
}

func TestCompletedTimeIsShownOnceThereIsOne(t *testing.T) {
	tr := opened()
	assert.NotContains(t, asJSON(t, seen(t, tr, nil, source)), "completedTime")
	tr.CompletedTime = at("2024-05-16T00:00:00Z")
	assert.Equal(t, "2024-05-16T00:00:00.0000000Z", seen(t, tr, nil, source).CompletedTime)
}

// TestNeitherSideEverReadsTheOthersIDs looks at 500 random transfers through the eyes of both partners.
func TestNeitherSideEverReadsTheOthersIDs(t *testing.T) {
	statuses := []transfer.ItemStatus{transfer.ItemInProgress, transfer.ItemComplete, transfer.ItemFailed}
	for seed := range uint64(500) {
		dice := rand.New(rand.NewPCG(seed, 180))
		tr, items := opened(), make([]transfer.LineItem, dice.IntN(20))
		tr.Status = transfer.Statuses()[1+dice.IntN(8)]
		done := 0
		for i := range items {
			items[i] = transfer.LineItem{
				Ordinal: i, SubscriptionID: fmt.Sprintf("old-%d", i), TargetSubscriptionID: fmt.Sprintf("new-%d", i), Quantity: dice.IntN(9),
				Status: statuses[dice.IntN(3)], LastError: "secret", TransferError: fmt.Sprintf("failed-%d", i),
			}
			if items[i].Status == transfer.ItemComplete {
				done, items[i].TransferError = done+1, ""
			}
		}
		bySource, byTarget := seen(t, tr, items, source), seen(t, tr, items, target)
		require.Len(t, bySource.LineItems, len(items))
		require.Len(t, byTarget.LineItems, done)
		require.NotContains(t, asJSON(t, bySource), "new-", "seed %d", seed)
		require.NotContains(t, asJSON(t, byTarget), "old-", "seed %d", seed)
		require.NotContains(t, asJSON(t, byTarget), "failed-", "seed %d", seed)
		require.False(t, strings.Contains(asJSON(t, bySource)+asJSON(t, byTarget), "secret"), "seed %d", seed)
	}
}
