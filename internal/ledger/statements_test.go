package ledger

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"handover/internal/kernel"
	"handover/internal/transfer"
	transferstore "handover/internal/transfer/store"
)

// What a command costs with its claim and its answer, in statements; beginning and committing come on top.
func TestStatementsOfACommand(t *testing.T) {
	onBoth(t, worldOf(3), func(t *testing.T, f fixture) {
		costs := func(what string, most int64, run func() error) {
			t.Helper()
			before := f.Statements()
			require.NoError(t, run())
			cost := f.Statements() - before
			t.Logf("%s: %d statements", what, cost)
			require.LessOrEqual(t, cost, most, what)
		}
		var id string
		costs("create", 14, func() error {
			made, err := f.Ledger.OpenTransfer(t.Context(), request("r1"), saying("r1"))
			id = made.Transfer.ID
			return err
		})
		costs("submit", 20, func() error {
			_, err := f.Ledger.Submit(t.Context(), id, picking("", 0, 1, 2), saying("submit"))
			return err
		})
		costs("give up", 11, func() error {
			_, err := f.GiveUp(t.Context(), id, transferstore.GivingUp{Actor: asOperator, Ordinals: []int{0}, Reason: "enough"}, claiming[transferstore.GivenUp]("give up"))
			return err
		})
		other := f.pending("r2").ID
		costs("cancel", 11, func() error {
			_, err := f.Ledger.Cancel(t.Context(), other, transfer.Decision{Actor: asTarget}, saying("cancel"))
			return err
		})
		costs("a repetition", 2, func() error {
			_, err := f.Ledger.Cancel(t.Context(), other, transfer.Decision{Actor: asTarget}, saying("cancel"))
			repeats(t, err)
			return nil
		})
	})
}

// Of refused decisions one log takes a hundred a day about one transfer, whoever sends more.
func TestRefusedDecisionsAreBounded(t *testing.T) {
	onBoth(t, worldOf(1), func(t *testing.T, f fixture) {
		tr, other := f.pending("r1"), f.pending("r2")
		refuse := func(id, request string, by kernel.Actor) {
			t.Helper()
			require.NoError(t, f.RecordRefused(t.Context(), transferstore.Refused{
				TransferID: id, RequestID: request, Actor: by, Refusal: kernel.Refuse(transfer.NotActive, "no"),
			}))
		}
		failed := func(id, log string) int {
			return len(f.rows("SELECT id FROM activity_log WHERE status = 'failed' AND resource_id = '" + id + "' AND partner_tenant_id = '" + log + "'"))
		}
		const most = 100 // a day
		for n := range most + 20 {
			refuse(tr.ID, fmt.Sprint(n), []kernel.Actor{asSource, asStranger}[n%2])
		}
		require.Equal(t, most, failed(tr.ID, sourceID))
		refuse(tr.ID, "mine", asTarget)
		refuse(other.ID, "0", asSource)
		require.Equal(t, []int{1, 1}, []int{failed(tr.ID, targetID), failed(other.ID, sourceID)}, "other logs and transfers have their own")
		f.clock.advance(25 * time.Hour)
		refuse(tr.ID, "tomorrow", asSource)
		require.Equal(t, most+1, failed(tr.ID, sourceID))
		f.holds()
	})
}
