package webhookstore

import (
	"context"
	"slices"
	"time"

	"handover/internal/runs"
	"handover/internal/store"
	"handover/internal/webhook"
)

var events = store.Table[webhook.Event]{
	Columns: `id text, partner_tenant_id text, event text, customer_tenant_id text, resource_id text, happened_at timestamptz`,
	Fields: func(e *webhook.Event) []any {
		return []any{&e.ID, &e.PartnerTenantID, &e.Name, &e.CustomerTenantID, &e.ResourceID, (*store.Stamp)(&e.At)}
	},
}

// insertOwed owes each event to its partner, if that wants to hear it, once. To an endpoint that is switched off it is owed as a dead
// letter, so that it is there to be asked for.
var insertOwed = store.OverRows(`INSERT INTO webhook_deliveries (id, partner_tenant_id, event, customer_tenant_id, resource_id, happened_at, status, attempts,
		attempts_before, next_at, ended_at, last_status, last_fault, registered_at)
	SELECT r.id, r.partner_tenant_id, r.event, r.customer_tenant_id, r.resource_id, r.happened_at, CASE WHEN w.off_at IS NULL THEN 'waiting' ELSE 'dead' END,
		0, 0, r.happened_at, CASE WHEN w.off_at IS NULL THEN NULL ELSE r.happened_at END, 0, CASE WHEN w.off_at IS NULL THEN '' ELSE '`+webhook.FaultOff+`' END, w.modified_at
	FROM {rows} JOIN webhook_registrations w ON w.partner_tenant_id = r.partner_tenant_id AND w.events LIKE '% ' || r.event || ' %'
	WHERE TRUE ON CONFLICT (id) DO NOTHING RETURNING partner_tenant_id, status`, events.Columns)

// owedAtOnce bounds one statement of what happens at once.
const owedAtOnce = 5000

// Owe owes the events to the partners that want to hear them, and raises the runs that deliver. It belongs to the transaction of the
// change that they tell of: then none is told of what did not happen, and none is lost.
func Owe(ctx context.Context, tx store.Tx, correlation string, happened ...webhook.Event) error {
	for i := range happened {
		store.Lower(&happened[i].PartnerTenantID)
	}
	type heard struct{ partner, status string }
	var owed []heard
	for some := range slices.Chunk(happened, owedAtOnce) {
		all, err := store.All(ctx, tx, insertOwed, func(h *heard) []any { return []any{&h.partner, &h.status} }, events.Rows(some))
		if err != nil {
			return err
		}
		owed = append(owed, all...)
	}
	told := map[string]bool{}
	var wanted []runs.Wanted
	for _, h := range owed {
		if webhook.Status(h.status) == webhook.Waiting && !told[h.partner] {
			told[h.partner] = true
			wanted = append(wanted, delivering(h.partner, runs.CauseOpened, correlation, happened[0].At))
		}
	}
	if len(wanted) == 0 {
		return nil
	}
	return runs.Want(ctx, tx, wanted...)
}

// delivering is the run that delivers to the partner, of which there is one.
func delivering(partner string, cause runs.Cause, correlation string, at time.Time) runs.Wanted {
	return runs.Wanted{
		WorkflowID: webhook.WorkflowID(partner), WorkflowType: webhook.WorkflowType, SubjectID: partner, FairKey: partner, Cause: cause,
		CorrelationID: correlation, At: at,
	}
}
