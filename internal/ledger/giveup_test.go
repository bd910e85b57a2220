package ledger

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"handover/internal/transfer"
)

// an operator's end to one item. Its subscription is free again; each participant has a record.
func TestGiveUp(t *testing.T) {
	onBoth(t, worldOf(2), func(t *testing.T, f fixture) {
		tr := f.moving("r1")
		f.record(tr.ID, ItemResult{Ordinal: 1, Failure: "503"})
		item, err := f.GiveUp(t.Context(), tr.ID, 1, "The customer left", "g1", asOperator)
		require.NoError(t, err)
		require.Equal(t, transfer.ItemFailed, item.Status)
		require.Equal(t, "The customer left", item.TransferError)
		require.Equal(t, 1, item.Attempts)
		require.Equal(t, []string{"created", "submitted", "given-up:1"}, f.events(tr.ID, sourceID))
		require.Equal(t, []string{"created", "submitted", "given-up:1"}, f.events(tr.ID, targetID))

		before := f.contents()
		again, err := f.GiveUp(t.Context(), tr.ID, 1, "The customer left", "g1", asOperator)
		require.NoError(t, err)
		require.Equal(t, item, again)
		_, err = f.GiveUp(t.Context(), tr.ID, 1, "Another", "g2", asOperator)
		refuses(t, err, transfer.ItemEnded)
		require.Equal(t, before, f.contents())

		done := f.closed(tr, moved(0))
		require.Equal(t, transfer.PartiallyComplete, done.Status)
		again, err = f.GiveUp(t.Context(), tr.ID, 1, "The customer left", "g1", asOperator)
		require.NoError(t, err, "a repetition after the transfer ended")
		require.Equal(t, item, again)
		f.moving("r2", 1)
		f.holds()
	})
}

func TestGiveUpIsRefused(t *testing.T) {
	onBoth(t, worldOf(1), func(t *testing.T, f fixture) {
		tr := f.moving("r1")
		before := f.contents()
		for cause, try := range map[transfer.Cause]func() (transfer.LineItem, error){
			transfer.WrongParty: func() (transfer.LineItem, error) { return f.GiveUp(t.Context(), tr.ID, 0, "r", "g", asSource) },
			transfer.ReasonMissing: func() (transfer.LineItem, error) {
				return f.GiveUp(t.Context(), tr.ID, 0, " ", "g", asOperator)
			},
			transfer.ItemNotFound: func() (transfer.LineItem, error) { return f.GiveUp(t.Context(), tr.ID, 5, "r", "g", asOperator) },
			transfer.NotFound: func() (transfer.LineItem, error) {
				return f.GiveUp(t.Context(), tr.ID, 0, "r", "g", asStranger)
			},
		} {
			_, err := try()
			refuses(t, err, cause)
		}
		require.Equal(t, before, f.contents())
	})
}

// I-2 under concurrency: giving up races moving; the item ends once, one way or the other, and the loser learns it.
func TestGiveUpRacesMove(t *testing.T) {
	onBoth(t, worldOf(8), func(t *testing.T, f fixture) {
		tr := f.moving("r1")
		for n := range 8 {
			recorded, given := make(chan []transfer.LineItem, 1), make(chan error, 1)
			go func() {
				items, err := f.RecordItems(t.Context(), tr.ID, []ItemResult{moved(n)})
				if err != nil {
					items = []transfer.LineItem{{LastError: err.Error()}}
				}
				recorded <- items
			}()
			go func() {
				_, err := f.GiveUp(t.Context(), tr.ID, n, "enough", fmt.Sprint("g", n), asOperator)
				given <- err
			}()
			item, err := (<-recorded)[0], <-given
			if err == nil {
				require.Equal(t, transfer.ItemFailed, item.Status, item.LastError)
				require.Equal(t, transfer.SubscriptionActive, f.sub(subID(n)).Status)
			} else {
				refuses(t, err, transfer.ItemEnded)
				require.Equal(t, transfer.ItemComplete, item.Status, item.LastError)
			}
		}
		f.closed(tr)
		f.holds()
	})
}
