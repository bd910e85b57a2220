package transfer_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handover/internal/transfer"
)

// The rules of section 8.3: what the billing owner may change about a subscription.

// changing is a ledger in which the owner, an indirect provider, may change an annual licence three days into its term.
func changing(changes ...func(*transfer.ChangeFacts)) transfer.ChangeFacts {
	f := transfer.ChangeFacts{
		Subscription: subscription("0001"),
		Owner:        transfer.Partner{TenantID: sourceID, Type: transfer.IndirectProvider, Status: transfer.ProgramActive},
		Now:          at("2024-04-13T08:00:00Z"),
	}
	for _, change := range changes {
		change(&f)
	}
	return f
}

func with(changes ...func(*transfer.Subscription)) func(*transfer.ChangeFacts) {
	return func(f *transfer.ChangeFacts) {
		for _, change := range changes {
			change(&f.Subscription)
		}
	}
}

func dependent(suffix string, changes ...func(*transfer.Subscription)) func(*transfer.ChangeFacts) {
	return func(f *transfer.ChangeFacts) {
		f.Dependents = append(f.Dependents, subscription(suffix, append(changes, under(f.Subscription))...))
	}
}

func to[T any](value T) *T { return &value }

func named(name string) transfer.SubscriptionChange {
	return transfer.SubscriptionChange{FriendlyName: &name}
}

func quantity(n int) transfer.SubscriptionChange { return transfer.SubscriptionChange{Quantity: &n} }

func status(s transfer.SubscriptionStatus) transfer.SubscriptionChange {
	return transfer.SubscriptionChange{Status: &s}
}

func renewing(on bool) transfer.SubscriptionChange {
	return transfer.SubscriptionChange{AutoRenew: &on}
}

func crediting(mpn string) transfer.SubscriptionChange {
	return transfer.SubscriptionChange{PartnerOnRecord: &mpn}
}

var (
	suspending   = status(transfer.SubscriptionSuspended)
	reactivating = status(transfer.SubscriptionActive)
	cancelling   = status(transfer.SubscriptionDeleted)

	suspended   = with(inStatus(transfer.SubscriptionSuspended))
	withoutTerm = func(s *transfer.Subscription) {
		s.TermDuration, s.CommitmentEndDate, s.AutoRenew = "", time.Time{}, false
	}
	paidUpFront = func(s *transfer.Subscription) { s.ProductType, s.Locked = transfer.AzureReservation, true }
)

// attempt is one change and what becomes of it: no cause means that it is made.
type attempt struct {
	name   string // starts with the rule, where there is one
	facts  transfer.ChangeFacts
	change transfer.SubscriptionChange
	cause  transfer.Cause
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
	f := changing(func(f *transfer.ChangeFacts) {
		f.Record = &transfer.Partner{Type: transfer.IndirectReseller, Status: transfer.ProgramActive}
	})
	next, err := rules.ChangeSubscription(f, transfer.SubscriptionChange{
		FriendlyName: to(" Front office "), Quantity: to(12), AutoRenew: to(false), Status: to(transfer.SubscriptionActive), PartnerOnRecord: to("4711001"),
	})
	require.NoError(t, err)
	want := f.Subscription
	want.FriendlyName, want.Quantity, want.AutoRenew, want.PartnerOnRecord = "Front office", 12, false, "4711001"
	assert.Equal(t, want, next)
}

// Clients send the whole subscription as they read it, whatever its state (wire-notes 13).
func TestWhatDoesNotDifferIsNoChange(t *testing.T) {
	for _, state := range []transfer.SubscriptionStatus{
		transfer.SubscriptionActive, transfer.SubscriptionPending, transfer.SubscriptionSuspended, transfer.SubscriptionExpired,
		transfer.SubscriptionDisabled, transfer.SubscriptionDeleted,
	} {
		f := changing(with(inStatus(state), func(s *transfer.Subscription) {
			s.FriendlyName, s.Quantity, s.PartnerOnRecord = " as it was bought ", 2_000_000, "gone"
		}))
		f.OpenIn, f.SalesAgentOnly, f.Owner.Type = transferID, true, transfer.DirectBill
		s := f.Subscription
		for _, c := range []transfer.SubscriptionChange{{}, {
			FriendlyName: &s.FriendlyName, Quantity: &s.Quantity, AutoRenew: &s.AutoRenew, Status: &s.Status, PartnerOnRecord: &s.PartnerOnRecord,
		}} {
			next, err := rules.ChangeSubscription(f, c)
			require.NoError(t, err, state)
			assert.Equal(t, s, next)
		}
	}
}

func TestRulesOfWhatCanBeChangedAtAll(t *testing.T) {
	moving := func(f *transfer.ChangeFacts) { f.OpenIn = transferID }
	pending := with(inStatus(transfer.SubscriptionPending))
	checkAttempts(t, []attempt{
		{"R-76 a name while the subscription moves", changing(moving), named("x"), transfer.InOtherTransfer},
		{"R-76 a cancellation while the subscription moves", changing(moving), cancelling, transfer.InOtherTransfer},
		{"R-286 a name before activation", changing(pending), named("x"), transfer.NotActivated},
		{"R-286 a cancellation before activation", changing(pending), cancelling, transfer.NotActivated},
		{"R-30 the name of a cancelled one", changing(with(inStatus(transfer.SubscriptionDeleted))), named("x"), transfer.SubscriptionEnded},
		{"R-30 a cancelled one comes back", changing(with(inStatus(transfer.SubscriptionDeleted))), reactivating, transfer.SubscriptionEnded},
		{"R-30 an expired one comes back", changing(with(inStatus(transfer.SubscriptionExpired))), reactivating, transfer.SubscriptionEnded},
		{"R-30 the quantity of a disabled one", changing(with(inStatus(transfer.SubscriptionDisabled))), quantity(3), transfer.SubscriptionEnded},
	})
	rule(t, "R-76 the refusal names the transfer as the wire does", func(t *testing.T) {
		_, err := rules.ChangeSubscription(changing(moving), named("x"))
		r := refused(t, err, transfer.InOtherTransfer)
		assert.Equal(t, "subscription is already part of another transfer request id : "+transferID, r.Message)
		assert.Equal(t, 409, r.HTTPStatus())
	})
}

func TestRulesOfTheQuantity(t *testing.T) {
	both := transfer.SubscriptionChange{Quantity: to(3), Status: to(transfer.SubscriptionActive)}
	checkAttempts(t, []attempt{
		{"R-285 more", changing(), quantity(11), ""},
		{"R-285 fewer", changing(), quantity(1), ""},
		{"R-285 of one whose stored name could not be given today", changing(with(func(s *transfer.Subscription) { s.FriendlyName = "" })), quantity(1), ""},
		{"R-285 the most", changing(), quantity(1_000_000), ""},
		{"R-285 too many", changing(), quantity(1_000_001), transfer.QuantityOutOfRange},
		{"R-285 none", changing(), quantity(0), transfer.QuantityOutOfRange},
		{"R-285 less than none", changing(), quantity(-1), transfer.QuantityOutOfRange},
		{"R-285 while suspended", changing(suspended), quantity(11), transfer.QuantitySuspended},
		{"R-285 while it is being suspended", changing(), transfer.SubscriptionChange{Quantity: to(3), Status: to(transfer.SubscriptionSuspended)}, transfer.QuantitySuspended},
		{"R-285 together with the reactivation", changing(suspended), both, ""},
		{"R-37 fewer of what is locked", changing(with(paidUpFront)), quantity(9), transfer.CancellationClosed},
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
			refused(t, err, transfer.InvalidInput)
		}
	}
}

func TestRulesOfTheStatus(t *testing.T) {
	base := subscription("0009", inStatus(transfer.SubscriptionSuspended))
	addon := func(f *transfer.ChangeFacts) { f.Subscription.ParentID, f.Base = base.ID, &base }
	scoped := with(ofType(transfer.AzureReservation), inStatus(transfer.SubscriptionSuspended))
	checkAttempts(t, []attempt{
		{"section 8.3: suspend", changing(), suspending, ""},
		{"section 8.3: reactivate", changing(suspended), reactivating, ""},
		{"section 8.3: cancel", changing(), cancelling, ""},
		{"section 8.3: cancel what is suspended", changing(suspended), cancelling, ""},
		{"section 8.3: make pending", changing(), status(transfer.SubscriptionPending), transfer.StatusNotPossible},
		{"section 8.3: make expired", changing(), status(transfer.SubscriptionExpired), transfer.StatusNotPossible},
		{"section 8.3: make disabled", changing(), status(transfer.SubscriptionDisabled), transfer.StatusNotPossible},
		{"section 8.3: a status that does not exist", changing(), status("cancelled"), transfer.UnknownEnum},
		{"section 8.3: no status", changing(), status(""), transfer.UnknownEnum},
		{"R-74 suspend the base of an active add-on", changing(dependent("0002")), suspending, transfer.AddonsActive},
		{"R-74 suspend the base of a suspended add-on", changing(dependent("0002", inStatus(transfer.SubscriptionSuspended))), suspending, ""},
		{"R-74 suspend the base of a pending add-on", changing(dependent("0002", inStatus(transfer.SubscriptionPending))), suspending, transfer.AddonsActive},
		{"R-74 cancel the base of a suspended add-on", changing(dependent("0002", inStatus(transfer.SubscriptionSuspended))), cancelling, transfer.AddonsActive},
		{"R-74 cancel the base of a cancelled add-on", changing(dependent("0002", inStatus(transfer.SubscriptionDeleted))), cancelling, ""},
		{"R-74 reactivate the base before its add-on", changing(suspended, dependent("0002", inStatus(transfer.SubscriptionSuspended))), reactivating, ""},
		{"R-74 reactivate an add-on before its base", changing(addon, suspended), reactivating, transfer.StatusNotPossible},
		{"R-74 cancel an add-on", changing(addon), cancelling, ""},
		{"R-78 suspend what a reservation is scoped to", changing(dependent("0002", ofType(transfer.AzureReservation))), suspending, ""},
		{"R-78 reactivate a reservation before what it is scoped to", changing(addon, scoped), reactivating, ""},
	})
	rule(t, "R-74 the refusal names the add-ons that are in the way", func(t *testing.T) {
		f := changing(dependent("0002"), dependent("0003", inStatus(transfer.SubscriptionExpired)), dependent("0004"))
		_, err := rules.ChangeSubscription(f, suspending)
		assert.Equal(t, []string{f.Dependents[0].ID, f.Dependents[2].ID}, refused(t, err, transfer.AddonsActive).Data)
	})
}

func TestTheCreditedReseller(t *testing.T) {
	record := func(kind transfer.PartnerType, standing transfer.ProgramStatus) func(*transfer.ChangeFacts) {
		return func(f *transfer.ChangeFacts) { f.Record = &transfer.Partner{Type: kind, Status: standing} }
	}
	directBill := func(f *transfer.ChangeFacts) { f.Owner.Type = transfer.DirectBill }
	creditedBefore := with(func(s *transfer.Subscription) { s.PartnerOnRecord = "4711009" })
	for name, c := range map[string]struct {
		facts  transfer.ChangeFacts
		change transfer.SubscriptionChange
		cause  transfer.Cause
	}{
		"an active reseller":    {changing(record(transfer.IndirectReseller, transfer.ProgramActive)), crediting("4711001"), ""},
		"nobody any more":       {changing(creditedBefore), crediting(""), ""},
		"an unknown one":        {changing(), crediting("4711001"), transfer.RecordUnknown},
		"a provider":            {changing(record(transfer.IndirectProvider, transfer.ProgramActive)), crediting("4711001"), transfer.RecordNotReseller},
		"an inactive reseller":  {changing(record(transfer.IndirectReseller, transfer.ProgramInactive)), crediting("4711001"), transfer.RecordNotReseller},
		"by a direct-bill one":  {changing(directBill, record(transfer.IndirectReseller, transfer.ProgramActive)), crediting("4711001"), transfer.RecordNotAllowed},
		"taken off by the same": {changing(directBill, creditedBefore), crediting(""), transfer.RecordNotAllowed},
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

func TestRulesOfSalesAgents(t *testing.T) {
	seller := func(f *transfer.ChangeFacts) { f.SalesAgentOnly = true }
	saas := with(ofType(transfer.SaaS))
	checkAttempts(t, []attempt{
		{"R-289 the quantity of a marketplace product", changing(seller, saas), quantity(3), transfer.NotForSalesAgents},
		{"R-289 the status of a marketplace product", changing(seller, saas), suspending, transfer.NotForSalesAgents},
		{"R-289 the name of a marketplace product", changing(seller, saas), named("x"), ""},
		{"R-289 the renewal of a marketplace product", changing(seller, saas), renewing(false), ""},
		{"R-289 the quantity of a licence", changing(seller), quantity(3), ""},
		{"R-289 an admin agent may", changing(saas), quantity(3), ""},
	})
}

func TestTheETagFollowsTheContent(t *testing.T) {
	s := subscription("0001")
	assert.Len(t, s.ETag(), 32)
	assert.Equal(t, s.ETag(), subscription("0001").ETag())
	elsewhere := s
	elsewhere.CreationDate = s.CreationDate.In(time.FixedZone("CET", 3600))
	assert.Equal(t, s.ETag(), elsewhere.ETag(), "one instant, in another zone")

	seen := map[string]string{s.ETag(): "the same"}
	for name, change := range map[string]func(*transfer.Subscription){
		"name": func(s *transfer.Subscription) { s.FriendlyName = "x" }, "quantity": func(s *transfer.Subscription) { s.Quantity++ },
		"renewal": func(s *transfer.Subscription) { s.AutoRenew = false }, "status": inStatus(transfer.SubscriptionSuspended),
		"reseller": func(s *transfer.Subscription) { s.PartnerOnRecord = "1" }, "lock": func(s *transfer.Subscription) { s.Locked = true },
		"end": func(s *transfer.Subscription) { s.CancelAt = submitted }, "owner": func(s *transfer.Subscription) { s.PartnerTenantID = targetID },
	} {
		tag := subscription("0001", change).ETag()
		assert.Empty(t, seen[tag], name)
		seen[tag] = name
	}
}
