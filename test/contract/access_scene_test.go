package contract

// The scene of the access tests: partners and a customer that no other test knows, and everything about them that can be
// recognised in an answer, each with the parties that may read it there.

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"handover/internal/command"
	commercestore "handover/internal/commerce/store"
	"handover/internal/ledger"
	"handover/internal/programme"
	"handover/internal/subscription"
	"handover/internal/webhook"
)

// party is what a caller is to the transfers of the scene.
type party string

const (
	isSource   party = "source"
	isTarget   party = "target"
	isStranger party = "stranger" // sells to the customer too, and takes no part
	isOutsider party = "outsider" // a partner that has nothing to do with the customer
	isReseller party = "reseller" // the customer's indirect reseller, under the target
	isCustomer party = "customer" // the customer's own tenant
)

// partners are the parties that are partners, in the order of a row of the table.
var partners = []party{isSource, isTarget, isStranger, isOutsider, isReseller}

// secret is a text that only some may read who did not say it themselves.
type secret struct {
	what    string
	text    string
	knownTo []party // they may, and the API tells them somewhere
	own     party   // they may, for it is theirs
}

// troupe are the partners, and what is secret of them and of every scene that they play.
type troupe struct {
	of      map[party]programme.Partner
	secrets []secret
}

// scene is a customer of theirs with its transfers.
type scene struct {
	*troupe
	customer string
	email    string // for the customer's notification

	complete, partial, pending string // transfers; a fresh scene has the last one only

	spare     string // a subscription of the source that can be transferred and changed
	kept      string // one that cannot be transferred
	old       string // one that was moved, as the source had it
	moved     string // the same, as the target has it
	order     string // that brought it
	name      string // of the customer
	records   map[party]string
	reference map[party]string // how they label the transfers
}

// marked is a text that occurs nowhere else.
func marked(what string) string { return what + " " + uuid.NewString() }

func (c *troupe) hide(what, text string, knownTo ...party) string {
	c.secrets = append(c.secrets, secret{what: what, text: text, knownTo: knownTo})
	return text
}

// newTroupe adds the partners to the ledger.
func newTroupe(t testing.TB) *troupe {
	t.Helper()
	c := &troupe{of: map[party]programme.Partner{}}
	kinds := map[party]programme.Program{
		isSource: programme.DirectBill, isTarget: programme.IndirectProvider, isStranger: programme.DirectBill, isOutsider: programme.DirectBill,
		isReseller: programme.IndirectReseller,
	}
	// A transfer names its parties to each other, and a partnership too.
	knownTo := map[party][]party{isSource: {isSource, isTarget}, isTarget: {isSource, isTarget, isReseller}, isReseller: {isTarget}}
	w := ledger.World{}
	for p, kind := range kinds {
		made := programme.Partner{
			TenantID: uuid.NewString(), Name: marked(string(p)), Programs: programme.Enrolled(kind, programme.Active, true),
			MPNID: fmt.Sprint(1_000_000_000 + rand.Int64N(8_000_000_000)), Market: "US", Currency: "USD", Locale: "en-US",
		}
		for n := range 2 {
			made.Users = append(made.Users, programme.Agent(uuid.NewString(), uuid.NewString()+"@agents.example"))
			c.hide(fmt.Sprintf("address of agent %d of the %s", n, p), made.Users[n].Email)
		}
		c.hide("idle agent of the "+string(p), made.Users[1].UserID)
		c.secrets = append(c.secrets,
			secret{what: "name of the " + string(p), text: made.Name, knownTo: knownTo[p], own: p},
			secret{what: "tenant of the " + string(p), text: made.TenantID, knownTo: knownTo[p], own: p},
		)
		c.of[p], w.Partners = made, append(w.Partners, made)
	}
	c.hide("acting agent of the source", c.agent(isSource), isSource, isTarget) // lastModifiedUser of a transfer
	c.hide("acting agent of the target", c.agent(isTarget), isSource, isTarget)
	c.hide("PartnerID of the source", c.of[isSource].MPNID, isSource) // its own, on its bills
	c.hide("PartnerID of the target", c.of[isTarget].MPNID, isTarget, isReseller)
	c.hide("PartnerID of the reseller", c.of[isReseller].MPNID, isTarget, isReseller) // to itself in its invitations
	w.Partnerships = []programme.Partnership{{ProviderTenantID: c.of[isTarget].TenantID, ResellerTenantID: c.of[isReseller].TenantID}}
	require.NoError(t, stage.Ledger.Extend(t.Context(), w))
	return c
}

// agent is the admin agent who acts for the party.
func (c *troupe) agent(p party) string { return c.of[p].Users[0].UserID }

// act calls for the party, as its admin agent.
func (c *troupe) act(p party) client {
	return client{tenant: c.of[p].TenantID, user: c.agent(p), roles: []string{adminAgent}}
}

// newScene adds a customer with holdings and plays three transfers: one that ends Complete, one that ends
// PartiallyComplete, and one that stays Pending.
func newScene(t testing.TB, c *troupe) *scene {
	t.Helper()
	s := &scene{troupe: c, records: map[party]string{}, reference: map[party]string{}}
	going, broken := []subscription.Subscription{licence(marked("moving"), atOnce), licence(marked("moving too"), atOnce)}, licence(marked("broken"), never)
	broken.OfferID = uuid.NewString() + ":0001"
	s.enter(t, append(slices.Clone(going), broken)...)
	s.attest(t)
	require.NoError(t, stage.Ledger.PublishWebhookCertificate(t.Context(), aCertificate))
	s.complete = s.play(t, isTarget, going[0])
	s.partial = s.play(t, isTarget, going[1], broken)
	s.pending = s.play(t, isTarget)
	c.hide("broken subscription", broken.ID, isSource)
	c.hide("name of the broken subscription", broken.FriendlyName, isSource)
	c.hide("offer of the broken subscription", broken.OfferID, isSource)
	for i, id := range []string{s.complete, s.partial} {
		c.hide("moved subscription", going[i].ID, isSource)
		c.hide("name of the moved subscription", going[i].FriendlyName, isSource, isTarget)
		items, err := stage.Ledger.Items(t.Context(), id, 0, -1)
		require.NoError(t, err)
		for _, item := range items {
			if item.TargetSubscriptionID != "" {
				s.moved = c.hide("new subscription", item.TargetSubscriptionID, isTarget)
				s.old = item.SubscriptionID
			}
		}
	}
	brought, err := stage.Ledger.OrdersOf(t.Context(), commercestore.OrderSearch{PartnerTenantID: c.of[isTarget].TenantID, CustomerTenantID: s.customer, Limit: 1})
	require.NoError(t, err)
	s.order = c.hide("order of the target", brought.Items[0].ID, isTarget)
	for _, p := range []party{isSource, isTarget} {
		log, err := stage.Ledger.LogOf(t.Context(), s.complete, c.of[p].TenantID)
		require.NoError(t, err)
		for _, r := range log {
			s.records[p] = c.hide("audit record of the "+string(p), r.ID, p)
		}
	}
	return s
}

// fresh is another customer of the same partners, with a Pending transfer and nothing that was tried on it yet.
func (s *scene) fresh(t testing.TB) *scene {
	t.Helper()
	c := &troupe{of: s.of} // what is secret of it is nobody's business
	other := &scene{troupe: c, records: s.records, reference: map[party]string{}, old: s.old, moved: s.moved, order: s.order, complete: s.complete, partial: s.partial}
	other.enter(t)
	other.pending = other.play(t, isTarget)
	other.endWebhooks(t)
	return other
}

// endWebhooks ends the registrations of the partners, whom scenes share.
func (s *scene) endWebhooks(t testing.TB) {
	t.Helper()
	for _, p := range partners {
		_, err := stage.Ledger.UnregisterWebhook(t.Context(), command.Terms[webhook.Registration]{}, s.of[p].TenantID)
		if !errors.Is(err, webhook.NotRegistered) {
			require.NoError(t, err)
		}
	}
}

// enter adds the customer, whom it accepted, and what it holds.
func (s *scene) enter(t testing.TB, moving ...subscription.Subscription) {
	t.Helper()
	s.customer = uuid.NewString()
	s.name = s.hide("name of the customer", marked("customer"), isSource, isTarget, isStranger, isReseller)
	s.email = s.hide("address to notify", uuid.NewString()+"@notify.example", isSource, isTarget)
	known := programme.Customer{
		TenantID: s.customer, Name: s.name, Domain: uuid.NewString() + ".example", Email: uuid.NewString() + "@bills.example", Market: "US", Locale: "en-US",
	}
	s.hide("tenant of the customer", s.customer, isSource, isTarget, isStranger, isReseller)
	s.hide("domain of the customer", known.Domain, isSource, isTarget, isStranger, isReseller)
	s.hide("address of the customer", known.Email, isSource, isTarget, isStranger, isReseller)
	w := ledger.World{Customers: []programme.Customer{known}}
	for _, p := range []party{isSource, isTarget, isStranger, isReseller} {
		w.Relationships = append(w.Relationships, programme.Relationship{PartnerTenantID: s.of[p].TenantID, CustomerTenantID: s.customer})
	}
	for _, p := range []party{isTarget, isStranger} {
		w.Agreements = append(w.Agreements, programme.Agreement{CustomerTenantID: s.customer, PartnerTenantID: s.of[p].TenantID, Mode: programme.Attestation})
	}
	spare, kept, theirs, others := licence(marked("spare"), atOnce), licence(marked("kept"), atOnce), licence(marked("theirs"), atOnce), licence(marked("others'"), atOnce)
	kept.Status = subscription.Suspended
	s.spare, s.kept = spare.ID, kept.ID
	for p, holdings := range map[party][]subscription.Subscription{isSource: {spare, kept}, isTarget: {theirs}, isStranger: {others}} {
		for _, h := range holdings {
			s.hide("subscription of the "+string(p), h.ID, p)
			s.hide("name of a subscription of the "+string(p), h.FriendlyName, p)
		}
		if p == isSource {
			holdings = append(holdings, moving...)
		}
		for _, h := range holdings {
			h.CustomerTenantID, h.PartnerTenantID = s.customer, s.of[p].TenantID
			w.Subscriptions = append(w.Subscriptions, h)
		}
	}
	require.NoError(t, stage.Ledger.Extend(t.Context(), w))
	for _, p := range []party{isSource, isTarget} {
		s.reference[p] = s.hide("reference of the "+string(p), marked("reference"), p)
	}
}

// attest makes source and target attest the agreement, each with a contact of its own.
func (s *scene) attest(t testing.TB) {
	t.Helper()
	for _, p := range []party{isSource, isTarget} {
		body := s.attestation()
		contact, ok := body["primaryContact"].(object)
		require.True(t, ok)
		s.hide("contact of the "+string(p), contact["email"].(string), p)
		as[object](t, s.act(p).post(t, "/v1/customers/"+s.customer+"/agreements", body), http.StatusCreated)
	}
}

// attestation is the body of an attestation with a contact that is nobody else's.
func (s *scene) attestation() object {
	return object{
		"type": "MicrosoftCustomerAgreement", "templateId": uuid.NewString(), "dateAgreed": "2026-01-02",
		"primaryContact": object{"firstName": "Ada", "lastName": "Example", "email": uuid.NewString() + "@contacts.example"},
	}
}

// request is the body of a create that the target may send.
func (s *scene) request() object {
	return object{
		"sourcePartnerTenantId": s.of[isSource].TenantID, "sourcePartnerName": s.of[isSource].Name, "customerEmailId": s.email, "transferType": 3,
	}
}

// play asks for a transfer, has both parties label it, and moves these subscriptions with it, if any.
func (s *scene) play(t testing.TB, by party, moving ...subscription.Subscription) string {
	t.Helper()
	ask, label, submit := uuid.NewString(), uuid.NewString(), uuid.NewString()
	s.hide("request id of the target", ask, isSource, isTarget) // both logs have it
	body := with(s.request(), object{
		"customerName": s.hide("name that the target gave", marked("given"), isSource, isTarget), "externalReference": s.reference[by],
		"targetPartnerEmailId": s.hide("free text of the target", uuid.NewString()+"@target.example", isSource, isTarget),
		"tags":                 []string{s.hide("tag of the target", marked("tag"), isTarget)},
	})
	made := as[object](t, s.act(by).do(t, call{
		method: http.MethodPost, path: transfers(s.customer), body: body, header: map[string]string{"MS-RequestId": ask},
	}), http.StatusCreated)
	id := s.hide("transfer", made["id"].(string), isSource, isTarget)
	path := transfers(s.customer) + "/" + id
	s.hide("request id of a label", label)
	as[object](t, s.act(isSource).do(t, call{method: http.MethodPatch, path: path, header: map[string]string{"MS-RequestId": label}, body: object{
		"externalReference": s.reference[isSource], "tags": []string{s.hide("tag of the source", marked("tag"), isSource)},
	}}), http.StatusOK)
	if len(moving) == 0 {
		return id
	}
	s.hide("request id of the source", submit, isSource, isTarget)
	picked := make([]object, len(moving))
	for i, m := range moving {
		picked[i] = object{"subscriptionId": m.ID, "productType": m.ProductType}
	}
	as[object](t, s.act(isSource).do(t, call{
		method: http.MethodPatch, path: path, body: object{"lineItems": picked}, header: map[string]string{"MS-RequestId": submit},
	}), http.StatusOK)
	eventually(t, "the transfer is over", func() bool {
		seen := as[object](t, s.act(isSource).get(t, path), http.StatusOK)
		return seen["status"] == "Complete" || seen["status"] == "PartiallyComplete"
	})
	return id
}
