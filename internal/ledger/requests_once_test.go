package ledger

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"handover/internal/transfer"
)

// rename is a change of the ledger under a claim; it counts how often it is made.
func (f fixture) rename(c Claim, made *int) (string, error) {
	return write(f.t.Context(), f.Ledger, "rename a customer", func(s session) (string, error) {
		return once(f.t.Context(), s, c, func() (string, error) {
			*made++
			_, err := s.exec(f.t.Context(), both("UPDATE customers SET name = name || '+' WHERE tenant_id = $1"), customerID)
			return fmt.Sprintf("renamed by %s", c.Owner), err
		})
	})
}

func (f fixture) customerName() string {
	f.t.Helper()
	customer, err := f.Customer(f.t.Context(), customerID)
	require.NoError(f.t, err)
	return customer.Name
}

// The first owner dies between its change and its answer. The second makes no second change and says the same; the first,
// should it come back, is not heard.
func TestOwnerDiesBeforeAnswering(t *testing.T) {
	onBoth(t, worldOf(0), func(t *testing.T, f fixture) {
		first, second, made := claimOf("first"), claimOf("second"), 0
		f.claimed(first)
		result, err := f.rename(first, &made)
		require.NoError(t, err)
		require.Equal(t, "renamed by first", result)

		f.clock.advance(lease - time.Microsecond)
		f.notClaimed(second, transfer.BeingProcessed)
		f.clock.advance(time.Microsecond)
		f.claimed(second)
		_, err = f.rename(first, &made)
		require.ErrorIs(t, err, ErrClaimLost)
		require.ErrorIs(t, f.RenewClaim(t.Context(), first, lease), ErrClaimLost)
		_, err = f.AnswerRequest(t.Context(), first, Answer{Status: 412})
		require.ErrorIs(t, err, ErrClaimLost)
		require.NoError(t, f.ReleaseClaim(t.Context(), first))

		again, err := f.rename(second, &made)
		require.NoError(t, err)
		require.Equal(t, result, again)
		require.Equal(t, 1, made)
		require.Equal(t, "Contoso+", f.customerName())
		_, err = f.AnswerRequest(t.Context(), second, created)
		require.NoError(t, err)
		said, err := f.AnswerRequest(t.Context(), first, Answer{Status: 412})
		require.NoError(t, err)
		require.Equal(t, created, said)
	})
}

// A change that fails, or whose owner dies before it is committed, leaves nothing, and is made by whoever comes next.
func TestChangeUnderClaimIsAllOrNothing(t *testing.T) {
	onBoth(t, worldOf(0), func(t *testing.T, f fixture) {
		first, second, made := claimOf("first"), claimOf("second"), 0
		f.claimed(first)
		before := f.contents()
		died := errors.New("died")
		_, err := write(t.Context(), f.Ledger, "rename a customer", func(s session) (int64, error) {
			changed, err := once(t.Context(), s, first, func() (int64, error) {
				return s.exec(t.Context(), both("UPDATE customers SET name = 'half done'"))
			})
			require.NoError(t, err)
			require.Positive(t, changed)
			return changed, died
		})
		require.ErrorIs(t, err, died)
		_, err = write(t.Context(), f.Ledger, "rename a customer", func(s session) (int, error) {
			return once(t.Context(), s, first, func() (int, error) { return 0, transfer.NoSuchTransfer() })
		})
		refuses(t, err, transfer.NotFound)
		require.Equal(t, before, f.contents())

		f.clock.advance(lease)
		f.claimed(second)
		result, err := f.rename(second, &made)
		require.NoError(t, err)
		require.Equal(t, "renamed by second", result)
		require.Equal(t, "Contoso+", f.customerName())
	})
}

// A request that could not be executed now can be sent again at once; what it changed already is not changed twice.
func TestReleaseClaim(t *testing.T) {
	onBoth(t, worldOf(0), func(t *testing.T, f fixture) {
		first, second, made := claimOf("first"), claimOf("second"), 0
		f.claimed(first)
		require.NoError(t, f.ReleaseClaim(t.Context(), second))
		f.notClaimed(second, transfer.BeingProcessed)
		require.NoError(t, f.ReleaseClaim(t.Context(), first))
		require.Empty(t, f.rows("SELECT * FROM api_requests"))

		f.claimed(first)
		result, err := f.rename(first, &made)
		require.NoError(t, err)
		require.NoError(t, f.ReleaseClaim(t.Context(), first))
		f.claimed(second)
		again, err := f.rename(second, &made)
		require.NoError(t, err)
		require.Equal(t, result, again)
		require.Equal(t, 1, made)
	})
}

// Without a key there is no idempotency, and nothing is stored.
func TestNoClaim(t *testing.T) {
	onBoth(t, worldOf(0), func(t *testing.T, f fixture) {
		none, made := Claim{}, 0
		f.claimed(none)
		f.claimed(none)
		for range 2 {
			_, err := f.rename(none, &made)
			require.NoError(t, err)
		}
		require.Equal(t, 2, made)
		require.NoError(t, f.RenewClaim(t.Context(), none, lease))
		said, err := f.AnswerRequest(t.Context(), none, created)
		require.NoError(t, err)
		require.Equal(t, created, said)
		require.NoError(t, f.ReleaseClaim(t.Context(), none))
		require.Empty(t, f.rows("SELECT * FROM api_requests"))
	})
}
