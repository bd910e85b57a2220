package ledger

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"handover/internal/kernel"
	"handover/internal/transfer"
)

// asking opens the ledger once more, with these bounds of what a target may ask for.
func (f fixture) asking(bounds transfer.Asking) fixture {
	f.t.Helper()
	p := transfer.DefaultPolicy()
	p.Asking = bounds
	f.Ledger = f.another(Options{Policy: p})
	return f
}

// E4: invented addresses and names cause no mail at all, neither by one request nor by many.
func TestInventedAddressesAreNotMailed(t *testing.T) {
	onBoth(t, worldOf(1), func(t *testing.T, f fixture) {
		for n := range 25 {
			r := request(fmt.Sprint("r", n))
			r.CustomerEmail, r.SourcePartnerName = fmt.Sprintf("victim%d@elsewhere.example", n), "Your bank https://evil.example"
			require.Equal(t, []kernel.Cause{transfer.AddressNotCustomers}, f.previews(r))
		}
		require.Empty(t, f.rows("SELECT id FROM notifications"))
	})
}

// E4, R-77: of one customer a target asks one source a few times; requests that ended count for a day, so that asking and
// cancelling is no way around.
func TestRequestsOfOneCustomerAreFew(t *testing.T) {
	onBoth(t, worldOf(1), func(t *testing.T, f fixture) {
		f = f.asking(transfer.Asking{PerCustomer: 3})
		first := f.pending("r1")
		f.pending("r2")
		_, err := f.Cancel(t.Context(), first.ID, transfer.Decision{RequestID: "d1", Actor: asTarget})
		require.NoError(t, err)
		f.pending("r3")
		require.Equal(t, []kernel.Cause{transfer.TooManyOfCustomer}, f.previews(request("r4")))

		before := f.contents()
		_, err = f.OpenTransfer(t.Context(), request("r4"))
		refuses(t, err, transfer.TooManyOfCustomer)
		require.Equal(t, before, f.contents())

		f.clock.advance(transfer.AskedWithin + time.Second)
		f.pending("r5") // the one that was cancelled does not count any more
		_, err = f.OpenTransfer(t.Context(), request("r6"))
		refuses(t, err, transfer.TooManyOfCustomer)
	})
}

// E4: and in all so many in a day.
func TestRequestsOfADayAreBounded(t *testing.T) {
	onBoth(t, worldOf(1), func(t *testing.T, f fixture) {
		f = f.asking(transfer.Asking{PerDay: 2})
		f.pending("r1")
		f.clock.advance(time.Hour)
		f.pending("r2")
		_, err := f.OpenTransfer(t.Context(), request("r3"))
		refuses(t, err, transfer.TooManyInADay)
		f.clock.advance(transfer.AskedWithin - time.Hour + time.Second)
		f.pending("r4")
		_, err = f.OpenTransfer(t.Context(), request("r5"))
		refuses(t, err, transfer.TooManyInADay)
	})
}
