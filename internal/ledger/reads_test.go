package ledger

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"handover/internal/programme"
	"handover/internal/subscription"
	"handover/internal/transfer"
	transferstore "handover/internal/transfer/store"
)

func TestTransfers(t *testing.T) {
	w := worldOf(2)
	w.Relationships = append(w.Relationships, programme.Relationship{PartnerTenantID: strangerID, CustomerTenantID: otherID})
	w.Agreements = append(w.Agreements, programme.Agreement{PartnerTenantID: strangerID, CustomerTenantID: otherID, Mode: programme.DirectSign})
	onBoth(t, w, func(t *testing.T, f fixture) {
		first := f.moving("r1", 0)
		f.clock.advance(time.Hour)
		second := f.pending("r2")
		f.clock.advance(time.Hour)
		foreign := request("r3")
		foreign.Actor, foreign.CustomerTenantID, foreign.CustomerEmail = asStranger, otherID, "it@fabrikam.example"
		third, err := f.OpenTransfer(t.Context(), foreign)
		require.NoError(t, err)

		for _, c := range []struct {
			filter transferstore.Filter
			want   []transfer.Transfer
		}{
			{transferstore.Filter{}, []transfer.Transfer{third, second, first}},
			{transferstore.Filter{Limit: 1}, []transfer.Transfer{third}},
			{transferstore.Filter{CustomerTenantID: "C0000000-0000-4000-8000-000000000001"}, []transfer.Transfer{second, first}},
			{transferstore.Filter{PartnerTenantID: targetID}, []transfer.Transfer{second, first}},
			{transferstore.Filter{PartnerTenantID: sourceID}, []transfer.Transfer{third, second, first}},
			{transferstore.Filter{PartnerTenantID: sourceID, Status: transfer.InProgress}, []transfer.Transfer{first}},
			{transferstore.Filter{PartnerTenantID: resellerID}, []transfer.Transfer{}},
		} {
			got, err := f.Transfers(t.Context(), c.filter)
			require.NoError(t, err)
			require.Equal(t, c.want, got, "%+v", c.filter)
		}
	})
}

func TestItemsByRange(t *testing.T) {
	onBoth(t, worldOf(5), func(t *testing.T, f fixture) {
		tr := f.moving("r1")
		for _, c := range []struct{ from, to, want int }{{0, -1, 5}, {1, 3, 2}, {4, 9, 1}, {5, 9, 0}, {3, -1, 2}} {
			items, err := f.Items(t.Context(), tr.ID, c.from, c.to)
			require.NoError(t, err)
			require.Len(t, items, c.want)
			for i, item := range items {
				require.Equal(t, c.from+i, item.Ordinal)
			}
		}
		_, err := f.Items(t.Context(), "b0000000-0000-4000-8000-000000000009", 0, -1)
		refuses(t, err, transfer.NotFound)
	})
}

// What does not exist is refused by name.
func TestUnknownThings(t *testing.T) {
	onBoth(t, worldOf(1), func(t *testing.T, f fixture) {
		const nobody = "b0000000-0000-4000-8000-000000000009"
		_, err := f.Transfer(t.Context(), nobody)
		refuses(t, err, transfer.NotFound)
		_, err = f.Partner(t.Context(), nobody)
		refuses(t, err, programme.PartnerUnknown)
		_, err = f.Customer(t.Context(), nobody)
		refuses(t, err, programme.CustomerUnknown)
		_, err = f.Subscription(t.Context(), nobody)
		refuses(t, err, subscription.Unknown)
	})
}
