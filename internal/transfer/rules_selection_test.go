package transfer_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handover/internal/kernel"
	"handover/internal/programme"
	"handover/internal/subscription"
	"handover/internal/transfer"
)

// The rules about what a selection includes: add-ons with their base, everything eligible, how many, in which order.

func TestRulesOfAddons(t *testing.T) {
	base, other := sample("0005"), sample("0001")
	first, second := sample("0007", under(base)), sample("0003", under(base))
	held := holding(first, base, second, other)
	for name, c := range map[string]struct {
		picks transfer.Selection
		moved []string
	}{
		"a base brings its add-ons, by id":        {picking(base), []string{base.ID, second.ID, first.ID}},
		"an add-on that is listed too moves once": {picking(base, first), []string{base.ID, second.ID, first.ID}},
		"an add-on may be listed before its base": {picking(first, other, base), []string{other.ID, base.ID, second.ID, first.ID}},
		"everything eligible brings them as well": {everything, []string{other.ID, base.ID, second.ID, first.ID}},
		"everything of its base's type, too":      {transfer.Selection{AllEligible: true, ProductTypes: types("OnlineServicesNCE")}, []string{other.ID, base.ID, second.ID, first.ID}},
	} {
		rule(t, "R-74 "+name, func(t *testing.T) {
			items, err := policy.Select(opened(), c.picks, held)
			require.NoError(t, err)
			assert.Equal(t, c.moved, ids(items))
			at := slices.Index(c.moved, base.ID)
			assert.Equal(t, []int{transfer.NoBase, at, at}, []int{items[at].BaseOrdinal, items[at+1].BaseOrdinal, items[at+2].BaseOrdinal})
		})
	}
	rule(t, "R-74 an add-on does not move without its base", func(t *testing.T) {
		_, err := policy.Select(opened(), picking(other, first), held)
		assert.Equal(t, []string{first.ID}, refused(t, err, transfer.AddonWithoutBase).Data)
		_, err = policy.Select(opened(), picking(first), holding(first))
		refused(t, err, transfer.AddonWithoutBase)
		_, err = policy.Select(opened(), everything, holding(first))
		refused(t, err, transfer.NoLineItems)
	})
}

func TestRulesOfAddonsThatCannotMove(t *testing.T) {
	base, other := sample("0005"), sample("0001")
	for _, status := range []subscription.Status{subscription.Suspended, subscription.Pending} {
		addon := sample("0007", under(base), inStatus(status))
		held := holding(base, addon, other)
		rule(t, "R-74 an add-on that is "+string(status)+" keeps its base from moving", func(t *testing.T) {
			_, err := policy.Select(opened(), picking(base), held)
			assert.Equal(t, []string{addon.ID}, refused(t, err, transfer.NotActive).Data)
			items, err := policy.Select(opened(), everything, held)
			require.NoError(t, err)
			assert.Equal(t, []string{other.ID}, ids(items))
		})
	}
	for _, status := range []subscription.Status{subscription.Deleted, subscription.Expired, subscription.Disabled} {
		addon := sample("0007", under(base), inStatus(status))
		rule(t, "R-74 an add-on that is "+string(status)+" stays behind", func(t *testing.T) {
			for _, selection := range []transfer.Selection{picking(base), everything} {
				items, err := policy.Select(opened(), selection, holding(base, addon))
				require.NoError(t, err)
				assert.Equal(t, []string{base.ID}, ids(items))
			}
			_, err := policy.Select(opened(), picking(base, addon), holding(base, addon))
			refused(t, err, transfer.NotActive)
		})
	}
}

func TestRulesOfWhatHangsTogether(t *testing.T) {
	base := sample("0005")
	rule(t, "R-74 an ended add-on does not hide a suspended one", func(t *testing.T) {
		ended, suspended := sample("0007", under(base), inStatus(subscription.Deleted)), sample("0008", under(base), inStatus(subscription.Suspended))
		_, err := policy.Select(opened(), picking(base), holding(base, ended, suspended))
		assert.Equal(t, []string{suspended.ID}, refused(t, err, transfer.NotActive).Data)
	})
	rule(t, "R-74 an add-on that another transfer is moving keeps its base from moving", func(t *testing.T) {
		addon := sample("0007", under(base))
		held := holding(base, addon)
		held.OpenIn = map[string]string{addon.ID: transferID}
		_, err := policy.Select(opened(), picking(base), held)
		refused(t, err, subscription.InOtherTransfer)
	})
	rule(t, "R-78 a reservation under an Azure subscription is selected for itself", func(t *testing.T) {
		azure := sample("0005", ofType(subscription.AzureSubscription))
		reservation := sample("0007", under(azure), ofType(subscription.AzureReservation))
		held := holding(azure, reservation)
		for _, pick := range []subscription.Subscription{azure, reservation} {
			items, err := policy.Select(opened(), picking(pick), held)
			require.NoError(t, err)
			assert.Equal(t, []string{pick.ID}, ids(items))
			assert.Equal(t, transfer.NoBase, items[0].BaseOrdinal)
		}
	})
}

func TestRulesOfTheQuantity(t *testing.T) {
	sub := sample("0001")
	pick := picking(sub)
	for quantity, cause := range map[int]kernel.Cause{0: "", sub.Quantity: "", sub.Quantity - 1: kernel.InvalidInput, -1: kernel.InvalidInput} {
		rule(t, fmt.Sprintf("R-31 a part of %d moves as the whole that it is, or not", quantity), func(t *testing.T) {
			pick.LineItems[0].Quantity = quantity
			s, err := policy.CheckSelection(pick)
			require.NoError(t, err)
			items, err := policy.Select(opened(), s, holding(sub))
			if cause != "" {
				assert.Contains(t, refused(t, err, cause).Message, "quantity")
				return
			}
			require.NoError(t, err)
			assert.Equal(t, []string{sub.ID}, ids(items))
		})
	}
}

func TestRulesOfTheList(t *testing.T) {
	sub := sample("0001")
	for name, c := range map[string]struct {
		selection transfer.Selection
		cause     kernel.Cause
	}{
		"R-79 nothing":                                {transfer.Selection{}, transfer.NoLineItems},
		"R-79 an empty list":                          {transfer.Selection{LineItems: []transfer.Pick{}}, transfer.NoLineItems},
		"R-79 one twice":                              {picking(sub, sample("0002"), sub), transfer.DuplicateLineItem},
		"R-79 one twice, in different case":           {picking(sub, subscription.Subscription{ID: upper(sub.ID)}), transfer.DuplicateLineItem},
		"R-105 no GUID":                               {picking(subscription.Subscription{ID: "basic"}), kernel.InvalidInput},
		"R-155 a list and everything":                 {transfer.Selection{AllEligible: true, LineItems: picking(sub).LineItems}, kernel.InvalidInput},
		"R-155 a list is not narrowed":                {transfer.Selection{LineItems: picking(sub).LineItems, ProductTypes: types("OnlineServicesNCE")}, kernel.InvalidInput},
		"R-155 everything of a type nobody knows":     {transfer.Selection{AllEligible: true, ProductTypes: types("Typewriters")}, kernel.UnknownEnum},
		"R-155 everything of a type that never moves": {transfer.Selection{AllEligible: true, ProductTypes: types("SaaS")}, kernel.UnknownEnum},
	} {
		rule(t, name, func(t *testing.T) {
			_, err := policy.CheckSelection(c.selection)
			r := refused(t, err, c.cause)
			assert.Equal(t, 400, r.HTTPStatus())
		})
	}
	rule(t, "R-79 a submit of no line items changes nothing", func(t *testing.T) {
		deny(t, stateIn(transfer.Pending, transfer.ItemCounts{}), transfer.Submit{}, kernel.RoleSource, transfer.NoLineItems)
		deny(t, stateIn(transfer.Pending, transfer.ItemCounts{}), transfer.Submit{Items: -1}, kernel.RoleSource, transfer.NoLineItems)
	})
}

// many are that many active subscriptions with rising ids.
func many(n int) []subscription.Subscription {
	all := make([]subscription.Subscription, n)
	for i := range all {
		all[i] = sample(fmt.Sprintf("%04x", i))
	}
	return all
}

func TestRulesOfTheSize(t *testing.T) {
	rule(t, "R-80 10,000 listed line items are taken, one more is not", func(t *testing.T) {
		all := many(10_001)
		s, err := policy.CheckSelection(picking(all[:10_000]...))
		require.NoError(t, err)
		items, err := policy.Select(opened(), s, holding(all...))
		require.NoError(t, err)
		assert.Len(t, items, 10_000)
		_, err = policy.CheckSelection(picking(all...))
		refused(t, err, transfer.TooManyLineItems)
	})
	rule(t, "R-80 the bound can be set", func(t *testing.T) {
		small := transfer.DefaultPolicy()
		small.MaxListedItems = 2
		_, err := small.CheckSelection(picking(many(3)...))
		refused(t, err, transfer.TooManyLineItems)
	})
	rule(t, "R-80 everything eligible has no bound", func(t *testing.T) {
		s, err := policy.CheckSelection(everything)
		require.NoError(t, err)
		items, err := policy.Select(opened(), s, holding(many(12_000)...))
		require.NoError(t, err)
		assert.Len(t, items, 12_000)
	})
}

func TestRulesOfEverythingEligible(t *testing.T) {
	licence, azure, reservation := sample("0001"), sample("0002", ofType(subscription.AzureSubscription)), sample("0003", ofType(subscription.AzureReservation))
	held := holding(reservation, azure, licence,
		sample("0004", inStatus(subscription.Suspended)),
		sample("0005", ofType(subscription.SaaS)),
		sample("0006", func(s *subscription.Subscription) { s.PartnerTenantID = targetID }))
	rule(t, "R-155 everything movable, and nothing else", func(t *testing.T) {
		items, err := policy.Select(opened(), everything, held)
		require.NoError(t, err)
		assert.Equal(t, []string{licence.ID, azure.ID, reservation.ID}, ids(items))
	})
	rule(t, "R-155 everything of some types", func(t *testing.T) {
		items, err := policy.Select(opened(), transfer.Selection{AllEligible: true, ProductTypes: types("AzureReservation", "OnlineServicesNCE")}, held)
		require.NoError(t, err)
		assert.Equal(t, []string{licence.ID, reservation.ID}, ids(items))
	})
	rule(t, "R-155 everything within what the target asked for", func(t *testing.T) {
		tr := opened()
		tr.TargetProductTypes = types("AzureSubscription")
		items, err := policy.Select(tr, everything, held)
		require.NoError(t, err)
		assert.Equal(t, []string{azure.ID}, ids(items))
	})
	rule(t, "R-155 nothing is movable", func(t *testing.T) {
		_, err := policy.Select(opened(), everything, holding(sample("0004", inStatus(subscription.Suspended))))
		refused(t, err, transfer.NoLineItems)
	})
	rule(t, "R-155 the order is stable, and ordinals count from 0", func(t *testing.T) {
		want, err := policy.Select(opened(), everything, held)
		require.NoError(t, err)
		for seed := range uint64(20) {
			shuffled := slices.Clone(held.Subscriptions)
			dice := rand.New(rand.NewPCG(seed, 0))
			dice.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
			items, err := policy.Select(opened(), everything, holding(shuffled...))
			require.NoError(t, err)
			assert.Equal(t, want, items)
		}
		for i, item := range want {
			assert.Equal(t, i, item.Ordinal)
		}
	})
}

// OQ-24: what was true at create is asked again at submit, with the same codes; only the creating agent may have left.
func TestSubmitAsksAgain(t *testing.T) {
	sub := sample("0001")
	for name, c := range map[string]struct {
		change func(*transfer.OpenFacts)
		cause  kernel.Cause
	}{
		"R-46 the target's standing":      {func(f *transfer.OpenFacts) { f.Target.Programs[0].Status = programme.Inactive }, programme.ProgramNotActive},
		"R-401 not the source's standing": {func(f *transfer.OpenFacts) { f.Source.Programs[0].Status = programme.Inactive }, ""},
		"R-50 the relationship":           {func(f *transfer.OpenFacts) { f.Relationship = false }, programme.RelationshipMissing},
		"R-51 the customer agreement":     {func(f *transfer.OpenFacts) { f.Agreement = false }, programme.AgreementMissing},
		"R-52 the partner agreement":      {func(f *transfer.OpenFacts) { f.Target.Programs[0].Agreement.Given = false }, programme.MPAMissing},
		"R-54 not the agent who has left": {func(f *transfer.OpenFacts) { f.Target.Users = nil }, ""},
	} {
		rule(t, name+", asked again at submit", func(t *testing.T) {
			held := holding(sub)
			c.change(&held.Open)
			_, err := policy.Select(opened(), picking(sub), held)
			if c.cause == "" {
				require.NoError(t, err)
				return
			}
			refused(t, err, c.cause)
		})
	}
	rule(t, "R-82 submit and cancel need an admin agent or an application, exactly like create", func(t *testing.T) {
		source := facts().Source
		assert.True(t, source.Admits(agentID))
		assert.True(t, source.Admits(upper(agentID)), "in any case (R-105)")
		assert.True(t, source.Admits(""), "an application (R-101)")
		assert.False(t, source.Admits(strangerID))
		r := kernel.Refuse(kernel.NotAdminAgent, "")
		assert.Equal(t, 403, r.HTTPStatus())
		assert.Equal(t, "900150", r.Code)
	})
}

// OQ-16: some clients send the product type of licences as the number 5.
func TestAProductTypeMayBeANumber(t *testing.T) {
	var pick transfer.Pick
	require.NoError(t, json.Unmarshal([]byte(`{"subscriptionId": "x", "productType": 5}`), &pick))
	assert.Equal(t, subscription.ProductType("5"), pick.ProductType)
	require.NoError(t, json.Unmarshal([]byte(`{"productType": "AzureSubscription"}`), &pick))
	assert.Equal(t, subscription.AzureSubscription, pick.ProductType)
	require.Error(t, json.Unmarshal([]byte(`{"productType": {}}`), &pick))
}
