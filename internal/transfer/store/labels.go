package transferstore

// What each party calls a transfer, for itself: the other party never sees it. A party's tags stand in its label row, to be
// read, and one by one beside it, to be searched for.

import (
	"context"
	"math"
	"time"

	"handover/internal/command"
	"handover/internal/store"
	"handover/internal/transfer"
)

// labelRow is one party's labels of one transfer.
type labelRow struct {
	transferID string
	partner    string
	created    time.Time // of the transfer
	transfer.Labels
}

func (r *labelRow) read() []any { return []any{&r.ExternalReference, (*store.List)(&r.Tags)} }

var transferLabels = store.Table[labelRow]{
	Name:    "transfer_labels",
	Columns: `transfer_id text, partner_tenant_id text, created_time timestamptz, external_reference text, tags text`,
	Fields: func(r *labelRow) []any {
		return append([]any{&r.transferID, &r.partner, (*store.Stamp)(&r.created)}, r.read()...)
	},
}

// tagRow is one tag of one party.
type tagRow struct {
	labelRow
	tag string
}

var transferTags = store.Table[tagRow]{
	Name:    "transfer_tags",
	Columns: `transfer_id text, partner_tenant_id text, tag text, created_time timestamptz`,
	Fields: func(r *tagRow) []any {
		return []any{&r.transferID, &r.partner, &r.tag, (*store.Stamp)(&r.created)}
	},
}

var (
	selectLabels = store.Both(`SELECT external_reference, tags FROM transfer_labels WHERE transfer_id = $1 AND partner_tenant_id = $2`)
	upsertLabels = transferLabels.Insert(`ON CONFLICT (transfer_id, partner_tenant_id)
		DO UPDATE SET external_reference = excluded.external_reference, tags = excluded.tags`)
	deleteTags = store.Both(`DELETE FROM transfer_tags WHERE transfer_id = $1 AND partner_tenant_id = $2`)
	insertTags = transferTags.Insert("")
)

// Labels are the partner's own labels of the transfer; none when it gave none or takes no part.
func (s *Store) Labels(ctx context.Context, transferID, partnerTenantID string) (transfer.Labels, error) {
	store.Lower(&transferID, &partnerTenantID)
	return read(ctx, s, "read labels", func(tx session) (transfer.Labels, error) {
		return tx.labelsOf(ctx, transferID, partnerTenantID)
	})
}

// Relabel changes the partner's labels of the transfer, in any state, under the terms. The change sees the present labels,
// which nobody else changes meanwhile.
//
// Refusals: those of transfer.State.CheckLabeller and transfer.NormalizeLabels. Errors: those of command.Execute.
func (s *Store) Relabel(ctx context.Context, transferID, partnerTenantID string, change func(transfer.Labels) transfer.Labels,
	terms command.Terms[Outcome],
) (Outcome, error) {
	store.Lower(&partnerTenantID)
	return carryOut(ctx, s, "change labels", terms, func(tx session) (Outcome, error) {
		t, err := tx.locked(ctx, transferID, partnerTenantID)
		if err != nil {
			return Outcome{}, err
		}
		if err := t.CheckLabeller(partnerTenantID); err != nil {
			return Outcome{}, err
		}
		if terms.Match != nil {
			if err := terms.Match(Outcome{Transfer: t.Transfer, Labels: t.called}); err != nil {
				return Outcome{}, err
			}
		}
		labels, err := transfer.NormalizeLabels(change(t.called))
		if err != nil {
			return Outcome{}, err
		}
		if err := tx.label(ctx, labelRow{transferID: t.ID, partner: partnerTenantID, created: t.CreatedTime, Labels: labels}); err != nil {
			return Outcome{}, err
		}
		items, err := store.All(ctx, tx, selectItems, lineItems.Fields, t.ID, 0, math.MaxInt32)
		return Outcome{Transfer: t.Transfer, Labels: labels, Items: bare(items)}, err
	})
}

// labelsOf are one party's labels.
func (tx session) labelsOf(ctx context.Context, transferID, partnerTenantID string) (transfer.Labels, error) {
	store.Lower(&partnerTenantID)
	r, _, err := store.One(ctx, tx, selectLabels, (*labelRow).read, transferID, partnerTenantID)
	return r.Labels, err
}

// label replaces one party's labels.
func (tx session) label(ctx context.Context, r labelRow) error {
	if _, err := tx.Exec(ctx, upsertLabels, transferLabels.Rows([]labelRow{r})); err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, deleteTags, r.transferID, r.partner); err != nil {
		return err
	}
	return tx.tag(ctx, r)
}

// labelNew writes the labels that a transfer is opened with, if there are any.
func (tx session) labelNew(ctx context.Context, r labelRow) error {
	if r.ExternalReference == "" && len(r.Tags) == 0 {
		return nil
	}
	if err := store.Insert(ctx, tx, transferLabels, upsertLabels, []labelRow{r}); err != nil {
		return err
	}
	return tx.tag(ctx, r)
}

func (tx session) tag(ctx context.Context, r labelRow) error {
	var tags []tagRow
	for _, tag := range r.Tags {
		tags = append(tags, tagRow{labelRow: r, tag: tag})
	}
	return store.Insert(ctx, tx, transferTags, insertTags, tags)
}
