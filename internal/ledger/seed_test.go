package ledger

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"handover/internal/subscription"
)

// What is seeded is what is read, with ids in lower case.
func TestSeed(t *testing.T) {
	w := worldOf(2)
	w.Partners[0].TenantID = strings.ToUpper(sourceID)
	w.Subscriptions[1].ParentID = strings.ToUpper(subID(0))
	w.Subscriptions[1].CancelAt = start
	w.Subscriptions[1].Locked = true
	w.Subscriptions[1].SandboxFault = "transient:2"
	w.Subscriptions[0], w.Subscriptions[1] = w.Subscriptions[1], w.Subscriptions[0] // an add-on before its base
	onEmpty(t, func(t *testing.T, f fixture) {
		empty, err := f.Empty(t.Context())
		require.NoError(t, err)
		require.True(t, empty)
		require.NoError(t, f.Seed(t.Context(), w))
		empty, err = f.Empty(t.Context())
		require.NoError(t, err)
		require.False(t, empty)

		source, err := f.Partner(t.Context(), sourceID)
		require.NoError(t, err)
		want := w.Partners[0]
		want.TenantID = sourceID
		require.Equal(t, want, source)
		customer, err := f.Customer(t.Context(), strings.ToUpper(customerID))
		require.NoError(t, err)
		require.Equal(t, w.Customers[0], customer)

		subs, err := f.Subscriptions(t.Context(), customerID, sourceID)
		require.NoError(t, err)
		require.Len(t, subs, 2)
		addon := w.Subscriptions[0]
		addon.LineageID, addon.ParentID, addon.Billed, addon.Listed = addon.ID, subID(0), true, true
		require.Equal(t, addon, subs[1])
		none, err := f.Subscriptions(t.Context(), customerID, targetID)
		require.NoError(t, err)
		require.Empty(t, none)
		f.holds()
	})
}

func TestSeedIsAllOrNothing(t *testing.T) {
	onEmpty(t, func(t *testing.T, f fixture) {
		w := worldOf(2)
		w.Subscriptions[1].CustomerTenantID = "b0000000-0000-4000-8000-000000000009"
		require.Error(t, f.Seed(t.Context(), w))
		empty, err := f.Empty(t.Context())
		require.NoError(t, err)
		require.True(t, empty)

		require.NoError(t, f.Seed(t.Context(), worldOf(1)))
		before := f.contents()
		require.ErrorIs(t, f.Seed(t.Context(), worldOf(2)), ErrNotEmpty)
		require.Equal(t, before, f.contents())
	})
}

// Two programs that start at once seed once; the other is told why it did not.
func TestSeedAtOnce(t *testing.T) {
	onEmpty(t, func(t *testing.T, f fixture) {
		failures := make(chan error, 4)
		for range cap(failures) {
			go func() { failures <- f.Seed(t.Context(), worldOf(3)) }()
		}
		seeded := 0
		for range cap(failures) {
			if err := <-failures; err == nil {
				seeded++
			} else {
				require.ErrorIs(t, err, ErrNotEmpty)
			}
		}
		require.Equal(t, 1, seeded)
	})
}

// A ledger in use can take in more, all or nothing.
func TestExtend(t *testing.T) {
	onBoth(t, worldOf(1), func(t *testing.T, f fixture) {
		require.NoError(t, f.Extend(t.Context(), World{Subscriptions: []subscription.Subscription{sample(5)}}))
		require.Equal(t, sourceID, f.sub(subID(5)).PartnerTenantID)
		before := f.contents()
		require.Error(t, f.Extend(t.Context(), World{Subscriptions: []subscription.Subscription{sample(6), sample(5)}}))
		require.Equal(t, before, f.contents())
	})
}
