package transferstore

// A partner's transfers over all its customers, a page at a time. A page is made of parts that an index has in the order of
// the list, each cut to the page's length: what the partner gives away and what it takes over, or what it labelled. So a
// page costs the same wherever it is in a list and however long the list is.

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"handover/internal/store"
	"handover/internal/transfer"
)

// Direction is which way a transfer goes, as the searching partner sees it.
type Direction string

// The directions.
const (
	Incoming Direction = "incoming" // the partner is the target
	Outgoing Direction = "outgoing" // the partner is the source
)

// Search asks for the transfers of one partner. Empty fields do not narrow.
type Search struct {
	PartnerTenantID   string    // source or target of what is found; never empty
	Direction         Direction // empty for both
	Statuses          []transfer.Status
	CustomerTenantID  string
	ExternalReference string // the partner's own, as a whole
	Tag               string // one of the partner's own
	CreatedFrom       time.Time
	CreatedUntil      time.Time // excluded
	ModifiedFrom      time.Time
	Limit             int     // transfers in the page, at least 1
	After             *Cursor // nil for the first page
}

// Cursor is a place in a list: after this transfer. It tells nothing and allows nothing by itself.
type Cursor struct {
	CreatedTime time.Time // in microseconds
	ID          string
}

// Listed is a transfer as it stands in a list: with the counts of its line items, and the searching partner's labels.
type Listed struct {
	transfer.Transfer
	Labels transfer.Labels
}

// listedRow is a row of a page.
type listedRow struct {
	record
	own labelRow
}

func (r *listedRow) fields() []any { return append(countedFields(&r.record), r.own.read()...) }

// SearchTransfers finds a page of the partner's transfers, the newest first, in one statement. With more than nil there are
// further ones, after that cursor. Following the cursors meets every transfer that was there at the first page exactly
// once, whatever is created meanwhile.
func (s *Store) SearchTransfers(ctx context.Context, q Search) (found []Listed, more *Cursor, err error) {
	q.Limit = max(q.Limit, 1)
	store.Lower(&q.PartnerTenantID, &q.CustomerTenantID)
	page, args := q.page()
	rows, err := read(ctx, s, "search transfers", func(tx session) ([]listedRow, error) {
		return store.All(ctx, tx, page, (*listedRow).fields, args...)
	})
	if err != nil {
		return nil, nil, err
	}
	if len(rows) > q.Limit {
		rows = rows[:q.Limit]
		last := rows[q.Limit-1]
		more = &Cursor{CreatedTime: last.CreatedTime, ID: last.ID}
	}
	for _, r := range rows {
		found = append(found, Listed{Transfer: r.whole().Transfer, Labels: r.own.Labels})
	}
	return found, more, nil
}

// parts are what a page is made of: rows of the same tables in the same order, limited to the partner in several ways that
// exclude each other.
type parts struct {
	from        string
	created, id string // the columns of the order
	sides       []string
}

// page is the statement for a page and one transfer more, which tells whether there are more.
func (q Search) page() (store.Statement, []any) {
	w := store.Where{Args: []any{q.PartnerTenantID}}
	p := q.parts(&w)
	w.And(q.CustomerTenantID, "t.customer_tenant_id = %s")
	w.At(q.CreatedFrom, "t.created_time >= %s")
	w.At(q.CreatedUntil, "t.created_time < %s")
	w.At(q.ModifiedFrom, "t.last_modified_time >= %s")
	if q.After != nil {
		w.Conditions = append(w.Conditions, fmt.Sprintf("(%s, %s) < (%s, %s)", p.created, p.id,
			w.Placeholder(store.Stamp(q.After.CreatedTime)), w.Placeholder(q.After.ID)))
	}
	var candidates []string
	for _, side := range p.sides {
		of := store.Where{Conditions: append([]string{side}, w.Conditions...)}
		candidates = append(candidates, fmt.Sprintf(`SELECT * FROM (SELECT %[1]s AS id, %[2]s AS created_time FROM %[3]s%[4]s
			ORDER BY %[2]s DESC, %[1]s DESC LIMIT %[5]d) AS part`, p.id, p.created, p.from, of.Clause(), q.Limit+1))
	}
	return store.Both(fmt.Sprintf(`SELECT %s, %s, COALESCE(own.external_reference, ''), COALESCE(own.tags, '[]')
		FROM (SELECT id, created_time FROM (%s) AS candidates ORDER BY created_time DESC, id DESC LIMIT %d) AS page
		JOIN transfers t ON t.id = page.id
		LEFT JOIN transfer_labels own ON own.transfer_id = t.id AND own.partner_tenant_id = $1
		ORDER BY page.created_time DESC, page.id DESC`,
		transfers.Columns.Of("t"), counted, strings.Join(candidates, " UNION ALL "), q.Limit+1)), w.Args
}

// parts chooses what the page is made of. Source and target of a transfer differ, and it has one status and at most one row
// of the partner's labels, so no transfer is in two parts.
func (q Search) parts(w *store.Where) parts {
	if q.ExternalReference != "" || q.Tag != "" {
		return q.labelled(w)
	}
	p := parts{from: "transfers t", created: "t.created_time", id: "t.id", sides: q.sides()}
	if q.CustomerTenantID != "" { // who has so few transfers that their statuses can be looked at
		w.OneOf("t.status", q.statuses()...)
	} else if len(q.Statuses) > 0 {
		p.sides = q.perStatus(w, p.sides)
	}
	return p
}

// labelled is the partner's transfers with a label, as the indexes of labels have them.
func (q Search) labelled(w *store.Where) parts {
	p := parts{
		from: "transfer_labels", created: "l.created_time", id: "l.transfer_id",
		sides: []string{"l.partner_tenant_id = $1 AND (" + strings.Join(q.sides(), " OR ") + ")"},
	}
	if q.ExternalReference != "" {
		w.And(q.ExternalReference, "l.external_reference = %s")
		w.And(q.Tag, `EXISTS (SELECT 1 FROM transfer_tags g
			WHERE g.transfer_id = l.transfer_id AND g.partner_tenant_id = $1 AND g.tag = %s)`)
	} else {
		p.from = "transfer_tags"
		w.And(q.Tag, "l.tag = %s")
	}
	p.from += " l JOIN transfers t ON t.id = l.transfer_id"
	w.OneOf("t.status", q.statuses()...)
	return p
}

// sides are the ways in which the partner takes part.
func (q Search) sides() []string {
	const source, target = "t.source_tenant_id = $1", "t.target_tenant_id = $1"
	switch q.Direction {
	case Outgoing:
		return []string{source}
	case Incoming:
		return []string{target}
	}
	return []string{source, target}
}

func (q Search) statuses() []string {
	names := make([]string, len(q.Statuses))
	for i, status := range q.Statuses {
		names[i] = string(status)
	}
	return names
}

// perStatus splits the sides by status: of one status an index has the transfers in the order of the list, of several it
// has not.
func (q Search) perStatus(w *store.Where, sides []string) []string {
	var split []string
	for _, status := range slices.Compact(slices.Sorted(slices.Values(q.Statuses))) {
		is := " AND t.status = " + w.Placeholder(string(status))
		for _, side := range sides {
			split = append(split, side+is)
		}
	}
	return split
}

var selectItemsOf = store.OverRows(`SELECT `+lineItems.Columns.Of("i")+` FROM line_items i
	WHERE i.transfer_id IN (SELECT r.id FROM {rows}) ORDER BY i.transfer_id, i.ordinal`, store.IDColumn)

// ItemsOf reads all line items of several transfers in one statement: by transfer id, in ordinal order. A transfer without
// line items, or that does not exist, is left out.
func (s *Store) ItemsOf(ctx context.Context, ids []string) (map[string][]transfer.LineItem, error) {
	ids = slices.Clone(ids)
	for i := range ids {
		store.Lower(&ids[i])
	}
	return read(ctx, s, "read line items", func(tx session) (map[string][]transfer.LineItem, error) {
		items, err := store.All(ctx, tx, selectItemsOf, lineItems.Fields, store.IDRows(ids...))
		of := map[string][]transfer.LineItem{}
		for _, it := range items {
			of[it.transferID] = append(of[it.transferID], it.LineItem)
		}
		return of, err
	})
}
