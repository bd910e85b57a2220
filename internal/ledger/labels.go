package ledger

// What each party calls a transfer, for itself: the other party never sees it. A party's tags stand in its label row, to be
// read, and one by one beside it, to be searched for.

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"handover/internal/transfer"
)

// labelRow is one party's labels of one transfer.
type labelRow struct {
	transferID string
	partner    string
	created    time.Time // of the transfer
	transfer.Labels
}

func (r *labelRow) read() []any { return []any{&r.ExternalReference, (*tagList)(&r.Tags)} }

var transferLabels = table[labelRow]{
	name:    "transfer_labels",
	columns: `transfer_id text, partner_tenant_id text, created_time timestamptz, external_reference text, tags text`,
	fields: func(r *labelRow) []any {
		return append([]any{&r.transferID, &r.partner, (*stamp)(&r.created)}, r.read()...)
	},
}

// tagRow is one tag of one party.
type tagRow struct {
	labelRow
	tag string
}

var transferTags = table[tagRow]{
	name:    "transfer_tags",
	columns: `transfer_id text, partner_tenant_id text, tag text, created_time timestamptz`,
	fields: func(r *tagRow) []any {
		return []any{&r.transferID, &r.partner, &r.tag, (*stamp)(&r.created)}
	},
}

// tagList keeps tags as a JSON list. In a list of rows it is the list itself, which both databases store as its text.
type tagList []string

// MarshalJSON writes the list in a list of rows; no tags are an empty list.
func (t tagList) MarshalJSON() ([]byte, error) { return json.Marshal(append([]string{}, t...)) }

// Scan reads the list; an empty one is nil.
func (t *tagList) Scan(v any) error {
	text, isText := v.(string)
	if !isText {
		return fmt.Errorf("%T is not a stored list", v)
	}
	var tags []string
	err := json.Unmarshal([]byte(text), &tags)
	if *t = tags; len(tags) == 0 {
		*t = nil
	}
	return err
}

var (
	selectLabels = both(`SELECT external_reference, tags FROM transfer_labels WHERE transfer_id = $1 AND partner_tenant_id = $2`)
	upsertLabels = transferLabels.insert(`ON CONFLICT (transfer_id, partner_tenant_id)
		DO UPDATE SET external_reference = excluded.external_reference, tags = excluded.tags`)
	deleteTags = both(`DELETE FROM transfer_tags WHERE transfer_id = $1 AND partner_tenant_id = $2`)
	insertTags = transferTags.insert("")
)

// Labels are the partner's own labels of the transfer; none when it gave none or takes no part.
func (l *Ledger) Labels(ctx context.Context, transferID, partnerTenantID string) (transfer.Labels, error) {
	lower(&transferID, &partnerTenantID)
	return read(ctx, l, "read labels", func(s session) (transfer.Labels, error) {
		r, _, err := one(ctx, s, selectLabels, (*labelRow).read, transferID, partnerTenantID)
		return r.Labels, err
	})
}

// Relabel changes the partner's labels of the transfer, in any state, and returns them as they are stored. The change sees
// the transfer and the present labels, which nobody else changes meanwhile, and may refuse.
//
// Refusals: NotFound for who takes no part, those of the change and of transfer.Labels.Normalize. Error:
// ErrClaimLost.
func (l *Ledger) Relabel(ctx context.Context, c Claim, transferID, partnerTenantID string,
	change func(transfer.Transfer, transfer.Labels) (transfer.Labels, error),
) (transfer.Labels, error) {
	lower(&partnerTenantID)
	return write(ctx, l, "change labels", func(s session) (transfer.Labels, error) {
		return once(ctx, s, c, func() (transfer.Labels, error) {
			t, err := s.locked(ctx, transferID)
			if err != nil {
				return transfer.Labels{}, err
			}
			role := t.RoleOf(transfer.Actor{PartnerTenantID: partnerTenantID})
			if role != transfer.RoleSource && role != transfer.RoleTarget {
				return transfer.Labels{}, transfer.NoSuchTransfer()
			}
			present, _, err := one(ctx, s, selectLabels, (*labelRow).read, t.ID, partnerTenantID)
			if err != nil {
				return transfer.Labels{}, err
			}
			labels, err := change(t.Transfer, present.Labels)
			if err == nil {
				labels, err = labels.Normalize()
			}
			if err != nil {
				return transfer.Labels{}, err
			}
			return labels, s.label(ctx, labelRow{transferID: t.ID, partner: partnerTenantID, created: t.CreatedTime, Labels: labels})
		})
	})
}

// label replaces one party's labels.
func (s session) label(ctx context.Context, r labelRow) error {
	if _, err := s.exec(ctx, upsertLabels, transferLabels.rows([]labelRow{r})); err != nil {
		return err
	}
	if _, err := s.exec(ctx, deleteTags, r.transferID, r.partner); err != nil {
		return err
	}
	return s.tag(ctx, r)
}

// labelNew writes the labels that a transfer is opened with, if there are any.
func (s session) labelNew(ctx context.Context, r labelRow) error {
	if r.ExternalReference == "" && len(r.Tags) == 0 {
		return nil
	}
	if err := insert(ctx, s, transferLabels, upsertLabels, []labelRow{r}); err != nil {
		return err
	}
	return s.tag(ctx, r)
}

func (s session) tag(ctx context.Context, r labelRow) error {
	var tags []tagRow
	for _, tag := range r.Tags {
		tags = append(tags, tagRow{labelRow: r, tag: tag})
	}
	return insert(ctx, s, transferTags, insertTags, tags)
}
