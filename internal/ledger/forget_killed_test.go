package ledger

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"handover/internal/outbox"
	"handover/internal/store"
	"handover/internal/transfer"
)

// A mail is either sent again or forgotten, whoever is first; two who forget at one instant do it once.
func TestForgettingAtOneInstant(t *testing.T) {
	onBoth(t, worldOf(1), func(t *testing.T, f fixture) {
		for n := range 8 {
			id, owed := f.undelivered(fmt.Sprint("r", n))
			_, err := f.Cancel(t.Context(), id, transfer.Decision{Actor: asTarget})
			require.NoError(t, err)
			var at sync.WaitGroup
			var resent error
			done := make([]Forgotten, 2)
			failed := make([]error, 2)
			at.Go(func() { _, resent = f.resend(outbox.Which{IDs: []int64{owed[0].ID}}, fmt.Sprint("again", n)) })
			for i := range done {
				at.Go(func() { done[i], failed[i] = f.Forget(t.Context(), ofCustomer(customerID)) })
			}
			at.Wait()
			require.NoError(t, errors.Join(failed...))
			forgotten := done[0].Transfers + done[1].Transfers
			if resent == nil {
				require.LessOrEqual(t, forgotten, 1)
				f.mailAll()
				forgotten += f.forget(ofCustomer(customerID)).Transfers
			}
			require.Equal(t, 1, forgotten)
			require.Len(t, f.rows("SELECT id FROM activity_log WHERE resource_id = '"+id+"' AND event_key LIKE 'forgotten:%'"), 2)
			f.holds()
		}
	})
}

// Whoever forgets may die anywhere: each portion is all or nothing, and doing it again does the rest.
func TestForgettingThatIsKilled(t *testing.T) {
	onBoth(t, worldOf(3), func(t *testing.T, f fixture) {
		f.personal()
		l, m := f.mortal()
		for points := int64(1); ; points += 2 {
			m.end = func() {}
			m.left.Store(points)
			_, err := l.Forget(t.Context(), ofCustomer(customerID))
			f.holds()
			if err == nil {
				break
			}
			require.ErrorIs(t, err, store.ErrUnavailable)
		}
		f.silent()
		f.holds()
	})
}

// However many there are, a portion is as many statements as any.
func TestManyAreForgottenInPortions(t *testing.T) {
	onBoth(t, worldOf(1), func(t *testing.T, f fixture) {
		id := f.pending("model").ID
		_, err := f.Cancel(t.Context(), id, transfer.Decision{Actor: asTarget})
		require.NoError(t, err)
		f.mailAll()
		const many = 2000
		f.behind(fmt.Sprintf(`INSERT INTO transfers (id, %[1]s) WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %[2]d)
			SELECT id || '-' || i, %[1]s FROM transfers, n`, strings.Join(f.columns("transfers", "id"), ", "), many-1))
		before := f.Statements()
		portions := 0
		w := ofCustomer(customerID)
		w.Watch = func(Forgotten) { portions++ }
		done := f.forget(w)
		require.Equal(t, many, done.Transfers)
		require.LessOrEqual(t, f.Statements()-before, int64(20*portions), "in %d portions", portions)
		require.Less(t, portions, 20)
	})
}
