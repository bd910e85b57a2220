package world_test

import (
	"errors"
	"net/mail"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handover/internal/ledger"
	"handover/internal/programme"
	"handover/internal/subscription"
	"handover/internal/world"
)

// Whatever the bytes: Parse either tells what is wrong and where, or gives a sound world that the schema accepts too.
func FuzzParse(f *testing.F) {
	f.Add(world.SampleYAML())
	for _, seed := range []string{
		valid, valid + together, "", "{}", "partners: [", "partners: &a [*a]", "partners: []\ncustomers: []\n", "---\n---\n", "? [a]\n: b", "<<: {a: 1}",
		strings.Replace(valid, "12.50", "1e9", 1), strings.Replace(valid, "2026-03-02", "2026-13-02", 1), strings.Repeat("[", 2000),
	} {
		f.Add([]byte(seed))
	}
	schema := compiledSchema(f)
	f.Fuzz(func(t *testing.T, text []byte) {
		w, err := world.Parse("fuzz.yaml", text)
		if err != nil {
			requireTold(t, err)
			return
		}
		requireSound(t, w)
		require.NoError(t, schema.Validate(asEditorsSeeIt(t, text)))
	})
}

func requireTold(t *testing.T, err error) {
	t.Helper()
	var invalid *world.InvalidError
	require.True(t, errors.As(err, &invalid))
	require.NotEmpty(t, invalid.Problems)
	require.LessOrEqual(t, len(invalid.Problems), world.MaxProblems)
	for _, p := range invalid.Problems {
		assert.Positive(t, p.Line)
		assert.Positive(t, p.Column)
		assert.NotContains(t, p.Says, "\n")
	}
}

// requireSound checks, independently of the parser, what everybody who is given a world relies on.
func requireSound(t *testing.T, w ledger.World) {
	t.Helper()
	partners, resellers, customers := map[string]programme.Partner{}, map[string]bool{}, map[string]bool{}
	for _, p := range w.Partners {
		requireID(t, p.TenantID)
		require.NotContains(t, partners, p.TenantID)
		require.NotEmpty(t, p.Users)
		for _, agent := range p.Users {
			requireID(t, agent.UserID)
			requireAddress(t, agent.Email)
		}
		partners[p.TenantID] = p
		resellers[p.MPNID] = p.In(programme.IndirectReseller)
	}
	require.Len(t, resellers, len(w.Partners), "mpnIds are unique")
	for _, c := range w.Customers {
		requireID(t, c.TenantID)
		requireAddress(t, c.Email)
		require.NotContains(t, customers, c.TenantID)
		customers[c.TenantID] = true
	}
	requirePairs(t, w, partners, customers)
	byID := map[string]subscription.Subscription{}
	for _, s := range w.Subscriptions {
		require.NotContains(t, byID, s.ID)
		byID[s.ID] = s
	}
	for _, s := range w.Subscriptions {
		require.Contains(t, customers, s.CustomerTenantID)
		require.True(t, partners[s.PartnerTenantID].Bills())
		requireSubscription(t, s, byID, resellers)
	}
}

func requirePairs(t *testing.T, w ledger.World, partners map[string]programme.Partner, customers map[string]bool) {
	t.Helper()
	accepted, agreed := map[programme.Relationship]bool{}, map[programme.Relationship]bool{}
	for _, r := range w.Relationships {
		require.Contains(t, partners, r.PartnerTenantID)
		require.Contains(t, customers, r.CustomerTenantID)
		require.True(t, partners[r.PartnerTenantID].May(r.Kind))
		accepted[programme.Relationship{PartnerTenantID: r.PartnerTenantID, CustomerTenantID: r.CustomerTenantID, Kind: r.Kind}] = true
	}
	for _, a := range w.Agreements {
		require.Contains(t, partners, a.PartnerTenantID)
		require.Contains(t, customers, a.CustomerTenantID)
		agreed[programme.Relationship{PartnerTenantID: a.PartnerTenantID, CustomerTenantID: a.CustomerTenantID}] = true
	}
	together := map[programme.Partnership]bool{}
	for _, p := range w.Partnerships {
		require.True(t, partners[p.ProviderTenantID].In(programme.IndirectProvider))
		require.True(t, partners[p.ResellerTenantID].In(programme.IndirectReseller))
		together[p] = true
	}
	require.Len(t, together, len(w.Partnerships), "partnerships are unique")
	require.Len(t, accepted, len(w.Relationships), "relationships are unique")
	require.Len(t, agreed, len(w.Agreements), "agreements are unique")
}

func requireSubscription(t *testing.T, s subscription.Subscription, byID map[string]subscription.Subscription, resellers map[string]bool) {
	t.Helper()
	requireID(t, s.ID)
	require.Equal(t, s.ID, s.LineageID)
	require.Contains(t, subscription.ProductTypes(), s.ProductType)
	require.Positive(t, s.Quantity)
	require.GreaterOrEqual(t, s.UnitPriceMinor*int64(s.Quantity), s.UnitPriceMinor, "the amount fits 64 bits")
	require.False(t, s.CreationDate.IsZero())
	require.Equal(t, s.TermDuration == "", s.CommitmentEndDate.IsZero())
	require.False(t, !s.CommitmentEndDate.IsZero() && s.CommitmentEndDate.Before(s.CreationDate))
	_, err := subscription.ParseFault(s.SandboxFault)
	require.NoError(t, err)
	if s.PartnerOnRecord != "" {
		require.True(t, resellers[s.PartnerOnRecord], "the credited partner is a reseller")
	}
	if s.ParentID != "" {
		base, ok := byID[s.ParentID]
		require.True(t, ok)
		require.Empty(t, base.ParentID)
		require.Equal(t, []string{s.CustomerTenantID, s.PartnerTenantID}, []string{base.CustomerTenantID, base.PartnerTenantID})
	}
}

func requireID(t *testing.T, id string) {
	t.Helper()
	parsed, err := uuid.Parse(id)
	require.NoError(t, err)
	require.Equal(t, parsed.String(), id)
}

// requireAddress asks what the domain asks of an address (R-140, OQ-21).
func requireAddress(t *testing.T, address string) {
	t.Helper()
	parsed, err := mail.ParseAddress(address)
	require.NoError(t, err)
	require.Equal(t, parsed.Address, address)
}
