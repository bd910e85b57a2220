package transferstore

// The end that an operator, or the deployment's deadline, sets to line items.

import (
	"context"
	"fmt"
	"time"

	activitylogstore "handover/internal/activitylog/store"
	"handover/internal/command"
	"handover/internal/kernel"
	"handover/internal/runs"
	"handover/internal/store"
	"handover/internal/transfer"
)

// GivingUp is an operator's word to stop retrying line items of one transfer.
type GivingUp struct {
	RequestID string       `json:"requestId"`
	Actor     kernel.Actor `json:"actor"`
	Ordinals  []int        `json:"ordinals,omitempty"`
	Failing   bool         `json:"failing,omitempty"` // instead of ordinals: every one that was attempted and still runs
	Reason    string       `json:"reason"`
}

// GivenUp is what became of the line items that were given up, by ordinal.
type GivenUp struct {
	Transfer transfer.Transfer `json:"-"`
	Ended    []int             `json:"ended"`   // Failed, their subscriptions free for another transfer
	Fencing  []int             `json:"fencing"` // the billing system was asked to move them before, and is now asked not to
}

// selectOpenItems are the line items that run and that nobody has given up yet.
var selectOpenItems = store.Both(`SELECT i.ordinal FROM line_items i
	WHERE i.transfer_id = $1 AND i.status = 'InProgress' AND i.ending = '' ORDER BY i.ordinal`)

// GiveUp ends the retries of line items by an operator's word, all of them or, after a refusal, none. An item that no
// billing system was asked to move is Failed at once, with the reason as its transferError; of any other the billing system
// has to say first what became of it.
//
// Refusals: those of transfer.Policy.Decide, ItemNotFound, ItemEnded and ReasonMissing among them; NoLineItems when none is
// named or failing. Errors: those of command.Execute.
func (s *Store) GiveUp(ctx context.Context, id string, g GivingUp, terms command.Terms[GivenUp]) (GivenUp, error) {
	return carryOut(ctx, s, "give up line items", terms, func(tx session) (GivenUp, error) {
		st, err := s.begin(ctx, tx, id, g.Actor, terms.Origin)
		if err != nil {
			return GivenUp{}, err
		}
		return st.giveUp(ctx, tx, g, terms.ByRun)
	})
}

// GiveUpLate gives up every line item that still runs when the deployment's deadline has passed, and tells how the transfer
// stands. Refusal: NotFound.
func (s *Store) GiveUpLate(ctx context.Context, id string) (transfer.Standing, error) {
	return write(ctx, s, "give up late line items", func(tx session) (transfer.Standing, error) {
		st, err := s.begin(ctx, tx, id, kernel.Actor{Operator: true}, kernel.Origin{})
		if err != nil {
			return transfer.Standing{}, err
		}
		now := st.rules.StandingOf(st.of.Transfer, st.of.changeID, 0, st.at)
		if now.Due != transfer.DueDeadline {
			return s.standing(ctx, tx, st, Watched{})
		}
		open, err := store.All(ctx, tx, selectOpenItems, store.Value[int], st.of.ID)
		if err != nil {
			return transfer.Standing{}, err
		}
		late := GivingUp{
			RequestID: "deadline", Actor: st.actor, Ordinals: open,
			Reason: fmt.Sprintf("Not moved within the %s that this platform allows.", st.rules.ItemDeadline),
		}
		if len(open) > 0 {
			if _, err := st.giveUp(ctx, tx, late, true); err != nil {
				return transfer.Standing{}, err
			}
		}
		return s.standing(ctx, tx, st, Watched{})
	})
}

func (st *step) giveUp(ctx context.Context, tx session, g GivingUp, byRun bool) (GivenUp, error) {
	items, err := st.meant(ctx, tx, g)
	if err != nil {
		return GivenUp{}, err
	}
	result := GivenUp{Ended: []int{}, Fencing: []int{}}
	st.next = st.of.State
	for i := range items {
		it := &items[i]
		next, effects, err := st.rules.Decide(st.next, transfer.GiveUp{Item: it.Status, Reason: g.Reason}, g.Actor, st.at)
		if err != nil {
			return GivenUp{}, err
		}
		st.effects, it.giveUpRequestID, it.EndingReason, it.EndingSince = effects, g.RequestID, store.Clean(g.Reason), st.at
		if it.SentAt.IsZero() {
			st.next = next
			it.Status, it.TransferError, it.Ending = transfer.ItemFailed, store.Clean(g.Reason), transfer.NotEnding
			result.Ended = append(result.Ended, it.Ordinal)
		} else {
			it.Ending = transfer.EndingAsked
			result.Fencing = append(result.Fencing, it.Ordinal)
		}
	}
	st.of.State = st.next
	result.Transfer = st.of.Transfer
	if err := tx.saveItems(ctx, items...); err != nil {
		return GivenUp{}, err
	}
	if err := tx.tellGivenUp(ctx, st, items, g); err != nil {
		return GivenUp{}, err
	}
	return result, runs.Want(ctx, tx.Tx, st.concerned(items, byRun)...)
}

// meant are the line items that are to be given up, locked. One that was given up before is refused as ended.
func (st *step) meant(ctx context.Context, tx session, g GivingUp) ([]item, error) {
	ordinals := g.Ordinals
	if g.Failing {
		var err error
		if ordinals, err = store.All(ctx, tx, selectOpenItems, store.Value[int], st.of.ID); err != nil {
			return nil, err
		}
	}
	if _, _, err := st.rules.Decide(st.of.State, transfer.GiveUp{Item: transfer.ItemInProgress, Reason: g.Reason}, g.Actor, st.at); err != nil {
		return nil, err
	}
	var items []item
	if len(ordinals) > 0 {
		locked, err := tx.lockItems(ctx, st.of.ID, ordinals...)
		if err != nil {
			return nil, err
		}
		if items, err = named(locked, ordinals, g.Failing); err != nil {
			return nil, err
		}
	}
	if len(items) == 0 {
		return nil, kernel.Refuse(transfer.NoLineItems, "There is no line item to give up: name some, or wait until one failed.")
	}
	return items, nil
}

// named keeps those of the locked line items that were named, without the bases that were locked beside them; of all that are
// failing, those that were attempted and are not ending yet.
func named(locked []item, ordinals []int, failing bool) ([]item, error) {
	meant, found := map[int]bool{}, map[int]bool{}
	for _, n := range ordinals {
		meant[n] = true
	}
	var items []item
	for _, it := range locked {
		found[it.Ordinal] = true
		switch {
		case !meant[it.Ordinal]:
		case failing && (it.Attempts == 0 || it.Ending != transfer.NotEnding || it.Status != transfer.ItemInProgress):
		case it.Ending != transfer.NotEnding:
			return nil, kernel.Refuse(transfer.ItemEnded, "Line item %d is being given up already.", it.Ordinal)
		default:
			items = append(items, it)
		}
	}
	return items, checkFound(ordinals, found)
}

// tellGivenUp writes a record per line item and participant. Their ids are made of times, so each has one of its own.
func (tx session) tellGivenUp(ctx context.Context, st *step, items []item, g GivingUp) error {
	var rows []activitylogstore.AuditEntry
	for i, it := range items {
		h := happening{
			of: st.of, effects: st.effects, key: fmt.Sprintf("%s:%d", st.effects.Event, it.Ordinal), actor: g.Actor, origin: st.origin,
			at: st.at.Add(time.Duration(i) * time.Microsecond),
			detail: detail{
				Event: st.effects.Event, Status: st.of.Status, By: st.of.RoleOf(g.Actor), RequestID: g.RequestID,
				GivenUp: &transfer.GivenUpItem{Ordinal: it.Ordinal, SubscriptionID: it.SubscriptionID, Reason: g.Reason},
			},
		}
		source, err := h.audit(st.of.SourceTenantID, h.detail)
		if err != nil {
			return err
		}
		target, err := h.audit(st.of.TargetTenantID, h.detail.ForTarget())
		if err != nil {
			return err
		}
		rows = append(rows, source, target)
	}
	return activitylogstore.Append(ctx, tx.Tx, rows...)
}

// concerned are the runs that have to take notice: the transfer's and, of a large one, those that move these line items.
func (st *step) concerned(items []item, byRun bool) []runs.Wanted {
	wanted := []runs.Wanted{wantedBy(st.of.Transfer, CauseGivenUp, st.origin, byRun)}
	if total, rules := st.of.Items.Total(), st.rules.ForRuns(); rules.InRanges(total) {
		for _, m := range moversOf(st.of.Transfer, rules, total, items, CauseGivenUp) {
			wanted = append(wanted, m.run)
		}
	}
	return wanted
}
