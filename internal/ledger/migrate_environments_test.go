package ledger

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"handover/internal/programme"
)

// whoever a ledger of the version before knows is in production, and what ties them stays.
func TestMigrateEverybodyToProduction(t *testing.T) {
	t.Parallel()
	for name, newURL := range databases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			databaseURL := newURL(t)
			old := oldLedger(t, databaseURL, 14)
			for _, statement := range []string{
				"INSERT INTO partners (tenant_id, name, mpn_id, market, currency, locale) VALUES ('" + sourceID + "', 'Partner', '1', 'DE', 'EUR', 'de-DE')",
				"INSERT INTO customers (tenant_id, name, domain, email, market, locale, name_key) VALUES ('" + customerID + "', 'Customer', 'c.example', 'it@c.example', 'DE', 'de-DE', 'customer')",
				"INSERT INTO relationships (customer_tenant_id, partner_tenant_id) VALUES ('" + customerID + "', '" + sourceID + "')",
				"INSERT INTO agreements (customer_tenant_id, partner_tenant_id, mode) VALUES ('" + customerID + "', '" + sourceID + "', 'direct')",
			} {
				_, err := old.ExecContext(context.WithoutCancel(t.Context()), statement)
				require.NoError(t, err, statement)
			}
			require.NoError(t, old.Close())
			l, err := Open(t.Context(), databaseURL, Options{})
			require.NoError(t, err)
			t.Cleanup(func() { require.NoError(t, l.Close()) })
			p, err := l.Partner(t.Context(), sourceID)
			require.NoError(t, err)
			require.Equal(t, programme.Partner{TenantID: sourceID, Name: "Partner", MPNID: "1", Market: "DE", Currency: "EUR", Locale: "de-DE"}, p)
			c, err := l.CustomerOf(t.Context(), sourceID, customerID)
			require.NoError(t, err)
			require.Equal(t, programme.Production, c.Environment)
			require.True(t, c.Relationship)
			agreed, err := l.Agreements(t.Context(), sourceID, customerID)
			require.NoError(t, err)
			require.Len(t, agreed, 1)
		})
	}
}
