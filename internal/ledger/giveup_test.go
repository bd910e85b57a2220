package ledger

import (
	"testing"

	"github.com/stretchr/testify/require"

	"handover/internal/command"
	"handover/internal/kernel"
	"handover/internal/subscription"
	"handover/internal/transfer"
	transferstore "handover/internal/transfer/store"
)

// an operator's end to one item. Its subscription is free again; each participant has a record.
func TestGiveUp(t *testing.T) {
	onBoth(t, worldOf(2), func(t *testing.T, f fixture) {
		tr := f.moving("r1")
		f.record(tr.ID, transferstore.ItemResult{Ordinal: 1, Failure: "503"})
		given, err := f.giveUp(tr.ID, "The customer left", 1)
		require.NoError(t, err)
		require.Equal(t, transferstore.GivenUp{Transfer: f.stored(tr.ID), Ended: []int{1}, Fencing: []int{}}, given)
		item := f.item(tr.ID, 1)
		require.Equal(t, transfer.ItemFailed, item.Status)
		require.Equal(t, "The customer left", item.TransferError)
		require.Equal(t, 1, item.Attempts)
		require.False(t, item.Held)
		require.Equal(t, []string{"created", "submitted", "given-up:1"}, f.events(tr.ID, sourceID))
		require.Equal(t, []string{"created", "submitted", "given-up:1"}, f.events(tr.ID, targetID))

		before := f.contents()
		_, err = f.giveUp(tr.ID, "Another", 1)
		refuses(t, err, transfer.ItemEnded)
		require.Equal(t, before, f.contents())

		done := f.closed(tr, moved(0))
		require.Equal(t, transfer.PartiallyComplete, done.Status)
		f.moving("r2", 1)
		f.holds()
	})
}

func TestGiveUpIsRefused(t *testing.T) {
	onBoth(t, worldOf(1), func(t *testing.T, f fixture) {
		tr := f.moving("r1")
		before := f.contents()
		for cause, g := range map[kernel.Cause]transferstore.GivingUp{
			kernel.WrongParty:      {Ordinals: []int{0}, Reason: "r", Actor: asSource},
			transfer.NotFound:      {Ordinals: []int{0}, Reason: "r", Actor: asStranger},
			transfer.ReasonMissing: {Ordinals: []int{0}, Reason: " ", Actor: asOperator},
			transfer.ItemNotFound:  {Ordinals: []int{0, 5}, Reason: "r", Actor: asOperator},
			transfer.NoLineItems:   {Failing: true, Reason: "r", Actor: asOperator},
		} {
			_, err := f.GiveUp(t.Context(), tr.ID, g, command.Terms[transferstore.GivenUp]{})
			refuses(t, err, cause)
		}
		require.Equal(t, before, f.contents())
		_, err := f.giveUp(f.pending("r2").ID, "r", 0)
		refuses(t, err, transfer.NotSubmitted)
	})
}

// I-2 under concurrency: giving up races moving; the item ends once, one way or the other, and the loser learns it.
func TestGiveUpRacesMove(t *testing.T) {
	onBoth(t, worldOf(8), func(t *testing.T, f fixture) {
		tr := f.moving("r1")
		for n := range 8 {
			recorded, given := make(chan []transfer.LineItem, 1), make(chan error, 1)
			go func() {
				items, err := f.RecordItems(t.Context(), tr.ID, []transferstore.ItemResult{moved(n)})
				if err != nil {
					items = []transfer.LineItem{{LastError: err.Error()}}
				}
				recorded <- items
			}()
			go func() {
				_, err := f.giveUp(tr.ID, "enough", n)
				given <- err
			}()
			item, err := (<-recorded)[0], <-given
			if err == nil {
				require.Equal(t, transfer.ItemFailed, item.Status, item.LastError)
				require.Equal(t, subscription.Active, f.sub(subID(n)).Status)
			} else {
				refuses(t, err, transfer.ItemEnded)
				require.Equal(t, transfer.ItemComplete, item.Status, item.LastError)
			}
		}
		f.closed(tr)
		f.holds()
	})
}
