package ledger

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"handover/internal/command"
	"handover/internal/kernel"
	"handover/internal/programme"
	"handover/internal/store"
	"handover/internal/transfer"
	transferstore "handover/internal/transfer/store"
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

// Race row 40, E4: requests that come at one instant, through two programs, see each other: there is never one more than the bound.
func TestBoundsOfAskingHoldAtOneInstant(t *testing.T) {
	const senders = 40
	ofAnother := func(r transfer.Request, n int) transfer.Request {
		r.CustomerTenantID = newID(3000 + n)
		return r
	}
	w := worldOf(1)
	for n := range senders {
		c := w.Customers[0]
		c.TenantID = newID(3000 + n)
		w.Customers = append(w.Customers, c)
		w.Relationships = append(w.Relationships, programme.Relationship{PartnerTenantID: targetID, CustomerTenantID: c.TenantID})
		w.Agreements = append(w.Agreements, programme.Agreement{CustomerTenantID: c.TenantID, PartnerTenantID: targetID, Mode: programme.Attestation})
	}
	for name, c := range map[string]struct {
		bounds transfer.Asking
		ask    func(transfer.Request, int) transfer.Request
		most   int
		cause  kernel.Cause
	}{
		"of one customer": {transfer.Asking{PerCustomer: 3}, func(r transfer.Request, _ int) transfer.Request { return r }, 3, transfer.TooManyOfCustomer},
		"of a day":        {transfer.Asking{PerDay: 5}, ofAnother, 5, transfer.TooManyInADay},
	} {
		t.Run(name, func(t *testing.T) {
			onBoth(t, w, func(t *testing.T, f fixture) {
				f = f.asking(c.bounds)
				programs := []fixture{f, f.asking(c.bounds)}
				answers, begin := make(chan error, senders), make(chan struct{})
				for n := range senders {
					go func() {
						<-begin
						_, err := programs[n%2].OpenTransfer(t.Context(), c.ask(request(fmt.Sprint("r", n)), n))
						answers <- err
					}()
				}
				close(begin)
				opened := 0
				for range senders {
					if err := <-answers; err == nil {
						opened++
					} else {
						refuses(t, err, c.cause)
					}
				}
				require.Equal(t, c.most, opened)
				require.Len(t, f.rows("SELECT id FROM transfers"), c.most)
			})
		})
	}
}

// Race row 40, E4: a target waits for its own requests alone. On SQLite everybody waits for the one writer.
func TestTargetsDoNotWaitForEachOther(t *testing.T) {
	w := worldOf(1)
	w.Relationships = append(w.Relationships, programme.Relationship{PartnerTenantID: strangerID, CustomerTenantID: customerID})
	w.Agreements = append(w.Agreements, programme.Agreement{CustomerTenantID: customerID, PartnerTenantID: strangerID, Mode: programme.Attestation})
	onBoth(t, w, func(t *testing.T, f fixture) {
		if f.Dialect() == store.SQLite {
			t.Skip("it has one writer")
		}
		f = f.asking(transfer.DefaultPolicy().Asking)
		other := request("other")
		other.Actor, other.TargetPartnerTenantID = kernel.Actor{PartnerTenantID: strangerID}, strangerID
		terms := saying("first")
		answer := terms.Answer
		terms.Answer = func(out transferstore.Outcome, refusal *kernel.Refusal) (command.Answer, error) { // before it is committed
			_, err := f.OpenTransfer(t.Context(), other)
			require.NoError(t, err)
			return answer(out, refusal)
		}
		_, err := f.Ledger.OpenTransfer(t.Context(), request("first"), terms)
		require.NoError(t, err)
		require.Len(t, f.rows("SELECT id FROM transfers"), 2)
	})
}
