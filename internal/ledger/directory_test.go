package ledger

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"handover/internal/kernel"
	"handover/internal/programme"
	programmestore "handover/internal/programme/store"
	"handover/internal/subscription"
	subscriptionstore "handover/internal/subscription/store"
	"handover/internal/transfer"
)

// names follows a list of customers to its end.
func (f fixture) names(q programmestore.CustomerSearch) []string {
	f.t.Helper()
	var found []string
	for {
		page, err := f.Customers(f.t.Context(), q)
		require.NoError(f.t, err)
		require.LessOrEqual(f.t, len(page.Items), q.Limit)
		for _, c := range page.Items {
			found = append(found, c.Name)
			q.After = c.TenantID
		}
		if !page.More {
			require.Len(f.t, found, page.Total)
			return found
		}
	}
}

// peopled is a world in which the target deals with nine customers, and bills one more.
func peopled() World {
	w := worldOf(2)
	for i, name := range []string{"Alpha 100%", "alpha_7", "ALPHA", "Ölmühle", "ölwerk", "Zeta", "beta"} {
		c := programme.Customer{
			TenantID: newID(100 + i), Name: name, Domain: fmt.Sprintf("d%d.example", i), Email: "a@b.example", Market: "DE", Locale: "de-DE",
		}
		w.Customers = append(w.Customers, c)
		w.Relationships = append(w.Relationships, programme.Relationship{PartnerTenantID: targetID, CustomerTenantID: c.TenantID})
	}
	w.Subscriptions[1].CustomerTenantID, w.Subscriptions[1].PartnerTenantID = otherID, targetID
	return w
}

func TestCustomers(t *testing.T) {
	onBoth(t, peopled(), func(t *testing.T, f fixture) {
		all := []string{"ALPHA", "Alpha 100%", "alpha_7", "beta", "Contoso", "Fabrikam", "Zeta", "Ölmühle", "ölwerk"}
		for _, limit := range []int{1, 2, 4, 9, 100} {
			require.Equal(t, all, f.names(programmestore.CustomerSearch{PartnerTenantID: strings.ToUpper(targetID), Limit: limit}))
		}
		for prefix, want := range map[string][]string{
			"alpha": all[:3], "ALPHA": all[:3], "alpha_": {"alpha_7"}, "alpha 100%": {"Alpha 100%"}, "%": nil, "_": nil, `\`: nil,
			"ÖL": {"Ölmühle", "ölwerk"}, "pha": nil,
		} {
			require.Equal(t, want, f.names(programmestore.CustomerSearch{PartnerTenantID: targetID, NamePrefix: prefix, Limit: 2}), prefix)
		}
		require.Equal(t, []string{"beta"}, f.names(programmestore.CustomerSearch{PartnerTenantID: targetID, DomainPrefix: "D6", Limit: 2}))
		require.Empty(t, f.names(programmestore.CustomerSearch{PartnerTenantID: targetID, NamePrefix: "a", DomainPrefix: "d6", Limit: 2}))
		require.Equal(t, []string{"Contoso"}, f.names(programmestore.CustomerSearch{PartnerTenantID: sourceID, Limit: 2}), "billed only")
		require.Empty(t, f.names(programmestore.CustomerSearch{PartnerTenantID: strangerID, Limit: 2}))

		page, err := f.Customers(t.Context(), programmestore.CustomerSearch{PartnerTenantID: targetID, NamePrefix: "fab"})
		require.NoError(t, err)
		require.Equal(t, peopled().Customers[1], page.Items[0].Customer)
		require.False(t, page.Items[0].Relationship, "the target bills it and is not its reseller")
		page, err = f.Customers(t.Context(), programmestore.CustomerSearch{PartnerTenantID: targetID, NamePrefix: "con"})
		require.NoError(t, err)
		require.True(t, page.Items[0].Relationship)
	})
}

// a customer of others does not exist.
func TestCustomerOf(t *testing.T) {
	onBoth(t, worldOf(1), func(t *testing.T, f fixture) {
		c, err := f.CustomerOf(t.Context(), strings.ToUpper(targetID), strings.ToUpper(customerID))
		require.NoError(t, err)
		require.Equal(t, programmestore.Client{Customer: worldOf(0).Customers[0], Relationship: true}, c)
		c, err = f.CustomerOf(t.Context(), sourceID, customerID)
		require.NoError(t, err)
		require.Equal(t, programmestore.Client{Customer: worldOf(0).Customers[0]}, c)

		_, err = f.CustomerOf(t.Context(), strangerID, customerID)
		foreign := refuses(t, err, programme.CustomerUnknown)
		_, err = f.CustomerOf(t.Context(), strangerID, newID(1))
		unknown := refuses(t, err, programme.CustomerUnknown)
		require.Equal(t, strings.ReplaceAll(unknown.Message, newID(1), customerID), foreign.Message)

		f.closed(f.moving("r1"), moved(0))
		_, err = f.CustomerOf(t.Context(), sourceID, customerID)
		require.NoError(t, err, "what was billed stays readable")
	})
}

func TestSubscriptionsOf(t *testing.T) {
	onBoth(t, worldOf(5), func(t *testing.T, f fixture) {
		f.closed(f.moving("r1", 0), moved(0))
		for _, limit := range []int{1, 2, 5, 50} {
			var found []string
			after := ""
			for {
				page, err := f.SubscriptionsOf(t.Context(), subscriptionstore.Search{PartnerTenantID: strings.ToUpper(sourceID), CustomerTenantID: customerID, Limit: limit, After: after})
				require.NoError(t, err)
				require.Equal(t, 5, page.Total)
				require.LessOrEqual(t, len(page.Items), limit)
				for _, s := range page.Items {
					found = append(found, s.ID)
					after = strings.ToUpper(s.ID)
				}
				if !page.More {
					break
				}
			}
			require.Equal(t, []string{subID(0), subID(1), subID(2), subID(3), subID(4)}, found)
		}
		page, err := f.SubscriptionsOf(t.Context(), subscriptionstore.Search{PartnerTenantID: targetID, CustomerTenantID: customerID})
		require.NoError(t, err)
		require.Equal(t, []subscription.Subscription{f.sub(newID(0))}, page.Items)
		_, err = f.SubscriptionsOf(t.Context(), subscriptionstore.Search{PartnerTenantID: strangerID, CustomerTenantID: customerID, Limit: 5})
		refuses(t, err, programme.CustomerUnknown)
	})
}

// a subscription of others does not exist.
func TestSubscriptionOf(t *testing.T) {
	onBoth(t, worldOf(1), func(t *testing.T, f fixture) {
		s, err := f.SubscriptionOf(t.Context(), strings.ToUpper(sourceID), strings.ToUpper(customerID), strings.ToUpper(subID(0)))
		require.NoError(t, err)
		require.Equal(t, f.sub(subID(0)), s)
		_, err = f.SubscriptionOf(t.Context(), sourceID, customerID, subID(7))
		unknown := refuses(t, err, subscription.Unknown)
		for _, other := range [][2]string{{targetID, customerID}, {strangerID, customerID}, {sourceID, otherID}} {
			_, err = f.SubscriptionOf(t.Context(), other[0], other[1], subID(0))
			require.Equal(t, strings.ReplaceAll(unknown.Message, subID(7), subID(0)), refuses(t, err, subscription.Unknown).Message)
		}
	})
}

// however long what was asked for is, the answer about it stays short.
func TestUnknownIDsAreClipped(t *testing.T) {
	onBoth(t, worldOf(1), func(t *testing.T, f fixture) {
		long := strings.Repeat("x", 5000)
		for _, ask := range []func() error{
			func() error { _, err := f.CustomerOf(t.Context(), sourceID, long); return err },
			func() error { _, err := f.SubscriptionOf(t.Context(), sourceID, customerID, long); return err },
		} {
			var refusal *kernel.Refusal
			require.ErrorAs(t, ask(), &refusal)
			require.Less(t, len(refusal.Message), 1024)
			require.Less(t, len(refusal.Data[0]), 100)
		}
	})
}

// a partner is read with all its programmes, each with everything about it, and with its agents once; one that has
// none is read, too.
func TestPartnersWithTheirProgrammes(t *testing.T) {
	w := worldOf(1)
	at := time.Date(2031, time.February, 3, 4, 5, 6, 7000, time.UTC)
	w.Partners[0].Programs = []programme.Enrolment{
		{
			Program: programme.DirectBill, Status: programme.Restricted, Since: at, Contact: programme.EnrolmentContact{Name: "Ana", Email: "ana@source.example"},
			AppliedBy: sourceAgent, Decision: programme.Decision{At: at, By: "operator", Reason: "none"},
			Agreement: programme.Acceptance{Given: true, TemplateID: "template", At: at, By: sourceAgent}, AccessEndsAt: at,
		},
		{Program: programme.IndirectReseller, Status: programme.InReview},
	}
	w.Partners[2].Programs = nil
	onBoth(t, w, func(t *testing.T, f fixture) {
		for _, p := range w.Partners {
			got, err := f.Partner(t.Context(), p.TenantID)
			require.NoError(t, err)
			require.Equal(t, p, got)
		}
	})
}

// a source that may do nothing any more may still be asked, and may submit.
func TestAnInactiveSourceTransfersOut(t *testing.T) {
	w := worldOf(1)
	w.Partners[0].Programs = programme.Enrolled(programme.DirectBill, programme.Inactive, true)
	onBoth(t, w, func(t *testing.T, f fixture) {
		require.Equal(t, transfer.InProgress, f.moving("r1", 0).Status)
	})
}

// partnerships are seen from both ends, and those that a customer shares are found for it.
func TestPartnerships(t *testing.T) {
	w := worldOf(1)
	w.Partners = append(w.Partners, programme.Partner{
		TenantID: newID(1), Name: "Second", Programs: programme.Enrolled(programme.IndirectReseller, programme.Inactive, false), MPNID: "mpn-Second",
		Market: "DE", Currency: "EUR", Locale: "de-DE", Users: []programme.User{programme.Agent("u", "u@second.example")},
	})
	w.Partnerships = []programme.Partnership{
		{ProviderTenantID: strings.ToUpper(targetID), ResellerTenantID: newID(1)}, {ProviderTenantID: targetID, ResellerTenantID: resellerID},
	}
	w.Relationships = append(w.Relationships, programme.Relationship{PartnerTenantID: resellerID, CustomerTenantID: customerID},
		programme.Relationship{PartnerTenantID: newID(1), CustomerTenantID: otherID})
	onBoth(t, w, func(t *testing.T, f fixture) {
		of := func(partner string, as programme.Program) []string {
			found, err := f.Partnerships(t.Context(), strings.ToUpper(partner), as)
			require.NoError(t, err)
			return partnerNames(found)
		}
		require.Equal(t, []string{"Second", "Reseller"}, of(targetID, programme.IndirectProvider))
		require.Equal(t, []string{"Target"}, of(resellerID, programme.IndirectReseller))
		require.Empty(t, of(targetID, programme.IndirectReseller))
		require.Empty(t, of(targetID, programme.DirectBill))
		require.Empty(t, of(sourceID, programme.IndirectProvider))
		whole, err := f.Partnerships(t.Context(), targetID, programme.IndirectProvider)
		require.NoError(t, err)
		require.Equal(t, w.Partners[4], whole[0], "with everything about the partner")

		shared := func(partner, customer string) []string {
			found, err := f.CustomerPartnerships(t.Context(), partner, customer)
			require.NoError(t, err)
			var names []string
			for _, c := range found {
				names = append(names, c.Name+" by its "+string(c.Asking))
			}
			return names
		}
		require.Equal(t, []string{"Reseller by its indirect-provider"}, shared(targetID, customerID))
		require.Equal(t, []string{"Target by its indirect-reseller"}, shared(resellerID, customerID))
		f.behind("UPDATE relationships SET counterpart_tenant_id = '" + strangerID + "' WHERE kind = 'reseller'")
		require.Empty(t, shared(targetID, customerID), "that reseller's customer has another provider")
		f.behind("UPDATE relationships SET counterpart_tenant_id = '" + targetID + "' WHERE kind = 'reseller'")
		require.Equal(t, []string{"Reseller by its indirect-provider"}, shared(targetID, customerID))
		f.behind(ended + " WHERE kind = 'reseller' AND customer_tenant_id = '" + customerID + "'")
		require.Empty(t, shared(targetID, customerID), "it is over")
		_, err = f.CustomerOf(t.Context(), resellerID, customerID)
		refuses(t, err, programme.CustomerUnknown)
		require.Empty(t, shared(sourceID, customerID))
		require.Empty(t, shared(newID(1), otherID), "the provider has no relationship with that customer")
		_, err = f.CustomerPartnerships(t.Context(), strangerID, customerID)
		refuses(t, err, programme.CustomerUnknown)
		_, err = f.CustomerPartnerships(t.Context(), targetID, otherID)
		refuses(t, err, programme.CustomerUnknown)
	})
}

func partnerNames(partners []programme.Partner) []string {
	var names []string
	for _, p := range partners {
		names = append(names, p.Name)
	}
	return names
}

// a partner is found by its PartnerID, the reseller first where several share one.
func TestPartnerByMPN(t *testing.T) {
	w := worldOf(0)
	w.Partners[0].MPNID = w.Partners[3].MPNID
	onBoth(t, w, func(t *testing.T, f fixture) {
		p, err := f.PartnerByMPN(t.Context(), "mpn-Reseller", programme.Production)
		require.NoError(t, err)
		require.Equal(t, "Reseller", p.Name)
		p, err = f.PartnerByMPN(t.Context(), "mpn-Target", programme.Production)
		require.NoError(t, err)
		require.Equal(t, targetAgent, p.Users[0].UserID)
		for _, nobody := range []string{"mpn-Nobody", ""} {
			_, err = f.PartnerByMPN(t.Context(), nobody, programme.Production)
			refuses(t, err, programme.PartnerUnknown)
		}
	})
}

// Customers that were there before lists were can be listed too.
func TestMigratedCustomersAreFound(t *testing.T) {
	t.Parallel()
	for name, newURL := range databases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			databaseURL := newURL(t)
			old := oldLedger(t, databaseURL, 2)
			for _, statement := range firstVersion {
				_, err := old.ExecContext(context.WithoutCancel(t.Context()), statement)
				require.NoError(t, err, statement)
			}
			require.NoError(t, old.Close())
			l, err := Open(t.Context(), databaseURL, Options{})
			require.NoError(t, err)
			t.Cleanup(func() { require.NoError(t, l.Close()) })
			f := fixture{Ledger: l, t: t}
			require.Equal(t, []string{"Contoso"}, f.names(programmestore.CustomerSearch{PartnerTenantID: targetID, NamePrefix: "conto", Limit: 1}))
			held, err := l.Agreements(t.Context(), targetID, customerID)
			require.NoError(t, err)
			require.Equal(t, []programme.Agreement{{CustomerTenantID: customerID, PartnerTenantID: targetID, Mode: programme.Attestation}}, held)
		})
	}
}
