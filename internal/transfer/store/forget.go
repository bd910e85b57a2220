package transferstore

// What is personal about transfers that are over is forgotten, with the e-mails and the records about them, by an operator's word.

import (
	"context"
	"slices"
	"time"

	activitylogstore "handover/internal/activitylog/store"
	"handover/internal/kernel"
	"handover/internal/outbox"
	"handover/internal/store"
	"handover/internal/transfer"
)

const (
	// forgottenAtOnce and recordsAtOnce bound one transaction of ForgetTransfers; one transfer may have more records by itself.
	forgottenAtOnce = 250
	recordsAtOnce   = 2000
	isID            = ` LIKE '________-____-____-____-____________'`
)

// forgettable is a transfer whose personal parts are to be forgotten, if it is over.
type forgettable struct {
	id, email string
	status    transfer.Status
	held      bool
	again     bool // it was forgotten before, and more was written about it since
	records   int
}

func (f *forgettable) fields() []any {
	return []any{&f.id, &f.email, &f.status, &f.held, &f.again, &f.records}
}

const (
	wasBuried = ` LIKE '` + kernel.TombstonePattern + `'`
	// typed is a line item that an operator's reason stands in, of a transfer t.
	typed = `ending_reason <> '' AND give_up_request_id <> '' AND ending_reason NOT` + wasBuried
	// writtenSince are transfers that were forgotten, and about which something is known that was written since.
	writtenSince = `EXISTS (SELECT 1 FROM activity_log a WHERE a.resource_id = t.id AND CASE $2 WHEN '' THEN a.recorded_at > t.last_modified_time AND a.recorded_at <= $3 ELSE a.event_key NOT LIKE 'forgotten:%' END
			AND NOT EXISTS (SELECT 1 FROM log_tombstones d WHERE d.record_id = a.id))
		OR EXISTS (SELECT 1 FROM line_items i WHERE i.transfer_id = t.id AND i.` + typed + `)
		OR EXISTS (SELECT 1 FROM notifications n WHERE n.subject_id = t.id AND n.subject_kind = '` + SubjectKind + `' AND n.recipient NOT` + wasBuried + `)`
)

// personalText is what stands in the place of a text that is not empty.
func personalText(column string) string {
	return column + ` = CASE WHEN ` + column + ` = '' OR ` + column + wasBuried + ` THEN ` + column + ` ELSE CAST($2 AS text) END`
}

// personalID is what stands in the place of who acted, unless that is an id.
func personalID(column string) string {
	return column + ` = CASE WHEN ` + column + ` = '' OR ` + column + isID + ` OR ` + column + wasBuried + ` THEN ` + column + ` ELSE CAST($2 AS text) END`
}

var (
	selectForgettable = store.Both(`SELECT t.id, t.customer_email, t.status, EXISTS (SELECT 1 FROM line_items i WHERE i.transfer_id = t.id AND i.held), t.forgotten_at IS NOT NULL,
		(SELECT COUNT(*) FROM activity_log a WHERE a.resource_id = t.id)
		FROM transfers t WHERE t.id > $1 AND (t.forgotten_at IS NULL OR ` + writtenSince + `) AND ($2 = '' OR t.customer_tenant_id = $2)
		AND ($2 <> '' OR t.last_modified_time <= $3 AND t.status NOT IN ('Pending', 'InProgress')) ORDER BY t.id LIMIT $4`)
	lockForgettable = store.OverRows(`SELECT t.id, t.forgotten_at IS NOT NULL FROM transfers t WHERE t.id IN (SELECT r.id FROM {rows}) ORDER BY t.id FOR UPDATE`, store.IDColumn)
	countReasons    = store.OverRows(`SELECT COUNT(*) FROM line_items WHERE transfer_id IN (SELECT r.id FROM {rows}) AND `+typed,
		store.IDColumn)
	forgetReasons = store.OverRows(`UPDATE line_items SET ending_reason = CAST($2 AS text),
		transfer_error = CASE WHEN transfer_error = ending_reason THEN CAST($2 AS text) ELSE transfer_error END,
		last_error = CASE WHEN last_error = ending_reason THEN CAST($2 AS text) ELSE last_error END
		WHERE transfer_id IN (SELECT r.id FROM {rows}) AND `+typed, store.IDColumn)
	forgetTransfers = store.OverRows(`UPDATE transfers SET `+personalText("customer_email")+`, `+personalText("customer_name")+`, `+personalText("source_name")+`, `+personalText("target_email_id")+`,
		`+personalText("decline_reason")+`, `+personalID("requested_by")+`, `+personalID("last_modified_user")+`, forgotten_at = COALESCE(forgotten_at, $3)
		WHERE id IN (SELECT r.id FROM {rows})`, store.IDColumn)
)

// IDsOfCustomer is the query for the ids of transfers of the customer $6.
const IDsOfCustomer = `SELECT t.id FROM transfers t WHERE t.customer_tenant_id = $6`

// ForgottenTransfers is what became of a page of transfers.
type ForgottenTransfers struct {
	Last                             string // its last id, which is where the next page goes on; empty when nothing was left
	Transfers, Reasons, Mails, Found int    // whose personal parts were forgotten; Found of records in the log
	Left                             []NotOver
	ids                              []string // of the transfers
}

// NotOver is a transfer that nothing can be forgotten of yet, and why.
type NotOver struct {
	TransferID string `json:"transferId"`
	Why        string `json:"why"`
}

// ForgetTransfers forgets what is personal about a page of transfers: those with ids greater than after, in order of their ids. Of one
// that is not over nothing is; of one that was forgotten, what was written about it since. It is one transaction, which says in the logs
// of both participants that it was done, and by whom.
func (s *Store) ForgetTransfers(ctx context.Context, f kernel.Forgetting, operator kernel.Actor, origin kernel.Origin, after string) (ForgottenTransfers, error) {
	store.Lower(&f.CustomerTenantID)
	page, err := read(ctx, s, "look for transfers to forget", func(tx session) ([]forgettable, error) {
		return store.All(ctx, tx, selectForgettable, (*forgettable).fields, after, f.CustomerTenantID, store.Stamp(f.Before), forgottenAtOnce)
	})
	if err != nil || len(page) == 0 {
		return ForgottenTransfers{}, err
	}
	page = atOnce(page)
	if f.DryRun {
		return read(ctx, s, "count what to forget", func(tx session) (ForgottenTransfers, error) {
			return tx.forget(ctx, f, s.db.Now(), page)
		})
	}
	return write(ctx, s, "forget transfers", func(tx session) (ForgottenTransfers, error) {
		now, err := s.db.Time(ctx, tx)
		if err != nil {
			return ForgottenTransfers{}, err
		}
		done, err := tx.forget(ctx, f, now, page)
		if err == nil {
			err = tx.say(ctx, transfer.EventForgotten, operator, origin, now, done.ids...)
		}
		return done, err
	})
}

// atOnce is as much of the page as has not too many records for one transaction.
func atOnce(page []forgettable) []forgettable {
	records := 0
	for i, t := range page {
		if records += t.records; records > recordsAtOnce && i > 0 {
			return page[:i]
		}
	}
	return page
}

func idsOf(page []forgettable) []string {
	ids := make([]string, len(page))
	for i, t := range page {
		ids[i] = t.id
	}
	return ids
}

// forget does so with those of the page that are over and that nobody else forgot, or counts. Mail is locked before transfers, as by who
// has it sent again.
func (tx session) forget(ctx context.Context, f kernel.Forgetting, now time.Time, page []forgettable) (ForgottenTransfers, error) {
	done := ForgottenTransfers{Last: page[len(page)-1].id}
	waits, mails, err := outbox.Waiting(ctx, tx.Tx, SubjectKind, !f.DryRun, idsOf(page)...)
	if err != nil {
		return done, err
	}
	over := done.sorted(page, waits)
	if !f.DryRun {
		over, err = tx.still(ctx, over)
	}
	if err != nil || len(over) == 0 {
		return done, err
	}
	ids := idsOf(over)
	found, err := activitylogstore.ForgetAbout(ctx, tx.Tx, f, now, ids...)
	if err != nil {
		return done, err
	}
	for _, t := range over {
		if t.again && !found.Subjects[t.id] && mails[t.id] == 0 {
			continue // what was written about it since says nothing personal
		}
		done.ids = append(done.ids, t.id)
		done.Mails += mails[t.id]
	}
	done.Transfers, done.Found = len(done.ids), found.Records
	if f.DryRun {
		done.Reasons, _, err = store.One(ctx, tx, countReasons, store.Value[int], store.IDRows(ids...))
		return done, err
	}
	done.Reasons, err = tx.forgetRows(ctx, now, over)
	return done, err
}

// sorted are those of the page that are over; the others are left.
func (f *ForgottenTransfers) sorted(page []forgettable, waits map[string]bool) (over []forgettable) {
	for _, t := range page {
		if why := transfer.NotOver(t.status, t.held, waits[t.id]); why != "" {
			f.Left = append(f.Left, NotOver{t.id, why})
		} else {
			over = append(over, t)
		}
	}
	return over
}

// still are those that nobody forgot meanwhile, and nobody else changes until the transaction ends.
func (tx session) still(ctx context.Context, over []forgettable) ([]forgettable, error) {
	type row struct {
		id        string
		forgotten bool
	}
	rows, err := store.All(ctx, tx, lockForgettable, func(r *row) []any { return []any{&r.id, &r.forgotten} }, store.IDRows(idsOf(over)...))
	was := map[string]bool{}
	for _, r := range rows {
		was[r.id] = r.forgotten
	}
	return slices.DeleteFunc(over, func(t forgettable) bool { return was[t.id] && !t.again }), err
}

// forgetRows puts tombstones into the mail, line items and rows of the transfers, and tells of how many line items.
func (tx session) forgetRows(ctx context.Context, now time.Time, over []forgettable) (reasons int, err error) {
	addressed := make([]outbox.Addressed, len(over))
	for i, t := range over {
		addressed[i] = outbox.Addressed{ID: t.id, Address: t.email}
	}
	if err := outbox.ForgetAbout(ctx, tx.Tx, SubjectKind, now, addressed...); err != nil {
		return 0, err
	}
	rows, stone := store.IDRows(idsOf(over)...), kernel.Tombstone(now)
	n, err := tx.Exec(ctx, forgetReasons, rows, stone)
	if err == nil {
		_, err = tx.Exec(ctx, forgetTransfers, rows, stone, store.Stamp(now))
	}
	return int(n), err
}
