package subscription_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handover/internal/kernel"
	"handover/internal/kernel/kerneltest"
	"handover/internal/programme"
	"handover/internal/subscription"
)

// The rules of section 8.3: what the billing owner may change about a subscription.

// changing is a ledger in which the owner, an indirect provider, may change an annual licence three days into its term.
func changing(changes ...func(*subscription.ChangeFacts)) subscription.ChangeFacts {
	f := subscription.ChangeFacts{
		Subscription: sample("0001"),
		Owner:        programme.Partner{TenantID: sourceID, Programs: programme.Enrolled(programme.IndirectProvider, programme.Active, true)},
		Now:          at("2024-04-12T08:00:00Z"),
	}
	for _, change := range changes {
		change(&f)
	}
	return f
}

func with(changes ...func(*subscription.Subscription)) func(*subscription.ChangeFacts) {
	return func(f *subscription.ChangeFacts) {
		for _, change := range changes {
			change(&f.Subscription)
		}
	}
}

func dependent(suffix string, changes ...func(*subscription.Subscription)) func(*subscription.ChangeFacts) {
	return func(f *subscription.ChangeFacts) {
		f.Dependents = append(f.Dependents, sample(suffix, append(changes, under(f.Subscription))...))
	}
}

func to[T any](value T) *T { return &value }

func named(name string) subscription.Change {
	return subscription.Change{FriendlyName: &name}
}

func quantity(n int) subscription.Change { return subscription.Change{Quantity: &n} }

func status(s subscription.Status) subscription.Change {
	return subscription.Change{Status: &s}
}

func renewing(on bool) subscription.Change {
	return subscription.Change{AutoRenew: &on}
}

func crediting(mpn string) subscription.Change {
	return subscription.Change{PartnerOnRecord: &mpn}
}

var (
	suspending   = status(subscription.Suspended)
	reactivating = status(subscription.Active)
	cancelling   = status(subscription.Deleted)

	suspended   = with(inStatus(subscription.Suspended))
	withoutTerm = func(s *subscription.Subscription) {
		s.TermDuration, s.CommitmentEndDate, s.AutoRenew = "", time.Time{}, false
	}
	paidUpFront = func(s *subscription.Subscription) { s.ProductType, s.Locked = subscription.AzureReservation, true }
)

// attempt is one change and what becomes of it: no cause means that it is made.
type attempt struct {
	name   string // starts with the rule, where there is one
	facts  subscription.ChangeFacts
	change subscription.Change
	cause  kernel.Cause
}

func checkAttempts(t *testing.T, attempts []attempt) {
	t.Helper()
	for _, a := range attempts {
		run := rule
		if !strings.HasPrefix(a.name, "R-") {
			run = func(t *testing.T, name string, test func(t *testing.T)) { t.Helper(); t.Run(name, test) }
		}
		run(t, a.name, func(t *testing.T) {
			next, err := rules.ChangeSubscription(a.facts, a.change)
			if a.cause != "" {
				refused(t, err, a.cause)
				assert.Equal(t, a.facts.Subscription, next, "a refused change leaves everything as it is")
				return
			}
			require.NoError(t, err)
			assert.NotEqual(t, a.facts.Subscription, next)
		})
	}
}

func TestAChangeChangesWhatItNames(t *testing.T) {
	f := changing(func(f *subscription.ChangeFacts) {
		f.Record = &programme.Partner{Programs: programme.Enrolled(programme.IndirectReseller, programme.Active, true)}
		f.Partnership = true
	})
	next, err := rules.ChangeSubscription(f, subscription.Change{
		FriendlyName: to(" Front office "), Quantity: to(12), AutoRenew: to(false), Status: to(subscription.Active), PartnerOnRecord: to("4711001"),
	})
	require.NoError(t, err)
	want := f.Subscription
	want.FriendlyName, want.Quantity, want.AutoRenew, want.PartnerOnRecord = "Front office", 12, false, "4711001"
	assert.Equal(t, want, next)
}

// Clients send the whole subscription as they read it, whatever its state (wire-notes 13).
func TestWhatDoesNotDifferIsNoChange(t *testing.T) {
	for _, state := range []subscription.Status{
		subscription.Active, subscription.Pending, subscription.Suspended, subscription.Expired,
		subscription.Disabled, subscription.Deleted,
	} {
		f := changing(with(inStatus(state), func(s *subscription.Subscription) {
			s.FriendlyName, s.Quantity, s.PartnerOnRecord = " as it was bought ", 2_000_000, "gone"
		}))
		f.OpenIn, f.SalesAgentOnly, f.Owner.Programs = transferID, true, programme.Enrolled(programme.DirectBill, programme.Active, true)
		s := f.Subscription
		for _, c := range []subscription.Change{{}, {
			FriendlyName: &s.FriendlyName, Quantity: &s.Quantity, AutoRenew: &s.AutoRenew, Status: &s.Status, PartnerOnRecord: &s.PartnerOnRecord,
			BillingCycle: &s.BillingCycle, AsRead: subscription.AsRead{ID: strings.ToUpper(s.ID), OfferID: s.OfferID, TermDuration: s.TermDuration, ParentID: s.ParentID},
		}} {
			next, err := rules.ChangeSubscription(f, c)
			require.NoError(t, err, state)
			assert.Equal(t, s, next)
		}
	}
}

func TestRulesOfWhatCanBeChangedAtAll(t *testing.T) {
	moving := func(f *subscription.ChangeFacts) { f.OpenIn = transferID }
	pending := with(inStatus(subscription.Pending))
	checkAttempts(t, []attempt{
		{"R-76 a name while the subscription moves", changing(moving), named("x"), subscription.InOtherTransfer},
		{"R-76 a cancellation while the subscription moves", changing(moving), cancelling, subscription.InOtherTransfer},
		{"R-286 a name before activation", changing(pending), named("x"), subscription.NotActivated},
		{"R-30 the name of a cancelled one", changing(with(inStatus(subscription.Deleted))), named("x"), subscription.Ended},
		{"R-30 a cancelled one comes back", changing(with(inStatus(subscription.Deleted))), reactivating, subscription.Ended},
		{"R-30 an expired one comes back", changing(with(inStatus(subscription.Expired))), reactivating, subscription.Ended},
		{"R-30 the quantity of a disabled one", changing(with(inStatus(subscription.Disabled))), quantity(3), subscription.Ended},
	})
	rule(t, "R-76 the refusal names the transfer as the wire does", func(t *testing.T) {
		_, err := rules.ChangeSubscription(changing(moving), named("x"))
		r := refused(t, err, subscription.InOtherTransfer)
		assert.Equal(t, "subscription is already part of another transfer request id : "+transferID, r.Message)
		assert.Equal(t, 409, r.HTTPStatus())
	})
}

func TestRulesOfTheQuantity(t *testing.T) {
	both := subscription.Change{Quantity: to(3), Status: to(subscription.Active)}
	checkAttempts(t, []attempt{
		{"R-285 more", changing(), quantity(11), ""},
		{"R-285 fewer", changing(), quantity(1), ""},
		{"R-285 of one whose stored name could not be given today", changing(with(func(s *subscription.Subscription) { s.FriendlyName = "" })), quantity(1), ""},
		{"R-285 the most", changing(), quantity(1_000_000), ""},
		{"R-285 too many", changing(), quantity(1_000_001), subscription.QuantityOutOfRange},
		{"R-285 none", changing(), quantity(0), subscription.QuantityOutOfRange},
		{"R-285 less than none", changing(), quantity(-1), subscription.QuantityOutOfRange},
		{"R-285 while suspended", changing(suspended), quantity(11), subscription.QuantitySuspended},
		{"R-285 while it is being suspended", changing(), subscription.Change{Quantity: to(3), Status: to(subscription.Suspended)}, subscription.QuantitySuspended},
		{"R-285 together with the reactivation", changing(suspended), both, ""},
		{"R-37 fewer of what is locked", changing(with(paidUpFront)), quantity(9), subscription.CancellationClosed},
		{"R-37 more of what is locked", changing(with(paidUpFront)), quantity(11), ""},
	})
}

func TestTheNameMustBeReadable(t *testing.T) {
	for name, ok := range map[string]bool{
		"Büro 1": true, strings.Repeat("ü", 256): true, "  trimmed ": true,
		"": false, "  ": false, strings.Repeat("x", 257): false, "two\nlines": false, "zero\x00byte": false,
	} {
		_, err := rules.ChangeSubscription(changing(), named(name))
		if ok {
			assert.NoError(t, err, name)
		} else {
			refused(t, err, kernel.InvalidInput)
		}
	}
}

func TestRulesOfTheStatus(t *testing.T) {
	base := sample("0009", inStatus(subscription.Suspended))
	addon := func(f *subscription.ChangeFacts) { f.Subscription.ParentID, f.Base = base.ID, &base }
	scoped := with(ofType(subscription.AzureReservation), inStatus(subscription.Suspended))
	checkAttempts(t, []attempt{
		{"section 8.3: suspend", changing(), suspending, ""},
		{"section 8.3: reactivate", changing(suspended), reactivating, ""},
		{"section 8.3: cancel", changing(), cancelling, ""},
		{"section 8.3: cancel what is suspended", changing(suspended), cancelling, ""},
		{"section 8.3: make pending", changing(), status(subscription.Pending), subscription.StatusNotPossible},
		{"section 8.3: make expired", changing(), status(subscription.Expired), subscription.StatusNotPossible},
		{"section 8.3: make disabled", changing(), status(subscription.Disabled), subscription.StatusNotPossible},
		{"section 8.3: a status that does not exist", changing(), status("cancelled"), kernel.UnknownEnum},
		{"section 8.3: no status", changing(), status(""), kernel.UnknownEnum},
		{"R-74 suspend the base of an active add-on", changing(dependent("0002")), suspending, subscription.AddonsActive},
		{"R-74 suspend the base of a suspended add-on", changing(dependent("0002", inStatus(subscription.Suspended))), suspending, ""},
		{"R-74 suspend the base of a pending add-on", changing(dependent("0002", inStatus(subscription.Pending))), suspending, subscription.AddonsActive},
		{"R-74 cancel the base of a suspended add-on", changing(dependent("0002", inStatus(subscription.Suspended))), cancelling, subscription.AddonsActive},
		{"R-74 cancel the base of a cancelled add-on", changing(dependent("0002", inStatus(subscription.Deleted))), cancelling, ""},
		{"R-74 reactivate the base before its add-on", changing(suspended, dependent("0002", inStatus(subscription.Suspended))), reactivating, ""},
		{"R-74 reactivate an add-on before its base", changing(addon, suspended), reactivating, subscription.StatusNotPossible},
		{"R-74 cancel an add-on", changing(addon), cancelling, ""},
		{"R-78 suspend what a reservation is scoped to", changing(dependent("0002", ofType(subscription.AzureReservation))), suspending, ""},
		{"R-78 reactivate a reservation before what it is scoped to", changing(addon, scoped), reactivating, ""},
	})
	rule(t, "R-74 the refusal names the add-ons that are in the way", func(t *testing.T) {
		f := changing(dependent("0002"), dependent("0003", inStatus(subscription.Expired)), dependent("0004"))
		_, err := rules.ChangeSubscription(f, suspending)
		assert.Equal(t, []string{f.Dependents[0].ID, f.Dependents[2].ID}, refused(t, err, subscription.AddonsActive).Data)
	})
}

func TestTheCreditedReseller(t *testing.T) {
	record := func(kind programme.Program, standing programme.Status) func(*subscription.ChangeFacts) {
		return func(f *subscription.ChangeFacts) {
			f.Record, f.Partnership = &programme.Partner{Programs: programme.Enrolled(kind, standing, true)}, true
		}
	}
	reseller := record(programme.IndirectReseller, programme.Active)
	another := func(f *subscription.ChangeFacts) { f.Partnership, f.Record.Programs[0].Agreement.Given = false, false }
	unsigned := func(f *subscription.ChangeFacts) { f.Record.Programs[0].Agreement.Given = false }
	directBill := func(f *subscription.ChangeFacts) {
		f.Owner.Programs = programme.Enrolled(programme.DirectBill, programme.Active, true)
	}
	creditedBefore := with(func(s *subscription.Subscription) { s.PartnerOnRecord = "4711009" })
	for name, c := range map[string]struct {
		facts  subscription.ChangeFacts
		change subscription.Change
		cause  kernel.Cause
	}{
		"an active reseller": {changing(record(programme.IndirectReseller, programme.Active)), crediting("4711001"), ""},
		"nobody any more":    {changing(creditedBefore), crediting(""), ""},
		"an unknown one":     {changing(), crediting("4711001"), subscription.RecordUnknown},
		"a reseller that is direct-bill too": {changing(record(programme.IndirectReseller, programme.Active), func(f *subscription.ChangeFacts) {
			f.Record.Programs = append(programme.Enrolled(programme.DirectBill, programme.Restricted, false), f.Record.Programs...)
		}), crediting("4711001"), ""},
		"a provider":            {changing(record(programme.IndirectProvider, programme.Active)), crediting("4711001"), subscription.RecordNotReseller},
		"an inactive reseller":  {changing(record(programme.IndirectReseller, programme.Inactive)), crediting("4711001"), subscription.RecordNotReseller},
		"D6: another's":         {changing(reseller, another), crediting("4711001"), subscription.RecordNotPartner},
		"D6: without the MPA":   {changing(reseller, unsigned), crediting("4711001"), subscription.RecordMPAMissing},
		"by a direct-bill one":  {changing(directBill, record(programme.IndirectReseller, programme.Active)), crediting("4711001"), subscription.RecordNotAllowed},
		"taken off by the same": {changing(directBill, creditedBefore), crediting(""), subscription.RecordNotAllowed},
	} {
		next, err := rules.ChangeSubscription(c.facts, c.change)
		if c.cause == "" {
			require.NoError(t, err, name)
			assert.Equal(t, *c.change.PartnerOnRecord, next.PartnerOnRecord, name)
		} else {
			refused(t, err, c.cause)
		}
	}
}

// D3: another billing cycle is refused where the plan offers none, never ignored.
func TestTheBillingCycle(t *testing.T) {
	cycle := func(name subscription.BillingCycle) subscription.Change {
		return subscription.Change{BillingCycle: &name}
	}
	checkAttempts(t, []attempt{
		{"R-408 a cycle that the plan does not offer", changing(), cycle(subscription.Annual), subscription.CycleNotOffered},
		{"R-408 a cycle that is none", changing(), cycle("weekly"), kernel.UnknownEnum},
	})
}

// C8: what no change can touch is refused when it differs, never ignored.
func TestWhatNoChangeCanTouch(t *testing.T) {
	for name, read := range map[string]subscription.AsRead{
		"id": {ID: targetID}, "offerId": {OfferID: "another"}, "termDuration": {TermDuration: "P3Y"}, "parentSubscriptionId": {ParentID: targetID},
	} {
		change := named("x")
		change.AsRead = read
		_, err := rules.ChangeSubscription(changing(), change)
		assert.Contains(t, refused(t, err, kernel.InvalidInput).Message, name)
	}
}

func TestRulesOfSalesAgents(t *testing.T) {
	seller := func(f *subscription.ChangeFacts) { f.SalesAgentOnly = true }
	saas := with(ofType(subscription.SaaS))
	checkAttempts(t, []attempt{
		{"R-289 the quantity of a marketplace product", changing(seller, saas), quantity(3), subscription.NotForSalesAgents},
		{"R-289 the status of a marketplace product", changing(seller, saas), suspending, subscription.NotForSalesAgents},
		{"R-407 the name of a marketplace product", changing(seller, saas), named("x"), subscription.NotForSalesAgents},
		{"R-407 the renewal of a marketplace product", changing(seller, saas), renewing(false), subscription.NotForSalesAgents},
		{"R-289 the quantity of a licence", changing(seller), quantity(3), ""},
		{"R-289 an admin agent may", changing(saas), quantity(3), ""},
	})
}

func TestTheETagFollowsTheContent(t *testing.T) {
	s := sample("0001")
	assert.Len(t, s.ETag(), 32)
	assert.Equal(t, s.ETag(), sample("0001").ETag())
	elsewhere := s
	elsewhere.CreationDate = s.CreationDate.In(time.FixedZone("CET", 3600))
	assert.Equal(t, s.ETag(), elsewhere.ETag(), "one instant, in another zone")

	seen := map[string]string{s.ETag(): "the same"}
	for name, change := range map[string]func(*subscription.Subscription){
		"name": func(s *subscription.Subscription) { s.FriendlyName = "x" }, "quantity": func(s *subscription.Subscription) { s.Quantity++ },
		"renewal": func(s *subscription.Subscription) { s.AutoRenew = false }, "status": inStatus(subscription.Suspended),
		"reseller": func(s *subscription.Subscription) { s.PartnerOnRecord = "1" }, "lock": func(s *subscription.Subscription) { s.Locked = true },
		"end": func(s *subscription.Subscription) { s.CancelAt = submitted }, "owner": func(s *subscription.Subscription) { s.PartnerTenantID = targetID },
	} {
		tag := sample("0001", change).ETag()
		assert.Empty(t, seen[tag], name)
		seen[tag] = name
	}
}

// The tag is the content's and nothing else's: it stays when code moves, so that no client has to read again after an upgrade.
func TestETagIsPinned(t *testing.T) {
	s := subscription.Subscription{
		ID: "8c2e4d10-77aa-4f52-b0de-0d3f7b9c0001", Quantity: 5, Status: subscription.Active,
		CreationDate: time.Date(2024, 4, 30, 20, 31, 41, 0, time.FixedZone("here", 7200)),
	}
	require.Equal(t, "869ce118bf0246958f0c2e47250aad97", s.ETag())
}

func TestTheNameKeepsItsBound(t *testing.T) {
	kerneltest.KeepsBound(t, "friendlyName", func(s string) error {
		_, err := rules.ChangeSubscription(changing(), named(s))
		return err
	})
}
