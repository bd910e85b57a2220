package transferstore

// Add-ons and bases find each other at the target, in whichever order they moved.

import (
	"context"
	"slices"

	"handover/internal/store"
)

var (
	// adoptAddons gives add-ons that moved before their base did their new parent.
	adoptAddons = store.OverRows(`UPDATE subscriptions SET parent_id = b.target_subscription_id
		FROM line_items a JOIN line_items b ON b.transfer_id = a.transfer_id AND b.ordinal = a.base_ordinal
		WHERE a.transfer_id = $2 AND a.base_ordinal BETWEEN $3 AND $4
		AND b.transfer_id = $2 AND b.ordinal BETWEEN $3 AND $4 AND b.ordinal IN (SELECT r.ordinal FROM {rows})
		AND subscriptions.id = a.target_subscription_id AND subscriptions.parent_id IS NULL`, ordinalColumn)
	// joinStrays does so where add-on or base moved by an operator's word: such a line item does not say under which id, but
	// the new subscription is what the target has in the lineage.
	joinStrays = store.OverRows(`UPDATE subscriptions SET parent_id = parent.id
		FROM line_items a JOIN line_items b ON b.transfer_id = a.transfer_id AND b.ordinal = a.base_ordinal
		JOIN transfers t ON t.id = a.transfer_id
		JOIN subscriptions addon ON addon.id = a.subscription_id JOIN subscriptions base ON base.id = b.subscription_id
		JOIN subscriptions parent ON parent.lineage_id = base.lineage_id
		WHERE a.transfer_id = $2 AND (a.ordinal IN (SELECT r.ordinal FROM {rows}) OR b.ordinal IN (SELECT r.ordinal FROM {rows}))
		AND parent.partner_tenant_id = t.target_tenant_id AND parent.billed
		AND subscriptions.lineage_id = addon.lineage_id AND subscriptions.partner_tenant_id = t.target_tenant_id
		AND subscriptions.billed AND subscriptions.parent_id IS NULL`, ordinalColumn)
)

// joinFamilies gives add-ons at the target their base where the two did not move at once.
func (w *window) joinFamilies(ctx context.Context, tx session) error {
	if len(w.out.strays) > 0 {
		if _, err := tx.Exec(ctx, joinStrays, ordinalRows(w.out.strays), w.of.ID); err != nil {
			return err
		}
	}
	if len(w.out.bases) == 0 || !w.hasAddons {
		return nil
	}
	_, err := tx.Exec(ctx, adoptAddons, ordinalRows(w.out.bases), w.of.ID, slices.Min(w.out.bases), slices.Max(w.out.bases))
	return err
}
