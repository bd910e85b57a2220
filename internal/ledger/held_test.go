package ledger

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"handover/internal/command"
	"handover/internal/kernel"
	"handover/internal/subscription"
	"handover/internal/transfer"
	transferstore "handover/internal/transfer/store"
)

// holding gives up line items that were sent to a billing system, which says nothing to it.
func (f fixture) holding(id string, ordinals ...int) {
	f.t.Helper()
	f.sent(id, ordinals...)
	_, err := f.giveUp(id, "The customer left", ordinals...)
	require.NoError(f.t, err)
	var results []transferstore.ItemResult
	for _, n := range ordinals {
		results = append(results, fenced(n, transferstore.FenceUnanswered))
	}
	f.record(id, results...)
}

func resolution(ordinal int, movedTo string) transferstore.Resolution {
	return transferstore.Resolution{RequestID: "resolve", Actor: asOperator, Ordinal: ordinal, MovedTo: movedTo, Reason: "They said so"}
}

func (f fixture) resolve(id string, ordinal int, movedTo string) transfer.LineItem {
	f.t.Helper()
	item, err := f.ResolveHeld(f.t.Context(), id, resolution(ordinal, movedTo), command.Terms[transfer.LineItem]{})
	require.NoError(f.t, err)
	return item
}

// resolved is what one partner's log says of the resolution of line item 0.
func (f fixture) resolved(id, partner string) *transfer.ResolvedItem {
	f.t.Helper()
	log, err := f.LogOf(f.t.Context(), id, partner)
	require.NoError(f.t, err)
	last := log[len(log)-1]
	require.True(f.t, strings.HasPrefix(last.EventKey, "resolved:0"))
	var said transfer.AuditDetail
	require.NoError(f.t, json.Unmarshal([]byte(last.NewValue), &said))
	require.Equal(f.t, transfer.EventResolved, said.Event)
	require.Equal(f.t, kernel.RoleOperator, said.By)
	return said.Resolved
}

// what did not move is free for another transfer; how line item and transfer ended stays (I-2, I-5).
func TestResolveHeldNotMoved(t *testing.T) {
	onBoth(t, worldOf(2), func(t *testing.T, f fixture) {
		tr := f.moving("r1")
		f.holding(tr.ID, 0)
		done := f.closed(tr, moved(1))
		before := f.item(tr.ID, 0)
		runs := f.raised()
		change := f.newest(tr.ID)

		item := f.resolve(tr.ID, 0, "")
		before.Held = false
		require.Equal(t, before, item)
		require.Equal(t, before, f.item(tr.ID, 0))
		require.Equal(t, done, f.stored(tr.ID))
		require.Equal(t, runs, f.raised(), "nobody follows a transfer that is over")
		require.Equal(t, change, f.look(tr.ID, "").ChangeID)
		require.Equal(t, subscription.Active, f.sub(subID(0)).Status)
		require.Equal(t, &transfer.ResolvedItem{Ordinal: 0, SubscriptionID: subID(0), Reason: "They said so"}, f.resolved(tr.ID, sourceID))
		require.Nil(t, f.resolved(tr.ID, targetID), "R-184")
		f.holds()

		f.closed(f.moving("r2", 0), moved(0))
		require.Equal(t, subscription.Deleted, f.sub(subID(0)).Status)
		f.holds()
	})
}

// what moved is the target's under the id that the billing system gave it, and can move on; each party hears of its own
// subscription only.
func TestResolveHeldMoved(t *testing.T) {
	onBoth(t, worldOf(2), func(t *testing.T, f fixture) {
		tr := f.moving("r1")
		f.holding(tr.ID, 0)
		old := f.sub(subID(0))
		item := f.resolve(tr.ID, 0, "90000000-0000-4000-8000-00000000ABCD")
		const newID = "90000000-0000-4000-8000-00000000abcd"
		require.Equal(t, transfer.ItemFailed, item.Status)
		require.Empty(t, item.TargetSubscriptionID)
		require.False(t, item.Held)
		require.Equal(t, item, f.item(tr.ID, 0))
		require.Equal(t, transfer.ItemCounts{InProgress: 1, Failed: 1}, f.stored(tr.ID).Items)
		require.Equal(t, []string{tr.ID + "|4|0|resumed|"}, f.raised(), "its run still shows it as held")

		require.Equal(t, subscription.Deleted, f.sub(old.ID).Status)
		successor := f.sub(newID)
		require.Equal(t, targetID, successor.PartnerTenantID)
		require.Equal(t, old.LineageID, successor.LineageID)
		require.Equal(t, subscription.Active, successor.Status)
		require.Equal(t, &transfer.ResolvedItem{Ordinal: 0, SubscriptionID: old.ID, Moved: true, Reason: "They said so"}, f.resolved(tr.ID, sourceID))
		require.Equal(t, &transfer.ResolvedItem{Ordinal: 0, TargetSubscriptionID: newID, Moved: true, Reason: "They said so"}, f.resolved(tr.ID, targetID))
		require.Equal(t, transfer.PartiallyComplete, f.closed(tr, moved(1)).Status)
		f.holds()
	})
}

// the same word again has no second effect.
func TestResolveHeldRepeated(t *testing.T) {
	for name, movedTo := range map[string]string{"moved": newID(0), "not moved": ""} {
		t.Run(name, func(t *testing.T) {
			onBoth(t, worldOf(1), func(t *testing.T, f fixture) {
				tr := f.moving("r1")
				f.holding(tr.ID, 0)
				_, err := f.ResolveHeld(t.Context(), tr.ID, resolution(0, movedTo), claiming[transfer.LineItem]("once"))
				require.NoError(t, err)
				before := f.contents()
				_, err = f.ResolveHeld(t.Context(), tr.ID, resolution(0, movedTo), claiming[transfer.LineItem]("once"))
				repeats(t, err)
				_, err = f.ResolveHeld(t.Context(), tr.ID, resolution(0, movedTo), command.Terms[transfer.LineItem]{})
				refuses(t, err, transfer.ItemNotHeld)
				require.Equal(t, before, f.contents())
			})
		})
	}
}

func TestResolveHeldIsRefused(t *testing.T) {
	onBoth(t, worldOf(3), func(t *testing.T, f fixture) {
		tr := f.moving("r1", 0, 1)
		f.holding(tr.ID, 0)
		before := f.contents()
		for name, c := range map[string]struct {
			cause  kernel.Cause
			change func(*transferstore.Resolution)
		}{
			"by the source":     {kernel.WrongParty, func(r *transferstore.Resolution) { r.Actor = asSource }},
			"by the target":     {kernel.WrongParty, func(r *transferstore.Resolution) { r.Actor = asTarget }},
			"by the platform":   {kernel.WrongParty, func(r *transferstore.Resolution) { r.Actor = kernel.Platform() }},
			"by a stranger":     {transfer.NotFound, func(r *transferstore.Resolution) { r.Actor = asStranger }},
			"for no reason":     {transfer.ReasonMissing, func(r *transferstore.Resolution) { r.Reason = " \t" }},
			"with a bell":       {kernel.InvalidInput, func(r *transferstore.Resolution) { r.Reason = "\a" }},
			"no such line item": {transfer.ItemNotFound, func(r *transferstore.Resolution) { r.Ordinal = 2 }},
			"not held":          {transfer.ItemNotHeld, func(r *transferstore.Resolution) { r.Ordinal = 1 }},
			"no id":             {kernel.InvalidInput, func(r *transferstore.Resolution) { r.MovedTo = "elsewhere" }},
			"the old id":        {kernel.InvalidInput, func(r *transferstore.Resolution) { r.MovedTo = subID(0) }},
			"another's id":      {kernel.InvalidInput, func(r *transferstore.Resolution) { r.MovedTo = subID(2) }},
		} {
			r := resolution(0, newID(0))
			c.change(&r)
			_, err := f.ResolveHeld(t.Context(), tr.ID, r, command.Terms[transfer.LineItem]{})
			refuses(t, err, c.cause)
			require.Equal(t, before, f.contents(), name)
		}
		_, err := f.ResolveHeld(t.Context(), f.pending("r2").ID, resolution(0, ""), command.Terms[transfer.LineItem]{})
		refuses(t, err, transfer.ItemNotFound)
		_, err = f.ResolveHeld(t.Context(), "b0000000-0000-4000-8000-000000000009", resolution(0, ""), command.Terms[transfer.LineItem]{})
		refuses(t, err, transfer.NotFound)
		f.behind("UPDATE subscriptions SET status = 'suspended' WHERE id = '" + subID(0) + "'")
		_, err = f.ResolveHeld(t.Context(), tr.ID, resolution(0, newID(0)), command.Terms[transfer.LineItem]{})
		refuses(t, err, transfer.NotActive)
		f.holds()
	})
}

// an add-on and its base find each other at the target, whichever of them moved by an operator's word, and in whichever order.
func TestResolveHeldFamilies(t *testing.T) {
	base, addon := newID(0), newID(1)
	for name, move := range map[string]func(f fixture, id string){
		"base, then add-on": func(f fixture, id string) {
			f.holding(id, 0, 1)
			f.resolve(id, 0, base)
			f.resolve(id, 1, addon)
		},
		"add-on, then base": func(f fixture, id string) {
			f.holding(id, 0, 1)
			f.resolve(id, 1, addon)
			f.resolve(id, 0, base)
		},
		"add-on after the base had moved": func(f fixture, id string) {
			f.record(id, moved(0))
			f.holding(id, 1)
			f.resolve(id, 1, addon)
		},
		"base after the add-on had moved": func(f fixture, id string) {
			f.holding(id, 0)
			f.record(id, moved(1))
			f.resolve(id, 0, base)
		},
		"base before the add-on moves": func(f fixture, id string) {
			f.holding(id, 0)
			f.resolve(id, 0, base)
			f.record(id, moved(1))
		},
	} {
		t.Run(name, func(t *testing.T) {
			onBoth(t, withAddon(), func(t *testing.T, f fixture) {
				move(f, f.moving("r1").ID)
				require.Equal(t, base, f.sub(addon).ParentID)
				require.Empty(t, f.sub(base).ParentID)
				f.holds()
			})
		})
	}
}

// An item is held once, so of two words at once one is heard.
func TestResolveHeldRaces(t *testing.T) {
	onBoth(t, worldOf(4), func(t *testing.T, f fixture) {
		tr := f.moving("r1")
		f.holding(tr.ID, 0, 1, 2, 3)
		for n := range 4 {
			outcomes := make(chan error, 2)
			for _, movedTo := range []string{"", newID(n)} {
				go func() {
					_, err := f.ResolveHeld(t.Context(), tr.ID, resolution(n, movedTo), command.Terms[transfer.LineItem]{})
					outcomes <- err
				}()
			}
			first, second := <-outcomes, <-outcomes
			if first == nil {
				first, second = second, first
			}
			refuses(t, first, transfer.ItemNotHeld)
			require.NoError(t, second)
		}
		f.closed(tr)
		f.holds()
	})
}
