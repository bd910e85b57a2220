package ledger

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"handover/internal/administration"
	administrationstore "handover/internal/administration/store"
	"handover/internal/command"
	"handover/internal/kernel"
	"handover/internal/programme"
	"handover/internal/subscription"
	"handover/internal/webhook"
)

// tied are the relationships of the customer, as they are kept.
func (f fixture) tied() []string {
	f.t.Helper()
	return f.rows(`SELECT partner_tenant_id, kind, COALESCE(counterpart_tenant_id, ''), CASE WHEN admin_rights THEN 'admin' ELSE '' END,
		CASE WHEN ended_at IS NULL THEN 'lasts' ELSE 'ended' END FROM relationships WHERE customer_tenant_id = '` + otherID + `'`)
}

// what a partner is to a customer is said by kind, changed, and ended by kind or altogether; what has ended stays, and may
// begin again.
func TestRelationshipsComeChangeAndGo(t *testing.T) {
	w := worldOf(1)
	w.Partners[0].Programs = append(w.Partners[0].Programs, programme.Enrolled(programme.IndirectReseller, programme.Active, true)...)
	onBoth(t, w, func(t *testing.T, f fixture) {
		outcome := func(c administration.Changes) administration.Count {
			t.Helper()
			f.clock.advance(time.Second)
			done, err := f.administer(c)
			require.NoError(t, err)
			require.Len(t, done.Counts, 1)
			return done.Counts[0]
		}
		put := func(r programme.Relationship) administration.Count {
			t.Helper()
			r.CustomerTenantID = otherID
			return outcome(of(World{Relationships: []programme.Relationship{r}}))
		}
		end := func(kind programme.RelationshipKind) administration.Count {
			t.Helper()
			return outcome(administration.Changes{EndedRelationships: []programme.Relationship{{PartnerTenantID: sourceID, CustomerTenantID: otherID, Kind: kind}}})
		}
		const kind = administration.Relationships
		direct := programme.Relationship{PartnerTenantID: sourceID}
		reseller := programme.Relationship{PartnerTenantID: sourceID, Kind: programme.ResellerCustomer, Counterpart: targetID, AdminRights: true}
		require.Equal(t, administration.Count{Kind: kind, New: 1}, put(direct))
		require.Equal(t, administration.Count{Kind: kind, New: 1}, put(reseller))
		require.Equal(t, administration.Count{Kind: kind, Same: 1}, put(reseller))
		reseller.AdminRights, reseller.Counterpart = false, ""
		require.Equal(t, administration.Count{Kind: kind, Changed: 1}, put(reseller), "a right that is not named is none; the provider stays")
		require.Equal(t, []string{sourceID + "|direct|||lasts", sourceID + "|reseller|" + targetID + "||lasts"}, f.tied())

		require.Equal(t, administration.Count{Kind: kind, Ended: 1}, end(programme.ResellerCustomer))
		require.Equal(t, administration.Count{Kind: kind, Same: 1}, end(programme.ResellerCustomer))
		require.Equal(t, administration.Count{Kind: kind, New: 1}, put(reseller))
		require.Equal(t, administration.Count{Kind: kind, Ended: 2}, end(""))
		require.Equal(t, []string{sourceID + "|direct|||ended", sourceID + "|reseller|" + targetID + "||ended", sourceID + "|reseller|||ended"}, f.tied())
		require.Len(t, f.rows(`SELECT id FROM activity_log WHERE resource_type = 'partner_customer_relationship' AND operation = 'add_customer'`), 3)
		require.Len(t, f.rows(`SELECT id FROM activity_log WHERE resource_type = 'partner_customer_relationship' AND operation = 'remove_partner_customer_relationship'`), 3)
		f.holds()
	})
}

// ties that may not be are refused by what is wrong with them, and nothing is written.
func TestTiesThatMayNotBe(t *testing.T) {
	tie := func(all ...programme.Relationship) administration.Changes { return of(World{Relationships: all}) }
	box := func(change func(*programme.Partner)) administration.Changes {
		p := programme.Partner{
			TenantID: newID(900), Name: "Box", Programs: programme.Enrolled(programme.DirectBill, programme.Active, true), MPNID: "8888899", Market: "DE",
			Currency: "EUR", Locale: "de-DE", Environment: programme.Sandbox, SandboxOf: strangerID, Users: []programme.User{programme.Agent(newID(901), "box@box.example")},
		}
		change(&p)
		return of(World{Partners: []programme.Partner{p}})
	}
	w := withSandboxes(worldOf(1))
	for i := range w.Partners {
		if w.Partners[i].MPNID[:3] == "mpn" { // administration wants the form of PartnerIDs
			w.Partners[i].MPNID = "777000" + w.Partners[i].TenantID[35:]
		}
	}
	for name, c := range map[string]struct {
		changes administration.Changes
		cause   kernel.Cause
		says    string
	}{
		"another's programme": {tie(programme.Relationship{PartnerTenantID: targetID, CustomerTenantID: otherID, Kind: programme.DirectCustomer}), kernel.InvalidInput, "cannot have a customer of kind direct"},
		"a counterpart that is none": {tie(programme.Relationship{PartnerTenantID: targetID, CustomerTenantID: otherID, Counterpart: sourceID}), kernel.InvalidInput,
			"counterpart must name a partner in the programme indirect-reseller"},
		"nobody": {tie(programme.Relationship{PartnerTenantID: targetID, CustomerTenantID: otherID, Counterpart: newID(7)}), kernel.InvalidInput, "There is no partner"},
		"twice, once by its kind": {tie(programme.Relationship{PartnerTenantID: targetID, CustomerTenantID: otherID},
			programme.Relationship{PartnerTenantID: targetID, CustomerTenantID: otherID, Kind: programme.ProviderCustomer}), kernel.InvalidInput, "is given twice"},
		"a provider as local reseller":   {tie(programme.Relationship{PartnerTenantID: targetID, CustomerTenantID: otherID, LocalReseller: true}), kernel.InvalidInput, "Only a relationship of kind reseller"},
		"production and sandbox":         {tie(programme.Relationship{PartnerTenantID: targetID, CustomerTenantID: played}), kernel.InvalidInput, "never mix"},
		"a second sandbox":               {box(func(p *programme.Partner) { p.SandboxOf = sourceID }), kernel.InvalidInput, "has a sandbox already"},
		"a sandbox of a sandbox":         {box(func(p *programme.Partner) { p.SandboxOf = boxed }), kernel.InvalidInput, "is in a sandbox itself"},
		"a sandbox of a provider":        {box(func(p *programme.Partner) { p.SandboxOf = targetID }), kernel.InvalidInput, "in the programme direct-bill"},
		"a sandbox of who is restricted": {box(func(*programme.Partner) {}), programme.ProgramNotActive, "Only an active direct-bill partner gets a sandbox"},
		"a sandbox that joins production": {box(func(p *programme.Partner) {
			*p = w.Partners[len(w.Partners)-3]
			p.Environment, p.SandboxOf = programme.Production, ""
		}), programme.InUse, "The environment of"},
		"a customer that leaves its own": {of(World{Customers: []programme.Customer{{
			TenantID: played, Name: "Played", Domain: "played.example", Email: "it@played.example", Market: "DE", Locale: "de-DE",
		}}}), programme.InUse, "The environment of"},
	} {
		t.Run(name, func(t *testing.T) {
			w := w
			w.Partners = append([]programme.Partner{}, w.Partners...)
			for i := range w.Partners {
				if w.Partners[i].TenantID == strangerID {
					w.Partners[i].Programs = programme.Enrolled(programme.DirectBill, programme.Restricted, true)
				}
			}
			onBoth(t, w, func(t *testing.T, f fixture) {
				before := f.contents()
				_, err := f.administer(c.changes)
				require.Contains(t, refuses(t, err, c.cause).Message, c.says)
				require.Equal(t, before, f.contents())
			})
		})
	}
}

// A sandbox comes into being by administration as by a world file, beside its owner, and its owner's log and its own say so.
func TestASandboxIsAdded(t *testing.T) {
	onBoth(t, worldOf(1), func(t *testing.T, f fixture) {
		w := withSandboxes(World{})
		_, err := f.administer(of(w))
		require.NoError(t, err)
		p, err := f.Partner(t.Context(), boxed)
		require.NoError(t, err)
		require.Equal(t, []any{programme.Sandbox, sourceID, false}, []any{p.Environment, p.SandboxOf, p.SandboxGone})
		require.NotEmpty(t, f.rows(`SELECT id FROM activity_log WHERE customer_tenant_id IS NULL AND partner_tenant_id = '`+boxed+`'`), "what concerns no customer is logged, too")
		again, err := f.administer(of(w))
		require.NoError(t, err)
		require.False(t, again.Writes())
		f.holds()
	})
}

// what an operator changes of a subscription is billed and told as its owner's own change is; its price is not changed while
// somebody pays it, and no log but the operators' names them.
func TestWhatOperatorsChangeIsBilledAndTold(t *testing.T) {
	onBoth(t, worldOf(1), func(t *testing.T, f fixture) {
		f.register(sourceID, everyEvent())
		more := f.sub(subID(0))
		more.Quantity += 10
		how := byOperator
		how.By.UserPrincipalName = "olga@operators.example"
		put := func(s subscription.Subscription) error {
			_, err := f.Administer(t.Context(), command.Terms[administration.Applied]{}, how, administrationstore.Of(of(World{Subscriptions: []subscription.Subscription{s}})))
			return err
		}
		require.NoError(t, put(more))
		require.Equal(t, []string{"charge|10|quantity"}, f.rows("SELECT kind, quantity, cause FROM billing_lines"))
		require.Equal(t, []webhook.EventName{webhook.SubscriptionUpdated}, f.due(sourceID))
		require.Empty(t, f.log(sourceID)[0].UserPrincipalName)
		require.Equal(t, "olga", f.log(sourceID)[0].UserID)

		dearer := f.sub(subID(0))
		dearer.UnitPriceMinor++
		refuses(t, put(dearer), kernel.InvalidInput)
		require.NoError(t, put(f.sub(subID(0))))
		require.Len(t, f.due(sourceID), 1, "what changes nothing is told to nobody")
	})
}

// what is ended twice in one command ends once, and is logged once.
func TestAnEndingThatIsNamedTwice(t *testing.T) {
	onBoth(t, worldOf(1), func(t *testing.T, f fixture) {
		tie := programme.Relationship{PartnerTenantID: targetID, CustomerTenantID: customerID}
		named := tie
		named.Kind = programme.ProviderCustomer
		together := programme.Partnership{ProviderTenantID: targetID, ResellerTenantID: resellerID}
		done, err := f.administer(administration.Changes{
			EndedRelationships: []programme.Relationship{tie, named}, EndedPartnerships: []programme.Partnership{together, together},
		})
		require.NoError(t, err)
		require.Equal(t, []administration.Count{{Kind: administration.Relationships, Ended: 1, Same: 1}, {Kind: administration.Partnerships, Ended: 1, Same: 1}}, done.Counts)
		require.Len(t, f.rows("SELECT id FROM activity_log WHERE operation = 'remove_partner_customer_relationship'"), 1)
		f.holds()
	})
}

// a world is decided as one: what it says of a base counts for the add-ons in it, and no add-on is more alive than its base.
func TestBasesAndAddonsAreDecidedTogether(t *testing.T) {
	w := worldOf(2)
	w.Subscriptions[1].ParentID = subID(0)
	onBoth(t, w, func(t *testing.T, f fixture) {
		base, addon := f.sub(subID(0)), f.sub(subID(1))
		put := func(states ...subscription.Status) error {
			b, a := base, addon
			b.Status, a.Status = states[0], states[1]
			_, err := f.administer(of(World{Subscriptions: []subscription.Subscription{b, a}}))
			return err
		}
		require.Error(t, put(subscription.Suspended, subscription.Active))
		require.NoError(t, put(subscription.Suspended, subscription.Suspended))
		late := addon
		late.ID, late.LineageID = subID(7), ""
		_, err := f.administer(of(World{Subscriptions: []subscription.Subscription{late}}))
		refuses(t, err, subscription.StatusNotPossible)
		require.NoError(t, put(subscription.Active, subscription.Active))
		f.holds()
	})
}
