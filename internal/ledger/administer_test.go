package ledger

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handover/internal/activitylog"
	"handover/internal/administration"
	administrationstore "handover/internal/administration/store"
	"handover/internal/command"
	"handover/internal/kernel"
	"handover/internal/programme"
	"handover/internal/subscription"
	"handover/internal/transfer"
	"handover/internal/world"
)

// byOperator is how the tests administer.
var byOperator = administrationstore.How{By: activitylog.By{UserID: "olga"}, Place: administration.InLedger}

// administer carries the changes out and gives the outcome and the refusal.
func (f fixture) administer(c administration.Changes) (administration.Applied, error) {
	f.t.Helper()
	return f.Administer(f.t.Context(), command.Terms[administration.Applied]{}, byOperator, administrationstore.Of(c))
}

func of(w World) administration.Changes { return administration.Changes{World: w} }

// opened is a transfer of the demonstration that waits for its source.
func (f fixture) opened(d world.Demonstration) transfer.Transfer {
	f.t.Helper()
	tr, err := f.OpenTransfer(f.t.Context(), d.Request("r1"))
	require.NoError(f.t, err)
	return tr
}

// A world that is applied to an empty ledger is there as if it had been seeded; applied again it changes nothing and is in no log.
func TestApplyIsSeedingAndDoesNothingTwice(t *testing.T) {
	w := world.Sample()
	onEmpty(t, func(t *testing.T, f fixture) {
		first, err := f.administer(of(w))
		require.NoError(t, err)
		require.Equal(t, administration.Count{Kind: administration.Partners, New: len(w.Partners)}, first.Counts[0])
		for _, want := range w.Normal().Partners {
			is, err := f.Partner(t.Context(), want.TenantID)
			require.NoError(t, err)
			require.Equal(t, want, is)
		}
		subs, err := f.Subscriptions(t.Context(), "", "")
		require.NoError(t, err)
		require.ElementsMatch(t, w.Normal().Subscriptions, subs)
		f.holds()

		before := f.contents()
		again, err := f.administer(of(w))
		require.NoError(t, err)
		require.False(t, again.Writes(), again)
		require.Equal(t, before, f.contents())
	})
}

// The same of a ledger that was seeded; and what is rehearsed is told and not written.
func TestApplyOntoALedgerInUse(t *testing.T) {
	w := world.Sample()
	onBoth(t, w, func(t *testing.T, f fixture) {
		same, err := f.administer(of(w))
		require.NoError(t, err)
		require.False(t, same.Writes(), same)

		more, customer := world.Copy(world.Demo().CustomerTenantID, "more")
		more.Customers[0].Name = "Contoso Patisserie"
		before := f.contents()
		how := byOperator
		how.Rehearse = true
		told, err := f.Administer(t.Context(), command.Terms[administration.Applied]{}, how, administrationstore.Of(of(more)))
		require.NoError(t, err)
		require.True(t, told.Rehearsed)
		require.Equal(t, before, f.contents())

		done, err := f.administer(of(more))
		require.NoError(t, err)
		require.Equal(t, told.Counts, done.Counts)
		c, err := f.Customer(t.Context(), customer)
		require.NoError(t, err)
		require.Equal(t, "Contoso Patisserie", c.Name)
		f.holds()
	})
}

// Each thing that would break something that is, or that is not for administration to do, is refused by its cause and writes nothing.
func TestAdministrationRefuses(t *testing.T) {
	w := world.Sample()
	d := world.Demo()
	partner := func(id string, change func(*programme.Partner)) administration.Changes {
		for _, p := range world.Sample().Partners {
			if p.TenantID == id {
				change(&p)
				return of(World{Partners: []programme.Partner{p}})
			}
		}
		panic(id)
	}
	source := func(change func(*programme.Partner)) administration.Changes { return partner(d.SourceTenantID, change) }
	customer := func(change func(*programme.Customer)) administration.Changes {
		c := world.Sample().Customers[0]
		change(&c)
		return of(World{Customers: []programme.Customer{c}})
	}
	licence := func(change func(*subscription.Subscription)) administration.Changes {
		for _, s := range world.Sample().Subscriptions {
			if s.PartnerTenantID == d.SourceTenantID && s.CustomerTenantID == d.CustomerTenantID && s.ProductType == subscription.OnlineServicesNCE && s.ParentID == "" {
				change(&s)
				return of(World{Subscriptions: []subscription.Subscription{s}})
			}
		}
		panic("no licence")
	}
	huge := strings.Repeat("x", 2<<20)
	onBoth(t, w, func(t *testing.T, f fixture) {
		f.opened(d)
		before := f.contents()
		for name, c := range map[string]struct {
			changes administration.Changes
			cause   kernel.Cause
		}{
			"2 MB":                       {source(func(p *programme.Partner) { p.Name = huge }), kernel.InvalidInput},
			"a control character":        {source(func(p *programme.Partner) { p.Name = "a\x07b" }), kernel.InvalidInput},
			"text that runs backwards":   {customer(func(c *programme.Customer) { c.Name = "a\u202eb" }), kernel.InvalidInput},
			"nothing that can be seen":   {customer(func(c *programme.Customer) { c.Name = "\u200b" }), kernel.InvalidInput},
			"a lookalike domain":         {customer(func(c *programme.Customer) { c.Domain = "cоntoso.example" }), kernel.InvalidInput},
			"two addresses in one":       {customer(func(c *programme.Customer) { c.Email = "a@b.example, c@d.example" }), kernel.InvalidInput},
			"no id":                      {customer(func(c *programme.Customer) { c.TenantID = "x" }), kernel.InvalidInput},
			"R-410 an unheard-of status": {source(func(p *programme.Partner) { p.Programs[0].Status = "gold" }), kernel.UnknownEnum},
			"R-410 a programme twice":    {source(func(p *programme.Partner) { p.Programs = append(p.Programs, p.Programs[0]) }), kernel.InvalidInput},
			"R-54 the last admin agent":  {source(func(p *programme.Partner) { p.Users = nil }), kernel.InvalidInput},
			"a user twice":               {source(func(p *programme.Partner) { p.Users = append(p.Users, p.Users[0]) }), kernel.InvalidInput},
			"R-57 another's PartnerID":   {source(func(p *programme.Partner) { p.MPNID = w.Partners[1].MPNID }), kernel.InvalidInput},
			"currency while it bills":    {source(func(p *programme.Partner) { p.Currency = "EUR" }), programme.InUse},
			"R-45 market while it bills": {source(func(p *programme.Partner) { p.Market = "JP" }), programme.InUse},
			"R-41 left while it bills":   {source(func(p *programme.Partner) { p.Programs[0].Status = programme.Ended }), programme.InUse},
			"R-45 market while billed":   {customer(func(c *programme.Customer) { c.Market = "JP" }), programme.InUse},
			"I-1 another owner":          {licence(func(s *subscription.Subscription) { s.PartnerTenantID = d.TargetTenantID }), subscription.MovesByTransfer},
			"I-1 another customer":       {licence(func(s *subscription.Subscription) { s.CustomerTenantID = w.Customers[1].TenantID }), subscription.MovesByTransfer},
			"another product":            {licence(func(s *subscription.Subscription) { s.OfferID = "other:0001" }), kernel.InvalidInput},
			"a negative price":           {licence(func(s *subscription.Subscription) { s.UnitPriceMinor = -1 }), kernel.InvalidInput},
			"too many units":             {licence(func(s *subscription.Subscription) { s.Quantity = subscription.MostUnits + 1 }), kernel.InvalidInput},
			"R-408 another cycle":        {licence(func(s *subscription.Subscription) { s.BillingCycle = subscription.OneTime }), subscription.CycleNotOffered},
			"a customer of nobody": {of(World{Relationships: []programme.Relationship{{PartnerTenantID: d.SourceTenantID, CustomerTenantID: d.SourceTenantID}}}),
				kernel.InvalidInput},
			"R-50 apart while it bills": {administration.Changes{EndedRelationships: []programme.Relationship{{PartnerTenantID: d.TargetTenantID, CustomerTenantID: d.CustomerTenantID}}},
				programme.InUse},
			"several at once": {of(World{Partners: source(func(p *programme.Partner) { p.Currency = "EUR" }).Partners,
				Customers: customer(func(c *programme.Customer) { c.Market = "JP" }).Customers}), administration.Contradicts},
			"more than one command may": {of(World{Customers: make([]programme.Customer, administration.MostRecords+1)}), administration.TooMany},
		} {
			_, err := f.administer(c.changes)
			assert.ErrorIs(t, err, c.cause, name)
			if err != nil {
				assert.Less(t, len(err.Error()), 1000, name)
			}
		}
		require.Equal(t, before, f.contents())
	})
}

// what a transfer is moving stays as it is, and so does what would be bound to it.
func TestAdministrationKeepsOffWhatMoves(t *testing.T) {
	d := world.Demo()
	onBoth(t, world.Sample(), func(t *testing.T, f fixture) {
		tr := f.opened(d)
		sub, err := f.Submit(t.Context(), tr.ID, transfer.Approval{
			RequestID: "s", Actor: kernel.Actor{PartnerTenantID: d.SourceTenantID, UserID: d.SourceUserID}, Selection: transfer.Selection{AllEligible: true},
		})
		require.NoError(t, err)
		before := f.contents()
		moving, err := f.Subscription(t.Context(), f.rows("SELECT subscription_id FROM line_items WHERE base_ordinal IS NULL AND product_type = 'OnlineServicesNCE'")[0])
		require.NoError(t, err, sub)
		dearer, addon := moving, moving
		dearer.UnitPriceMinor++
		addon.ID, addon.ParentID, addon.LineageID = subID(77), moving.ID, ""
		for _, s := range []subscription.Subscription{dearer, addon} {
			_, err := f.administer(of(World{Subscriptions: []subscription.Subscription{s}}))
			require.ErrorIs(t, err, subscription.InOtherTransfer)
		}
		require.Equal(t, before, f.contents())
	})
}

// Changes stand in the logs of the partners whom they concern, with the operator, what was and what is.
func TestAdministrationIsLogged(t *testing.T) {
	d := world.Demo()
	onBoth(t, world.Sample(), func(t *testing.T, f fixture) {
		c, err := f.Customer(t.Context(), d.CustomerTenantID)
		require.NoError(t, err)
		c.Email = "billing@contoso-bakery.example"
		_, err = f.administer(of(World{Customers: []programme.Customer{c}}))
		require.NoError(t, err)
		for _, partner := range []string{d.SourceTenantID, d.TargetTenantID} {
			newest := f.log(partner)[0]
			require.Equal(t, activitylog.AuditUpdateCustomer, newest.Operation)
			require.Equal(t, "olga", newest.UserID)
			require.Contains(t, newest.OldValue, "it@contoso-bakery.example")
			require.Contains(t, newest.NewValue, c.Email)
		}
		f.holds()
	})
}

// I-6: a user who left, or has another address, no longer gets mail and no longer acts; what was sent before stays explained.
func TestUsersComeAndGo(t *testing.T) {
	d := world.Demo()
	onBoth(t, world.Sample(), func(t *testing.T, f fixture) {
		first := f.opened(d)
		p, err := f.Partner(t.Context(), d.TargetTenantID)
		require.NoError(t, err)
		heir := programme.User{UserID: subID(5), Email: "heir@target.example", Roles: []programme.Role{programme.GlobalAdmin, programme.AdminAgent}}
		_, err = f.administer(of(World{Partners: []programme.Partner{p.Without(d.TargetUserID).With(heir)}}))
		require.NoError(t, err)
		f.holds()
		_, err = f.Cancel(t.Context(), first.ID, transfer.Decision{RequestID: "c", Actor: kernel.Actor{PartnerTenantID: d.TargetTenantID, UserID: d.TargetUserID}})
		require.ErrorIs(t, err, kernel.NotAdminAgent)
		_, err = f.Cancel(t.Context(), first.ID, transfer.Decision{RequestID: "c", Actor: kernel.Actor{PartnerTenantID: d.TargetTenantID, UserID: heir.UserID}})
		require.NoError(t, err)
		again, err := f.Partner(t.Context(), d.TargetTenantID)
		require.NoError(t, err)
		require.Contains(t, again.Users, heir)
		require.False(t, again.Admits(d.TargetUserID))
		_, err = f.administer(of(World{Partners: []programme.Partner{again.With(programme.Agent(d.TargetUserID, "back@target.example"))}}))
		require.NoError(t, err)
		f.holds()
	})
}

// Operators at one instant take turns: none undoes what another did. The same request twice is one change and one answer.
func TestOperatorsAtOneInstant(t *testing.T) {
	d := world.Demo()
	onBoth(t, world.Sample(), func(t *testing.T, f fixture) {
		const many = 12
		var all sync.WaitGroup
		for n := range many {
			all.Go(func() {
				terms := command.Terms[administration.Applied]{Claim: command.Claim{CallerTenantID: "operator", Route: "user", Key: fmt.Sprint(n / 2), Fingerprint: fmt.Sprint(n / 2)}}
				_, err := f.Administer(t.Context(), terms, byOperator, func(ctx context.Context, known administrationstore.Known) (administration.Changes, error) {
					p, _, err := known.Partner(ctx, d.SourceTenantID)
					return of(World{Partners: []programme.Partner{p.With(programme.Agent(subID(n), fmt.Sprintf("n%d@source.example", n)))}}), err
				})
				var repeated *command.Repeated
				if err != nil {
					assert.ErrorAs(t, err, &repeated)
				}
			})
		}
		all.Wait()
		p, err := f.Partner(t.Context(), d.SourceTenantID)
		require.NoError(t, err)
		require.Len(t, p.Users, len(world.Sample().Partners[0].Users)+many/2)
		f.holds()
	})
}

// However many records one command has, it takes as many statements: five thousand rows go into one.
func TestApplyTakesFewStatements(t *testing.T) {
	w := world.Large(500, 19)
	onEmpty(t, func(t *testing.T, f fixture) {
		before := f.Statements()
		_, err := f.administer(of(w))
		require.NoError(t, err)
		require.Less(t, f.Statements()-before, int64(40))
		before = f.Statements()
		again, err := f.administer(of(w))
		require.NoError(t, err)
		require.False(t, again.Writes())
		require.Less(t, f.Statements()-before, int64(20))
	})
}
