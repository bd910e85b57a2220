package transfer_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handover/internal/kernel"
	"handover/internal/programme"
	"handover/internal/subscription"
	"handover/internal/transfer"
)

// What the source is told before it submits, and that a submit then says the very same.

// surveyed finds the entry of the subscription in a survey for the opened transfer.
func surveyed(t *testing.T, sub subscription.Subscription, held transfer.SelectionFacts) transfer.Eligibility {
	t.Helper()
	for _, e := range policy.Survey(opened(), held) {
		if e.Subscription.ID == sub.ID {
			return e
		}
	}
	require.Fail(t, "the survey leaves the subscription out")
	return transfer.Eligibility{}
}

func causes(refusals []*kernel.Refusal) []kernel.Cause {
	var all []kernel.Cause
	for _, r := range refusals {
		all = append(all, r.Cause)
	}
	return all
}

func TestRulesOfTheSurvey(t *testing.T) {
	licence := sample("0005")
	rule(t, "R-70 everything of the source's, ended subscriptions included, by id, and nobody else's", func(t *testing.T) {
		ended := sample("0001", inStatus(subscription.Deleted))
		foreign := sample("0002", func(s *subscription.Subscription) { s.PartnerTenantID = targetID })
		another := sample("0003", func(s *subscription.Subscription) { s.CustomerTenantID = strangerID })
		found := policy.Survey(opened(), holding(licence, foreign, another, ended))
		require.Len(t, found, 2)
		assert.Equal(t, ended, found[0].Subscription)
		assert.Equal(t, []kernel.Cause{transfer.NotActive}, causes(found[0].Reasons))
		assert.Equal(t, transfer.Eligibility{Subscription: licence, Eligible: true}, found[1])
	})
	rule(t, "R-71 every reason is given, not only the first", func(t *testing.T) {
		saas := sample("0001", ofType(subscription.SaaS), inStatus(subscription.Suspended))
		held := holding(saas)
		held.OpenIn = map[string]string{saas.ID: transferID}
		e := surveyed(t, saas, held)
		assert.False(t, e.Eligible)
		assert.Equal(t, []kernel.Cause{transfer.ThirdPartyProduct, transfer.NotActive, subscription.InOtherTransfer}, causes(e.Reasons))
		assert.Equal(t, e.Reasons[0], policy.Ineligible(opened(), saas, held.OpenIn))
	})
	rule(t, "R-61 what the target asked for counts, once there is a target", func(t *testing.T) {
		tr := opened()
		tr.TargetProductTypes = types("AzureSubscription")
		found := policy.Survey(tr, holding(licence))
		assert.Equal(t, []kernel.Cause{transfer.OutsideTargetTypes}, causes(found[0].Reasons))
		anyTarget := transfer.Transfer{State: transfer.State{CustomerTenantID: customerID, SourceTenantID: sourceID}}
		assert.True(t, policy.Survey(anyTarget, transfer.SelectionFacts{Subscriptions: []subscription.Subscription{licence}})[0].Eligible)
	})
	rule(t, "R-50 what is missing between customer and target keeps everything from moving", func(t *testing.T) {
		held := holding(licence, sample("0006", inStatus(subscription.Pending)))
		held.Open.Relationship = false
		found := policy.Survey(opened(), held)
		assert.Equal(t, []kernel.Cause{programme.RelationshipMissing}, causes(found[0].Reasons))
		assert.Equal(t, []kernel.Cause{programme.RelationshipMissing, transfer.NotActive}, causes(found[1].Reasons))
	})
	rule(t, "R-55 without an Azure plan at the target Azure items stay, and others move", func(t *testing.T) {
		azure := sample("0006", ofType(subscription.AzureReservation))
		held := holding(licence, azure)
		held.Open.AzureAtTarget = nil
		assert.True(t, surveyed(t, licence, held).Eligible)
		assert.Equal(t, []kernel.Cause{transfer.AzurePlanMissing}, causes(surveyed(t, azure, held).Reasons))
	})
}

func TestRulesOfTheSurveyOfAddons(t *testing.T) {
	base := sample("0005")
	first, second := sample("0003", under(base)), sample("0007", under(base))
	ended := sample("0004", under(base), inStatus(subscription.Deleted))
	rule(t, "R-74 a base names the add-ons that travel along, an add-on its base", func(t *testing.T) {
		held := holding(base, second, ended, first)
		assert.Equal(t, transfer.Eligibility{Subscription: base, Eligible: true, AddOns: []string{first.ID, second.ID}}, surveyed(t, base, held))
		assert.Equal(t, transfer.Eligibility{Subscription: first, Eligible: true, Base: base.ID}, surveyed(t, first, held))
		e := surveyed(t, ended, held)
		assert.Equal(t, base.ID, e.Base)
		assert.Equal(t, []kernel.Cause{transfer.NotActive}, causes(e.Reasons))
	})
	rule(t, "R-74 a base has the reasons of every add-on that is in its way, after its own", func(t *testing.T) {
		outside := sample("0005", ofType(subscription.Software))
		suspended := sample("0003", under(base), inStatus(subscription.Suspended))
		held := holding(outside, suspended, second)
		held.OpenIn = map[string]string{second.ID: transferID}
		e := surveyed(t, outside, held)
		assert.Equal(t, []kernel.Cause{transfer.ProductNotMovable, transfer.NotActive, subscription.InOtherTransfer}, causes(e.Reasons))
		assert.Equal(t, []string{suspended.ID, second.ID}, e.AddOns)
	})
	rule(t, "R-74 an add-on stays with its base, and with a sibling that keeps the base", func(t *testing.T) {
		stuck := sample("0005", inStatus(subscription.Suspended))
		e := surveyed(t, first, holding(stuck, first))
		assert.False(t, e.Eligible)
		assert.Equal(t, []string{stuck.ID}, e.Reasons[0].Data)
		sibling := sample("0007", under(base), inStatus(subscription.Suspended))
		e = surveyed(t, first, holding(base, first, sibling))
		assert.False(t, e.Eligible)
		assert.Equal(t, []string{sibling.ID}, e.Reasons[0].Data)
	})
	rule(t, "R-74 an add-on whose base is not there moves never", func(t *testing.T) {
		assert.Equal(t, []kernel.Cause{transfer.AddonWithoutBase}, causes(surveyed(t, first, holding(first)).Reasons))
		nested := sample("0008", under(first))
		held := holding(base, first, nested)
		assert.Equal(t, []kernel.Cause{transfer.AddonWithoutBase}, causes(surveyed(t, nested, held).Reasons))
		_, err := policy.Select(opened(), picking(base, first, nested), held)
		refused(t, err, transfer.AddonWithoutBase)
	})
	rule(t, "R-78 a reservation under an Azure subscription stands for itself", func(t *testing.T) {
		azure := sample("0005", ofType(subscription.AzureSubscription))
		reservation := sample("0007", under(azure), ofType(subscription.AzureReservation))
		held := holding(azure, reservation)
		assert.Empty(t, surveyed(t, azure, held).AddOns)
		assert.Equal(t, transfer.Eligibility{Subscription: reservation, Eligible: true}, surveyed(t, reservation, held))
	})
}

// anyOf throws for one of the values.
func anyOf[T any](dice *rand.Rand, values ...T) T { return values[dice.IntN(len(values))] }

// anyWorld is a transfer and up to nine subscriptions, most of which could move: of all types, in all states, of several
// owners, add-ons and add-ons of add-ons, some of them on the move.
func anyWorld(dice *rand.Rand) (transfer.Transfer, transfer.SelectionFacts) {
	held := transfer.SelectionFacts{Open: facts(), OpenIn: map[string]string{}}
	for n := range 1 + dice.IntN(9) {
		s := sample(fmt.Sprintf("%04x", n))
		if dice.IntN(3) == 0 {
			s.ProductType = anyOf(dice, subscription.ProductTypes()...)
		}
		if dice.IntN(4) == 0 {
			s.Status = anyOf(dice, subscription.Pending, subscription.Suspended, subscription.Expired,
				subscription.Disabled, subscription.Deleted)
		}
		if dice.IntN(10) == 0 {
			s.PartnerTenantID = strangerID
		}
		if dice.IntN(2) == 0 {
			s.ParentID = sample(fmt.Sprintf("%04x", dice.IntN(10))).ID
		}
		if dice.IntN(10) == 0 {
			held.OpenIn[s.ID] = "9a000000-0000-4000-8000-00000000000e"
		}
		held.Subscriptions = append(held.Subscriptions, s)
	}
	dice.Shuffle(len(held.Subscriptions), func(i, j int) {
		held.Subscriptions[i], held.Subscriptions[j] = held.Subscriptions[j], held.Subscriptions[i]
	})
	tr := opened()
	if dice.IntN(3) == 0 {
		tr.TargetProductTypes = anyOf(dice, types("OnlineServicesNCE"), types("AzureSubscription", "OnlineServicesNCE"))
	}
	held.Open.Relationship = dice.IntN(10) > 0
	if dice.IntN(5) == 0 {
		held.Open.AzureAtTarget = nil
	}
	return tr, held
}

// TestSurveyAndSubmitNeverDisagree asks for the survey of 4,000 worlds and then submits what it speaks of.
func TestSurveyAndSubmitNeverDisagree(t *testing.T) {
	met := map[kernel.Cause]bool{}
	for seed := range uint64(4000) {
		tr, held := anyWorld(rand.New(rand.NewPCG(seed, 74)))
		w := surveyedWorld{T: t, tr: tr, held: held, entries: map[string]transfer.Eligibility{}}
		found := policy.Survey(tr, held)
		require.True(t, slices.IsSortedFunc(found, compareIDs))
		for _, e := range found {
			require.Equal(t, e.Eligible, len(e.Reasons) == 0)
			w.entries[e.Subscription.ID] = e
			for _, cause := range causes(e.Reasons) {
				met[cause] = true
			}
		}
		for _, e := range found {
			if e.Base == "" {
				w.agreesOnBase(e)
			} else {
				w.agreesOnAddon(e)
			}
		}
		w.agreesOnEverything(found)
		if t.Failed() {
			t.Fatalf("seed %d: %+v", seed, held.Subscriptions)
		}
	}
	for _, cause := range []kernel.Cause{
		transfer.ThirdPartyProduct, transfer.ProductNotMovable, transfer.OutsideTargetTypes, transfer.NotActive, subscription.InOtherTransfer,
		transfer.NotOwnedBySource, transfer.AddonWithoutBase, programme.RelationshipMissing, transfer.AzurePlanMissing,
	} {
		assert.True(t, met[cause], "no world met %s", cause)
	}
}

func compareIDs(a, b transfer.Eligibility) int {
	return strings.Compare(a.Subscription.ID, b.Subscription.ID)
}

// surveyedWorld is a world and what its survey said, by id.
type surveyedWorld struct {
	*testing.T
	tr      transfer.Transfer
	held    transfer.SelectionFacts
	entries map[string]transfer.Eligibility
}

func (w surveyedWorld) submit(picks ...subscription.Subscription) ([]string, error) {
	items, err := policy.Select(w.tr, picking(picks...), w.held)
	return ids(items), err
}

func (w surveyedWorld) agreesOnBase(e transfer.Eligibility) {
	w.Helper()
	moved, err := w.submit(e.Subscription)
	if e.Eligible {
		require.NoError(w, err)
		require.Equal(w, append([]string{e.Subscription.ID}, e.AddOns...), moved)
		return
	}
	require.Equal(w, error(e.Reasons[0]), err)
}

func (w surveyedWorld) agreesOnAddon(e transfer.Eligibility) {
	w.Helper()
	_, err := w.submit(e.Subscription)
	if w.held.Open.Relationship && policy.Ineligible(w.tr, e.Subscription, w.held.OpenIn) == nil {
		refused(w.T, err, transfer.AddonWithoutBase)
	} else {
		require.Equal(w, error(e.Reasons[0]), err)
	}
	base := subscription.Subscription{ID: e.Base}
	for _, s := range w.held.Subscriptions {
		if s.ID == e.Base {
			base = s
		}
	}
	if base.ID == e.Subscription.ID {
		require.False(w, e.Eligible, "an add-on of itself")
		return
	}
	of := w.entries[e.Base]
	for _, order := range [][]subscription.Subscription{{base, e.Subscription}, {e.Subscription, base}} {
		moved, err := w.submit(order...)
		require.Equal(w, e.Eligible && of.Eligible, err == nil, "%v", err)
		if err == nil {
			require.Contains(w, moved, e.Subscription.ID)
		}
	}
	require.False(w, e.Eligible && !of.Eligible, "an add-on without its base")
}

func (w surveyedWorld) agreesOnEverything(found []transfer.Eligibility) {
	w.Helper()
	var eligible []string
	var onlyThePlan *kernel.Refusal
	for _, e := range found {
		if e.Eligible {
			eligible = append(eligible, e.Subscription.ID)
		} else if e.Base == "" && e.Reasons[0].Cause == transfer.AzurePlanMissing {
			onlyThePlan = e.Reasons[0]
		}
	}
	items, err := policy.Select(w.tr, everything, w.held)
	switch {
	case !w.held.Open.Relationship:
		require.ErrorIs(w, err, programme.RelationshipMissing)
		require.Empty(w, eligible)
	case onlyThePlan != nil: // everything else could move, and a submit is all or nothing
		require.Equal(w, error(onlyThePlan), err)
	case len(eligible) == 0:
		require.ErrorIs(w, err, transfer.NoLineItems)
	default:
		require.NoError(w, err)
		require.ElementsMatch(w, eligible, ids(items))
	}
}

// Without a target the survey is that for a target of whom nothing is wrong and who asked for nothing in particular.
func TestSurveyWithoutTarget(t *testing.T) {
	for seed := range uint64(500) {
		tr, held := anyWorld(rand.New(rand.NewPCG(seed, 61)))
		bare := transfer.Transfer{State: transfer.State{CustomerTenantID: customerID, SourceTenantID: sourceID}}
		got := policy.Survey(bare, transfer.SelectionFacts{Subscriptions: held.Subscriptions, OpenIn: held.OpenIn})
		tr.TargetProductTypes, held.Open = nil, facts()
		require.Equal(t, policy.Survey(tr, held), got, "seed %d", seed)
	}
}
