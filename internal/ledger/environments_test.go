package ledger

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"handover/internal/activitylog"
	"handover/internal/command"
	"handover/internal/kernel"
	"handover/internal/programme"
	"handover/internal/store"
	"handover/internal/transfer"
)

// The tenants of a sandbox, boxed is the source's; boxedOther is another partner's.
const (
	boxed      = "5a000000-0000-4000-8000-000000000001"
	boxedOther = "5a000000-0000-4000-8000-000000000002"
	owner      = "5a000000-0000-4000-8000-00000000000f"
	played     = "5a000000-0000-4000-8000-0000000000c1"
)

// withSandboxes is the world with two sandboxes, of the source and of a partner of its own, and a customer in them that one of them
// bills.
func withSandboxes(w World) World {
	box := func(id, of, mpnID string) programme.Partner {
		return programme.Partner{
			TenantID: id, Name: "Sandbox " + id, Programs: programme.Enrolled(programme.DirectBill, programme.Active, true), MPNID: mpnID, Market: "DE",
			Currency: "EUR", Locale: "de-DE", Environment: programme.Sandbox, SandboxOf: of,
			Users: []programme.User{programme.Agent(newID(500), "box@"+id[len(id)-2:]+".example")},
		}
	}
	of := box(owner, "", "8888801")
	of.Environment, of.SandboxOf = programme.Production, ""
	w.Partners = append(w.Partners, box(boxed, sourceID, "8888802"), box(boxedOther, owner, "8888803"), of)
	w.Customers = append(w.Customers, programme.Customer{
		TenantID: played, Name: "Played", Domain: "played.example", Email: "it@played.example", Market: "DE", Locale: "de-DE", Environment: programme.Sandbox,
	})
	w.Relationships = append(w.Relationships, programme.Relationship{PartnerTenantID: boxed, CustomerTenantID: played})
	return w
}

// production and sandbox never mix, whoever writes the ledger.
func TestDatabaseKeepsEnvironmentsApart(t *testing.T) {
	onBoth(t, withSandboxes(worldOf(1)), func(t *testing.T, f fixture) {
		opened := f.pending("r1")
		before := f.contents()
		for what, statement := range map[string]string{
			"a relationship":           relating(played, targetID),
			"the other way round":      relating(customerID, boxed),
			"a relationship, changed":  fmt.Sprintf("UPDATE relationships SET partner_tenant_id = '%s' WHERE customer_tenant_id = '%s'", sourceID, played),
			"an agreement":             fmt.Sprintf("INSERT INTO agreements (customer_tenant_id, partner_tenant_id, mode) VALUES ('%s', '%s', 'direct')", played, sourceID),
			"a partnership":            fmt.Sprintf("INSERT INTO partnerships (provider_tenant_id, reseller_tenant_id) VALUES ('%s', '%s')", targetID, boxed),
			"a subscription":           "UPDATE subscriptions SET partner_tenant_id = '" + boxed + "'",
			"its customer":             "UPDATE subscriptions SET customer_tenant_id = '" + played + "'",
			"the source of a transfer": "UPDATE transfers SET source_tenant_id = '" + boxed + "' WHERE id = '" + opened.ID + "'",
			"its customer's":           "UPDATE transfers SET customer_tenant_id = '" + played + "' WHERE id = '" + opened.ID + "'",
			"a partner that leaves":    "UPDATE partners SET environment = 'production', sandbox_of = NULL WHERE tenant_id = '" + boxed + "'",
			"another owner":            "UPDATE partners SET sandbox_of = '" + targetID + "' WHERE tenant_id = '" + boxed + "'",
			"a customer that leaves":   "UPDATE customers SET environment = 'production' WHERE tenant_id = '" + played + "'",
			"a sandbox of nobody": "INSERT INTO partners (tenant_id, name, mpn_id, market, currency, locale, environment) " +
				"VALUES ('x', 'X', '1', 'DE', 'EUR', 'de-DE', 'sandbox')",
			"a second sandbox": "INSERT INTO partners (tenant_id, name, mpn_id, market, currency, locale, environment, sandbox_of) " +
				"VALUES ('x', 'X', '1', 'DE', 'EUR', 'de-DE', 'sandbox', '" + sourceID + "')",
		} {
			require.Error(t, f.raw(statement), what)
		}
		require.NoError(t, f.raw(relating(customerID, strangerID)), "what does not mix is taken")
		f.behind("DELETE FROM relationships WHERE partner_tenant_id = '" + strangerID + "'")
		require.Equal(t, before, f.contents())
		findings, err := f.Verify(t.Context())
		require.NoError(t, err)
		for _, found := range findings {
			require.Empty(t, found.Broken, found.Invariant)
		}
	})
}

// relating is the statement that ties the two.
func relating(customer, partner string) string {
	return fmt.Sprintf("INSERT INTO relationships (customer_tenant_id, partner_tenant_id, kind, origin, admin_rights, local_reseller_of_record) "+
		"VALUES ('%s', '%s', 'direct', 'seed', FALSE, FALSE)", customer, partner)
}

// R-271, I-6: what was mixed behind the guards is found.
func TestVerifyFindsMixedEnvironments(t *testing.T) {
	onBoth(t, withSandboxes(worldOf(1)), func(t *testing.T, f fixture) {
		drop := "DROP TRIGGER relationships_environment_new"
		if f.Dialect() == store.Postgres {
			drop += " ON relationships"
		}
		f.behind(drop)
		f.behind(relating(played, targetID))
		findings, err := f.Verify(t.Context())
		require.NoError(t, err)
		require.Contains(t, fmt.Sprint(findings), "The relationship of partner "+targetID+" and customer "+played+" mixes production and sandbox.")
		require.Contains(t, fmt.Sprint(findings), "The trigger relationships_environment_new of")
	})
}

// in either environment whoever is in the other is as unknown as who does not exist, to a create and to a dry run.
func TestTheOtherEnvironmentIsUnknown(t *testing.T) {
	nobody := newID(777)
	onBoth(t, withSandboxes(worldOf(1)), func(t *testing.T, f fixture) {
		ask := func(target, source, customer, reseller string) error {
			r := request("r" + newID(1) + target + source + customer + reseller)
			r.RequestID = strings.ReplaceAll(target[:4]+source[30:]+customer[30:]+reseller, "-", "")
			r.Actor, r.TargetPartnerTenantID, r.SourcePartnerTenantID, r.CustomerTenantID = kernel.Actor{PartnerTenantID: target}, target, source, customer
			r.CustomerEmail, r.PartnerOnRecord, r.TargetPartnerEmailID = "it@played.example", reseller, ""
			_, err := transfer.DefaultPolicy().Normalize(r)
			require.NoError(t, err)
			refusals, err := f.PreviewOpen(t.Context(), r)
			require.NoError(t, err)
			_, err = f.OpenTransfer(t.Context(), r)
			if err != nil {
				require.Equal(t, err.Error(), refusals[0].Error(), "the dry run says the same")
			}
			return err
		}
		same := func(id, as string, err, unknown error) {
			require.Error(t, err)
			require.Equal(t, strings.ReplaceAll(unknown.Error(), as, id), err.Error())
		}
		same(boxed, nobody, ask(targetID, boxed, customerID, ""), ask(targetID, nobody, customerID, ""))
		same(played, nobody, ask(targetID, sourceID, played, ""), ask(targetID, sourceID, nobody, ""))
		same(sourceID, nobody, ask(boxedOther, sourceID, played, ""), ask(boxedOther, nobody, played, ""))
		same(customerID, nobody, ask(boxedOther, boxed, customerID, ""), ask(boxedOther, boxed, nobody, ""))
		require.ErrorIs(t, ask(targetID, sourceID, customerID, "8888802"), transfer.ResellerUnknown)
		require.ErrorIs(t, ask(boxedOther, boxed, played, ""), programme.RelationshipMissing, "its own environment it knows")
	})
}

// a relationship is made in a sandbox without the customer, once however often it is asked for, and nowhere else.
func TestRelationshipsOfASandbox(t *testing.T) {
	onBoth(t, withSandboxes(worldOf(1)), func(t *testing.T, f fixture) {
		ask := func(partner, customer string) error {
			made, err := f.MakeSandboxRelationship(t.Context(), command.Terms[programme.Relationship]{}, activitylog.By{PartnerTenantID: partner, UserID: newID(500)}, customer)
			if err == nil {
				require.Equal(t, programme.Relationship{
					PartnerTenantID: boxedOther, CustomerTenantID: played, Kind: programme.DirectCustomer, Origin: programme.FromCreation, Since: start,
				}, made)
				f.clock.advance(time.Minute)
			}
			return err
		}
		require.ErrorIs(t, ask(targetID, played), programme.WrongEnvironment)
		require.ErrorIs(t, ask(targetID, customerID), programme.WrongEnvironment)
		require.ErrorIs(t, ask(boxedOther, customerID), programme.CustomerUnknown)
		require.ErrorIs(t, ask(boxedOther, newID(777)), programme.CustomerUnknown)
		logged := func() []string {
			return f.rows("SELECT new_value FROM activity_log WHERE operation = 'create_partner_customer_relationship'")
		}
		require.Empty(t, logged())
		for range 3 {
			require.NoError(t, ask(strings.ToUpper(boxedOther), strings.ToUpper(played)))
		}
		require.Len(t, logged(), 1)
		require.JSONEq(t, `{"partner":"`+boxedOther+`","customer":"`+played+`","kind":"direct"}`, logged()[0], "spelled as what operators make")
		known, err := f.CustomerOf(t.Context(), boxedOther, played)
		require.NoError(t, err)
		require.True(t, known.Relationship)
	})
}

// a sandbox takes part in nothing once its owner is in direct-bill no more; while that is restricted it goes on.
func TestASandboxGoesWithDirectBill(t *testing.T) {
	onBoth(t, withSandboxes(worldOf(1)), func(t *testing.T, f fixture) {
		for status, gone := range map[programme.Status]bool{
			programme.Active: false, programme.Restricted: false, programme.Inactive: false, programme.Ended: true, programme.Overridden: true,
		} {
			require.NoError(t, f.raw(fmt.Sprintf("UPDATE program_enrolments SET status = '%s' WHERE partner_tenant_id = '%s'", status, owner)))
			p, err := f.Partner(t.Context(), boxedOther)
			require.NoError(t, err)
			require.Equal(t, gone, p.SandboxGone, status)
			require.Equal(t, !gone, p.TakesOn(), status)
		}
	})
}

// who is restricted gets no sandbox; a ledger begins with those that there are.
func TestWhoGetsASandbox(t *testing.T) {
	onBoth(t, worldOf(1), func(t *testing.T, f fixture) {
		extend := func(owned programme.Partner) error {
			sandbox := programme.Partner{
				TenantID: boxed, Name: "Sandbox", Programs: programme.Enrolled(programme.DirectBill, programme.Active, true), MPNID: "8888802", Market: "DE", Currency: "EUR",
				Locale: "de-DE", Environment: programme.Sandbox, SandboxOf: owned.TenantID,
			}
			return f.Extend(t.Context(), World{Partners: []programme.Partner{sandbox, owned}})
		}
		of := func(in programme.Program, as programme.Status) programme.Partner {
			return programme.Partner{TenantID: owner, Name: "Owner", Programs: programme.Enrolled(in, as, true), MPNID: "8888801", Market: "DE", Currency: "EUR", Locale: "de-DE"}
		}
		require.ErrorIs(t, extend(of(programme.DirectBill, programme.Restricted)), programme.ProgramNotActive)
		require.ErrorIs(t, extend(of(programme.IndirectProvider, programme.Active)), programme.PartnerNotEnabled)
		require.NoError(t, extend(of(programme.DirectBill, programme.Active)))
	})
}

// whoever moves a line item, and whoever mails about it, knows that nothing about it is real.
func TestWhatIsOfASandboxIsSaidToBe(t *testing.T) {
	w := withSandboxes(worldOf(1))
	w.Relationships = append(w.Relationships, programme.Relationship{PartnerTenantID: boxedOther, CustomerTenantID: played})
	w.Agreements = append(w.Agreements, programme.Agreement{PartnerTenantID: boxedOther, CustomerTenantID: played, Mode: programme.Attestation})
	held := w.Subscriptions[0]
	held.ID, held.LineageID, held.CustomerTenantID, held.PartnerTenantID, held.ParentID, held.PartnerOnRecord = newID(600), "", played, boxed, "", ""
	w.Subscriptions = append(w.Subscriptions, held)
	onBoth(t, w, func(t *testing.T, f fixture) {
		r := request("box")
		r.Actor, r.TargetPartnerTenantID, r.SourcePartnerTenantID, r.CustomerTenantID = kernel.Actor{PartnerTenantID: boxedOther}, boxedOther, boxed, played
		r.CustomerEmail, r.PartnerOnRecord, r.TargetPartnerEmailID, r.TargetProductTypes = "it@played.example", "", "", nil
		boxes, err := f.OpenTransfer(t.Context(), r)
		require.NoError(t, err)
		real := f.pending("real")
		told := map[string]bool{}
		for id, facts := range f.mailFacts(f.claimMail("relay", 100, 100)) {
			told[id] = facts.Sandbox
		}
		require.Equal(t, map[string]bool{boxes.ID: true, real.ID: false}, told)
		byBox := everything("submit-box")
		byBox.Actor = kernel.Actor{PartnerTenantID: boxed}
		_, err = f.Submit(t.Context(), boxes.ID, byBox)
		require.NoError(t, err)
		f.moving("moving", 0)
		for id, sandbox := range map[string]bool{boxes.ID: true, transfer.NewID(request("moving")): false} {
			_, facts, err := f.MoveFacts(t.Context(), id, []int{0})
			require.NoError(t, err)
			require.Equal(t, sandbox, facts[0].Sandbox)
		}
	})
}

// A sandbox whose people have the addresses of its owner's does not take the domain from it.
func TestADomainIsProductionsFirst(t *testing.T) {
	w := withSandboxes(worldOf(1))
	for i := range w.Partners {
		if w.Partners[i].TenantID == boxed || w.Partners[i].TenantID == sourceID {
			w.Partners[i].Users = []programme.User{programme.Agent(newID(501), "ana@shared.example")}
		}
	}
	onBoth(t, w, func(t *testing.T, f fixture) {
		for domain, want := range map[string]string{"shared.example": sourceID, "02.example": boxedOther, "played.example": played, "nobodys.example": ""} {
			got, err := f.TenantOf(t.Context(), domain)
			require.NoError(t, err)
			require.Equal(t, want, got, domain)
		}
	})
}
