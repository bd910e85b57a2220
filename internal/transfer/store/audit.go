package transferstore

import (
	"context"
	"errors"

	"handover/internal/activitylog"
	activitylogstore "handover/internal/activitylog/store"
	"handover/internal/kernel"
	"handover/internal/store"
	"handover/internal/transfer"
)

// mostRefusals bounds the refused decisions about one transfer that a day adds to one participant's log.
const mostRefusals = 100

var countRefusals = store.Both(`SELECT COUNT(*) FROM activity_log a WHERE a.resource_id = $1 AND a.partner_tenant_id = $2
	AND a.status = 'failed' AND a.recorded_at > $3`)

// RecordRefused audits a decision that was not accepted, once per request id and content, with status failed: in the target's log
// when the target made it, otherwise in the source's, whose decision it should have been. A day takes mostRefusals of them; the last
// one says that it is. Refusal: NotFound.
func (s *Store) RecordRefused(ctx context.Context, r Refused) error {
	if r.Refusal == nil {
		return errors.New("record a refused decision: the refusal is missing")
	}
	_, err := write(ctx, s, "record a refused decision", func(tx session) (record, error) {
		t, err := tx.locked(ctx, r.TransferID, "")
		if err != nil {
			return t, err
		}
		now := activitylog.TimeAfter(t.audited, s.db.TimeRead(t.readAt))
		role, log := t.RoleOf(r.Actor), t.SourceTenantID
		if role == kernel.RoleTarget {
			log = t.TargetTenantID
		}
		refusals, _, err := store.One(ctx, tx, countRefusals, store.Value[int], t.ID, log, store.Stamp(now.AddDate(0, 0, -1)))
		if err != nil || refusals >= mostRefusals {
			return t, err
		}
		said := detail{
			Event: transfer.EventRefused, Status: t.Status, By: role, RequestID: r.RequestID,
			Cause: r.Refusal.Cause, Message: r.Refusal.Message, PartnerID: r.Actor.PartnerTenantID, Last: refusals == mostRefusals-1,
		}
		h := happening{
			of: t, effects: transfer.EffectsOf(transfer.EventRefused),
			key: r.key(), actor: r.Actor, origin: r.Origin, at: now,
		}
		entry, err := h.audit(log, said)
		if err != nil {
			return t, err
		}
		entry.Status, entry.Participants = activitylog.Failed, []string{log}
		return t, activitylogstore.AppendOnce(ctx, tx.Tx, entry)
	})
	return err
}

// refusedKey begins the event key of refused decisions. Those records have one participant: the other party has no part
// in what was never accepted.
const refusedKey = string(transfer.EventRefused) + ":"

// Refused is a decision that was not accepted, to be audited once (I-3) although nothing changed.
type Refused struct {
	TransferID string          `json:"transferId"`
	RequestID  string          `json:"requestId"`
	Asked      string          `json:"asked,omitempty"` // fingerprint of the command
	Actor      kernel.Actor    `json:"actor"`
	Refusal    *kernel.Refusal `json:"refusal"`
	Origin     kernel.Origin   `json:"origin"`
}

// key tells the refusal from every other of its transfer. Whoever sends a command chooses its request id, so it says what was asked, too.
// Runs that began earlier do not tell that.
func (r Refused) key() string {
	if r.Asked == "" {
		return refusedKey + r.RequestID
	}
	return refusedKey + kernel.FingerprintOf([]byte(r.RequestID), []byte(r.Asked))[:32]
}
