package integration

// The worlds the tests play in, and how they are written down for standalone's --world.

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"handover/internal/ledger"
	"handover/internal/programme"
	"handover/internal/subscription"
	"handover/internal/world"
)

// parties are who takes part in a transfer.
type parties struct {
	customer, source, target string
}

// email is where the ledger knows the customer to be told.
func (p parties) email() string {
	for _, c := range world.Sample().Customers {
		if c.TenantID == p.customer {
			return c.Email
		}
	}
	var number int
	if _, err := fmt.Sscanf(p.customer, "cccccccc-1111-4000-8000-%x", &number); err != nil {
		return "it@nobody.example"
	}
	return fmt.Sprintf("it@customer%d.example", number)
}

// largeParties are the source and target of world.Large with one of its customers, counted from 0.
func largeParties(number int) parties {
	return parties{
		customer: fmt.Sprintf("cccccccc-1111-4000-8000-%012x", number), source: world.LargeSource, target: world.LargeTarget,
	}
}

// sampleParties are partners and a customer of the sample world, by their numbers.
func sampleParties(customer, source, target int) parties {
	return parties{
		customer: fmt.Sprintf("cccccccc-0000-4000-8000-%012d", customer),
		source:   fmt.Sprintf("aaaaaaaa-0000-4000-8000-%012d", source),
		target:   fmt.Sprintf("aaaaaaaa-0000-4000-8000-%012d", target),
	}
}

// withFaults gives the movable subscriptions of one customer of the world the faults, in turn; "" is none.
func withFaults(w ledger.World, customer string, faults ...string) ledger.World {
	n := 0
	for i, s := range w.Subscriptions {
		if s.CustomerTenantID == customer && s.ProductType == subscription.OnlineServicesNCE {
			w.Subscriptions[i].SandboxFault = faults[n%len(faults)]
			n++
		}
	}
	return w
}

// both is two worlds in one.
func both(a, b ledger.World) ledger.World {
	return ledger.World{
		Partners:      append(a.Partners, b.Partners...),
		Customers:     append(a.Customers, b.Customers...),
		Relationships: append(a.Relationships, b.Relationships...),
		Agreements:    append(a.Agreements, b.Agreements...),
		Subscriptions: append(a.Subscriptions, b.Subscriptions...),
	}
}

// record is one mapping of a world file.
type record map[string]any

// worldFile writes the world down as a world file (docs/world.md) and returns its path.
func worldFile(t *testing.T, w ledger.World) string {
	t.Helper()
	sections := map[string][]record{}
	add := func(section string, one record) { sections[section] = append(sections[section], one) }
	for _, p := range w.Partners {
		said := record{
			"tenantId": p.TenantID, "name": p.Name, "mpnId": p.MPNID, "market": p.Market, "currency": p.Currency, "locale": p.Locale, "users": p.Users, "environment": p.Environment.String(),
		}
		sayPrograms(said, p.Programs)
		if p.SandboxOf != "" {
			said["sandboxOf"] = p.SandboxOf
		}
		add("partners", said)
	}
	for _, c := range w.Customers {
		add("customers", record{
			"tenantId": c.TenantID, "name": c.Name, "domain": c.Domain, "email": c.Email, "market": c.Market, "locale": c.Locale,
			"environment": c.Environment.String(),
		})
	}
	for _, r := range w.Relationships {
		said := record{"partner": r.PartnerTenantID, "customer": r.CustomerTenantID}
		if r.Kind != "" {
			said["kind"] = r.Kind
		}
		add("relationships", said)
	}
	for _, a := range w.Agreements {
		add("agreements", record{"partner": a.PartnerTenantID, "customer": a.CustomerTenantID, "mode": a.Mode})
	}
	for _, s := range w.Subscriptions {
		add("subscriptions", written(s))
	}
	content, err := yaml.Marshal(sections)
	require.NoError(t, err)
	return file(t, "world.yaml", string(content))
}

// sayPrograms says the only programme of a partner briefly, and several one by one.
func sayPrograms(said record, all []programme.Enrolment) {
	if len(all) == 1 {
		said["type"], said["status"], said["mpaSigned"] = all[0].Program, all[0].Status, all[0].Agreement.Given
		return
	}
	var programs []record
	for _, e := range all {
		one := record{"program": e.Program, "status": e.Status}
		if e.Agreement.Given {
			one["agreementAcceptedAt"] = e.Agreement.At.Format(time.RFC3339)
		}
		programs = append(programs, one)
	}
	said["programs"] = programs
}

// written is how a world file says it: what is empty is left out.
func written(s subscription.Subscription) record {
	said := record{
		"id": s.ID, "customer": s.CustomerTenantID, "partner": s.PartnerTenantID, "productType": s.ProductType, "offerId": s.OfferID,
		"friendlyName": s.FriendlyName, "quantity": s.Quantity, "unitPrice": float64(s.UnitPriceMinor) / 100,
		"billingCycle": s.BillingCycle, "creationDate": s.CreationDate.Format(time.RFC3339), "status": s.Status, "autoRenew": s.AutoRenew,
	}
	for field, value := range map[string]string{
		"termDuration": s.TermDuration, "parentId": s.ParentID, "partnerOnRecord": s.PartnerOnRecord, "sandboxFault": s.SandboxFault,
	} {
		if value != "" {
			said[field] = value
		}
	}
	if !s.CommitmentEndDate.IsZero() {
		said["commitmentEndDate"] = s.CommitmentEndDate.Format(time.RFC3339)
	}
	return said
}
