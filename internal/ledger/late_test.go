package ledger

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"handover/internal/command"
	"handover/internal/kernel"
	"handover/internal/subscription"
	"handover/internal/transfer"
	transferstore "handover/internal/transfer/store"
)

// late takes a billing system's word about line item 0.
func (f fixture) late(id, movedTo string) (changed bool) {
	f.t.Helper()
	late, err := f.AnsweredLate(f.t.Context(), id, transferstore.LateAnswer{MovedTo: movedTo})
	require.NoError(f.t, err)
	return late != transferstore.LateNothing
}

// freeing gives up line item 0 after it was sent, with the promise that it never moves.
func (f fixture) freeing(id string) {
	f.t.Helper()
	f.sent(id, 0)
	_, err := f.giveUp(id, "The customer left", 0)
	require.NoError(f.t, err)
	f.record(id, fenced(0, transferstore.FencePromised))
}

// contradicted asserts that of all invariants only I-8 is broken.
func (f fixture) contradicted(says string) {
	f.t.Helper()
	findings, err := f.Verify(f.t.Context())
	require.NoError(f.t, err)
	for _, finding := range findings {
		if finding.Invariant == "I-8" {
			require.Len(f.t, finding.Broken, 1)
			require.Contains(f.t, finding.Broken[0], says)
			continue
		}
		require.Empty(f.t, finding.Broken)
	}
}

// Row 31: the billing system's own word resolves a held item, with a record for either party, once.
func TestLateAnswerResolvesWhatIsHeld(t *testing.T) {
	for name, c := range map[string]struct {
		movedTo, owner string
	}{
		"moved":     {newID(0), targetID},
		"not moved": {"", sourceID},
	} {
		t.Run(name, func(t *testing.T) {
			onBoth(t, worldOf(2), func(t *testing.T, f fixture) {
				tr := f.moving("r1")
				f.holding(tr.ID, 0)
				f.closed(tr, moved(1))
				require.True(t, f.late(tr.ID, c.movedTo))
				before := f.contents()
				require.False(t, f.late(tr.ID, c.movedTo), "it is known")
				require.Equal(t, before, f.contents())

				item := f.item(tr.ID, 0)
				require.Equal(t, transfer.ItemFailed, item.Status, "I-2")
				require.False(t, item.Held)
				require.Equal(t, transfer.PartiallyComplete, f.stored(tr.ID).Status, "I-5")
				require.Equal(t, []string{c.owner}, f.rows("SELECT partner_tenant_id FROM subscriptions WHERE status <> 'deleted' AND lineage_id = '"+subID(0)+"'"))
				log, err := f.LogOf(t.Context(), tr.ID, sourceID)
				require.NoError(t, err)
				var said transfer.AuditDetail
				require.NoError(t, json.Unmarshal([]byte(log[len(log)-1].NewValue), &said))
				require.Equal(t, kernel.RolePlatform, said.By)
				require.Equal(t, &transfer.ResolvedItem{SubscriptionID: subID(0), Moved: c.movedTo != "", Reason: "The billing system said so after the line item had ended."}, said.Resolved)
				f.holds()
			})
		})
	}
}

// I-8: what moved although it had been freed by a promise is held again, for an operator to resolve.
func TestLateAnswerThatBreaksAPromise(t *testing.T) {
	onBoth(t, worldOf(1), func(t *testing.T, f fixture) {
		tr := f.moving("r1")
		f.freeing(tr.ID)
		f.closed(tr)
		require.False(t, f.late(tr.ID, ""), "as it promised")
		f.holds()

		require.True(t, f.late(tr.ID, newID(0)))
		require.False(t, f.late(tr.ID, newID(0)), "it is known")
		item := f.item(tr.ID, 0)
		require.True(t, item.Held)
		require.Equal(t, newID(0), item.LateID)
		f.contradicted("ended as Failed and the billing system moved it to " + newID(0))
		require.Contains(t, f.events(tr.ID, sourceID), "held:0")
		require.Contains(t, f.events(tr.ID, targetID), "held:0")
		_, err := f.Submit(t.Context(), f.pending("r2").ID, picking("s2", 0))
		refuses(t, err, subscription.InOtherTransfer)

		f.resolve(tr.ID, 0, newID(0))
		require.Equal(t, targetID, f.sub(newID(0)).PartnerTenantID)
		require.False(t, f.late(tr.ID, newID(0)), "it is the target's under that id")
		f.holds()
	})
}

// An item that an operator resolved before may be contradicted, and resolved again.
func TestLateAnswerThatContradictsAnOperator(t *testing.T) {
	onBoth(t, worldOf(1), func(t *testing.T, f fixture) {
		tr := f.moving("r1")
		f.holding(tr.ID, 0)
		f.closed(tr)
		f.resolve(tr.ID, 0, "")
		require.True(t, f.late(tr.ID, newID(0)))
		f.contradicted(newID(0))
		f.resolve(tr.ID, 0, "") // it was undone there, and is done again
		require.True(t, f.late(tr.ID, newID(0)))
		f.contradicted(newID(0))
		f.resolve(tr.ID, 0, newID(0))
		require.Subset(t, f.events(tr.ID, targetID), []string{"resolved:0", "held:0", "resolved:0:2", "held:0:2", "resolved:0:3"})
		ended, err := f.EndedItems(t.Context(), transferstore.ItemCursor{}, 10)
		require.NoError(t, err)
		require.Equal(t, newID(0), ended[0].MovedTo, "the latest word")
		f.holds()
	})
}

// What somebody else has taken meanwhile cannot be locked, and stands out until an operator has corrected the billing system.
func TestLateAnswerAboutWhatIsTaken(t *testing.T) {
	onBoth(t, worldOf(1), func(t *testing.T, f fixture) {
		tr := f.moving("r1")
		f.freeing(tr.ID)
		f.closed(tr)
		f.closed(f.moving("r2", 0), moved(0))
		require.True(t, f.late(tr.ID, newID(7)))
		require.False(t, f.item(tr.ID, 0).Held)
		f.contradicted(newID(7))
		_, err := f.ResolveHeld(t.Context(), tr.ID, resolution(0, newID(7)), command.Terms[transfer.LineItem]{})
		refuses(t, err, transfer.NotActive)
		f.resolve(tr.ID, 0, "")
		f.holds()
	})
}

// What the rules do not let the platform hand over stays held, with what the billing system said.
func TestLateAnswerThatCannotBeTaken(t *testing.T) {
	onBoth(t, worldOf(2), func(t *testing.T, f fixture) {
		tr := f.moving("r1", 0)
		f.holding(tr.ID, 0)
		f.closed(tr)
		require.True(t, f.late(tr.ID, subID(1)))
		item := f.item(tr.ID, 0)
		require.True(t, item.Held)
		require.Equal(t, subID(1), item.LateID)
		require.Contains(t, item.LastError, "exists already")
		require.False(t, f.late(tr.ID, subID(1)))
		f.resolve(tr.ID, 0, newID(0))
		f.holds()
	})
}

// Items that run or are Complete have nothing late about them.
func TestLateAnswerInTime(t *testing.T) {
	onBoth(t, worldOf(1), func(t *testing.T, f fixture) {
		tr := f.moving("r1")
		before := f.contents()
		require.False(t, f.late(tr.ID, newID(0)))
		require.Equal(t, before, f.contents())
		f.closed(tr, moved(0))
		require.False(t, f.late(tr.ID, newID(0)))
		_, err := f.AnsweredLate(t.Context(), tr.ID, transferstore.LateAnswer{Ordinal: 9})
		refuses(t, err, transfer.ItemNotFound)
		_, err = f.AnsweredLate(t.Context(), newID(9), transferstore.LateAnswer{})
		refuses(t, err, transfer.NotFound)
	})
}

// a subscription that may not move any more, and that a billing system moved, is not simply freed.
func TestMovedAlthoughItMayNot(t *testing.T) {
	onBoth(t, worldOf(1), func(t *testing.T, f fixture) {
		tr := f.moving("r1")
		f.sent(tr.ID, 0)
		f.behind("UPDATE subscriptions SET status = 'suspended' WHERE id = '" + subID(0) + "'")
		item := f.record(tr.ID, moved(0))[0]
		require.Equal(t, transfer.ItemFailed, item.Status)
		require.True(t, item.Held)
		require.Equal(t, newID(0), item.LateID)
		f.contradicted(newID(0))
	})
}

// I-8: this platform's own refusal of an item that was sent only begins its end, and its run is told to fence it.
func TestRefusedAfterItWasSent(t *testing.T) {
	onBoth(t, worldOf(2), func(t *testing.T, f fixture) {
		tr := f.moving("r1")
		f.sent(tr.ID, 0)
		f.caughtUp()
		no := kernel.Refuse(transfer.NotActive, "It is suspended.")
		items := f.record(tr.ID, transferstore.ItemResult{Ordinal: 0, Refusal: no}, transferstore.ItemResult{Ordinal: 1, Refusal: no})
		require.Equal(t, transfer.ItemInProgress, items[0].Status)
		require.Equal(t, transfer.EndingRefused, items[0].Ending)
		require.Equal(t, transfer.ItemFailed, items[1].Status, "nobody was asked for it")
		require.Len(t, f.claim(10, 10), 1)
		require.Equal(t, transfer.Ordinals("0"), f.look(tr.ID, "").Ending)

		items = f.record(tr.ID, fenced(0, transferstore.FencePromised))
		require.Equal(t, transfer.ItemFailed, items[0].Status)
		require.Equal(t, "It is suspended.", items[0].TransferError)
		f.closed(tr)
		f.holds()
	})
}

// A billing system that moved it to two subscriptions is found out, also when the first was an operator's word.
func TestLateAnswersWithTwoIDs(t *testing.T) {
	for name, first := range map[string]func(f fixture, id string){
		"of a line item that moved": func(f fixture, id string) { f.record(id, moved(0)) },
		"of one that was resolved": func(f fixture, id string) {
			f.holding(id, 0)
			f.resolve(id, 0, newID(0))
		},
	} {
		t.Run(name, func(t *testing.T) {
			onBoth(t, worldOf(1), func(t *testing.T, f fixture) {
				tr := f.moving("r1")
				first(f, tr.ID)
				f.closed(tr)
				found, err := f.TakeAnswers(t.Context(), tr.ID, []transferstore.ItemResult{{TargetSubscriptionID: newID(7)}})
				require.NoError(t, err)
				require.Equal(t, []transferstore.Contradiction{{TransferID: tr.ID, TargetSubscriptionID: newID(7)}}, found)
				require.False(t, f.late(tr.ID, newID(8)), "one stands out, and a liar does not fill the logs")
				f.contradicted(newID(7))
				stuck, err := f.Stuck(t.Context(), time.Minute)
				require.NoError(t, err)
				require.Equal(t, newID(7), stuck.Items[0].MovedTo)

				f.resolve(tr.ID, 0, "")
				require.Equal(t, targetID, f.sub(newID(0)).PartnerTenantID)
				require.Equal(t, newID(0), f.resolved(tr.ID, targetID).TargetSubscriptionID, "it is where it was")
				f.holds()
			})
		})
	}
}

// What the billing system is known to have moved in one transfer, another does not move again.
func TestLateAnswerKeepsOthersFromMovingItAgain(t *testing.T) {
	onBoth(t, worldOf(1), func(t *testing.T, f fixture) {
		tr := f.moving("r1")
		f.freeing(tr.ID)
		f.closed(tr)
		other := f.moving("r2", 0)
		f.caughtUp()
		require.True(t, f.late(tr.ID, newID(7)))
		require.False(t, f.item(tr.ID, 0).Held, "the other one has it")
		granted, err := f.Leave(t.Context(), other.ID, []int{0})
		require.NoError(t, err)
		require.Empty(t, granted)
		runs := f.claim(10, 10)
		require.Len(t, runs, 1)
		require.Equal(t, other.ID, runs[0].SubjectID)
		require.Equal(t, transfer.Ordinals("0"), f.look(other.ID, "").Ending)
		f.record(other.ID, fenced(0, transferstore.FencePromised))
		f.closed(other)
		_, err = f.Submit(t.Context(), f.pending("r3").ID, picking("s3", 0))
		refuses(t, err, subscription.InOtherTransfer)
		f.resolve(tr.ID, 0, newID(7))
		f.holds()
	})
}

// A refusal that may not be about all that was asked only begins the end.
func TestUncertainRefusal(t *testing.T) {
	onBoth(t, worldOf(1), func(t *testing.T, f fixture) {
		tr := f.moving("r1")
		f.sent(tr.ID, 0)
		no := refused(0)
		no.Uncertain = true
		item := f.record(tr.ID, no)[0]
		require.Equal(t, transfer.ItemInProgress, item.Status)
		require.Equal(t, transfer.EndingRefused, item.Ending)
		f.record(tr.ID, fenced(0, transferstore.FencePromised))
		require.Equal(t, "Never.", f.item(tr.ID, 0).TransferError)
		f.closed(tr)
		f.holds()
	})
}
