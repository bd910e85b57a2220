package transferstore

// An operator's word that runs have to look again, or that others take their place. It decides nothing about a transfer; who
// gave it stands in both participants' logs.

import (
	"context"
	"slices"
	"time"

	"handover/internal/activitylog"
	activitylogstore "handover/internal/activitylog/store"
	"handover/internal/kernel"
	"handover/internal/runs"
	"handover/internal/store"
	"handover/internal/transfer"
)

// Resumption is an operator's word to runs.
type Resumption struct {
	Cause  runs.Cause   // CauseResumed; CauseReplaced for a new run in the place of the one there is
	Actor  kernel.Actor // the operator
	Origin kernel.Origin
}

var selectNamed = store.OverRows(`SELECT `+transfers.Columns.Of("t")+`, (SELECT MAX(a.recorded_at) FROM activity_log a WHERE a.resource_id = t.id)
	FROM transfers t WHERE t.id IN (SELECT r.id FROM {rows}) ORDER BY t.id FOR UPDATE`, store.IDColumn)

// Resume makes the runs of the transfers look again, in whatever state they are, and tells how many there were. Ids without
// a transfer are passed over.
func (s *Store) Resume(ctx context.Context, r Resumption, ids ...string) (int, error) {
	return write(ctx, s, "resume transfers", func(tx session) (int, error) { return s.resume(ctx, tx, r, ids) })
}

var selectOpen = store.Both(`SELECT id, target_tenant_id FROM transfers
	WHERE status IN ('Pending', 'InProgress') AND id > $1 ORDER BY id LIMIT $2`)

// ResumeOpen does so for a page of the transfers that are not over: those with ids greater than after, in order of their
// ids, and at most limit. It returns the last id of the page, which is where the next one goes on, and how many there were;
// none when nothing was left.
func (s *Store) ResumeOpen(ctx context.Context, r Resumption, after string, limit int) (last string, resumed int, err error) {
	resumed, err = write(ctx, s, "resume open transfers", func(tx session) (int, error) {
		last = "" // of an earlier try
		open, err := store.All(ctx, tx, selectOpen, (*openRun).fields, after, limit)
		if err != nil || len(open) == 0 {
			return 0, err
		}
		ids := make([]string, len(open))
		for i, o := range open {
			ids[i] = o.id
		}
		last = ids[len(ids)-1]
		return s.resume(ctx, tx, r, ids)
	})
	return last, resumed, err
}

func (s *Store) resume(ctx context.Context, tx session, r Resumption, ids []string) (int, error) {
	found, err := tx.named(ctx, ids)
	if err != nil || len(found) == 0 {
		return 0, err
	}
	now, err := s.db.Time(ctx, tx)
	if err != nil {
		return 0, err
	}
	var rows []activitylogstore.AuditEntry
	wanted := make([]runs.Wanted, len(found))
	for i, t := range found {
		told, err := saidByOperator(t, transfer.EventResumed, r.Actor, r.Origin, now)
		if err != nil {
			return 0, err
		}
		rows = append(rows, told...)
		wanted[i] = wantedBy(t.Transfer, r.Cause, r.Origin, false)
	}
	if err := activitylogstore.Append(ctx, tx.Tx, rows...); err != nil {
		return 0, err
	}
	return len(found), runs.Want(ctx, tx.Tx, wanted...)
}

// named reads transfers, in order of their ids, that nobody else changes until the transaction ends. Ids without one are passed over.
func (tx session) named(ctx context.Context, ids []string) ([]record, error) {
	lowered := slices.Clone(ids)
	for i := range lowered {
		store.Lower(&lowered[i])
	}
	found, err := store.All(ctx, tx, selectNamed, func(t *record) []any {
		return append(transfers.Fields(t), (*store.Stamp)(&t.audited))
	}, store.IDRows(lowered...))
	for i := range found {
		found[i] = found[i].whole()
	}
	return found, err
}

// saidByOperator is the record, for either participant, of an operator's word about a transfer that changes nothing of it: it keeps
// its change_id.
func saidByOperator(t record, event transfer.Event, actor kernel.Actor, origin kernel.Origin, now time.Time) ([]activitylogstore.AuditEntry, error) {
	now = activitylog.TimeAfter(t.audited, now)
	h := happening{
		of: t, effects: transfer.EffectsOf(event), key: string(event) + ":" + now.Format(store.StampLayout), actor: actor, origin: origin, at: now,
		detail: detail{Event: event, Status: t.Status, By: t.RoleOf(actor)},
	}
	source, err := h.audit(t.SourceTenantID, h.detail)
	if err != nil {
		return nil, err
	}
	target, err := h.audit(t.TargetTenantID, h.detail)
	return []activitylogstore.AuditEntry{source, target}, err
}
