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
	records   int
}

func (f *forgettable) fields() []any { return []any{&f.id, &f.email, &f.status, &f.held, &f.records} }

// personalText is what stands in the place of a text that is not empty.
func personalText(column string) string {
	return column + ` = CASE ` + column + ` WHEN '' THEN '' ELSE CAST($2 AS text) END`
}

// personalID is what stands in the place of who acted, unless that is an id.
func personalID(column string) string {
	return column + ` = CASE WHEN ` + column + ` = '' OR ` + column + isID + ` THEN ` + column + ` ELSE CAST($2 AS text) END`
}

var (
	selectForgettable = store.Both(`SELECT t.id, t.customer_email, t.status, EXISTS (SELECT 1 FROM line_items i WHERE i.transfer_id = t.id AND i.held),
		(SELECT COUNT(*) FROM activity_log a WHERE a.resource_id = t.id)
		FROM transfers t WHERE t.id > $1 AND t.forgotten_at IS NULL AND ($2 = '' OR t.customer_tenant_id = $2)
		AND ($2 <> '' OR t.last_modified_time <= $3 AND t.status NOT IN ('Pending', 'InProgress')) ORDER BY t.id LIMIT $4`)
	lockForgettable = store.OverRows(`SELECT t.id FROM transfers t WHERE t.id IN (SELECT r.id FROM {rows}) AND t.forgotten_at IS NULL ORDER BY t.id FOR UPDATE`, store.IDColumn)
	countReasons    = store.OverRows(`SELECT COUNT(*) FROM line_items WHERE transfer_id IN (SELECT r.id FROM {rows}) AND ending_reason <> '' AND give_up_request_id <> ''`,
		store.IDColumn)
	forgetReasons = store.OverRows(`UPDATE line_items SET ending_reason = CAST($2 AS text),
		transfer_error = CASE WHEN transfer_error = ending_reason THEN CAST($2 AS text) ELSE transfer_error END,
		last_error = CASE WHEN last_error = ending_reason THEN CAST($2 AS text) ELSE last_error END
		WHERE transfer_id IN (SELECT r.id FROM {rows}) AND ending_reason <> '' AND give_up_request_id <> ''`, store.IDColumn)
	forgetTransfers = store.OverRows(`UPDATE transfers SET customer_email = CAST($2 AS text), `+personalText("customer_name")+`, `+personalText("target_email_id")+`,
		`+personalText("decline_reason")+`, `+personalID("requested_by")+`, `+personalID("last_modified_user")+`, forgotten_at = $3
		WHERE id IN (SELECT r.id FROM {rows})`, store.IDColumn)
)

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
// that is not over nothing is. It is one transaction, which says in the logs of both participants that it was done, and by whom.
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
			return tx.forget(ctx, s.db.Now(), page, true)
		})
	}
	return write(ctx, s, "forget transfers", func(tx session) (ForgottenTransfers, error) {
		now, err := s.db.Time(ctx, tx)
		if err != nil {
			return ForgottenTransfers{}, err
		}
		done, err := tx.forget(ctx, now, page, false)
		if err == nil && done.Transfers > 0 {
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
func (tx session) forget(ctx context.Context, now time.Time, page []forgettable, dryRun bool) (ForgottenTransfers, error) {
	done := ForgottenTransfers{Last: page[len(page)-1].id}
	waits, mails, err := outbox.Waiting(ctx, tx.Tx, SubjectKind, !dryRun, idsOf(page)...)
	if err != nil {
		return done, err
	}
	over, err := done.sorted(page, waits), nil
	if !dryRun {
		over, err = tx.still(ctx, over)
	}
	if err != nil || len(over) == 0 {
		return done, err
	}
	done.Transfers, done.ids = len(over), idsOf(over)
	for _, id := range done.ids {
		done.Mails += mails[id]
	}
	if done.Found, err = activitylogstore.ForgetAbout(ctx, tx.Tx, now, dryRun, done.ids...); err != nil {
		return done, err
	}
	if dryRun {
		done.Reasons, _, err = store.One(ctx, tx, countReasons, store.Value[int], store.IDRows(done.ids...))
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
	locked, err := store.All(ctx, tx, lockForgettable, store.Value[string], store.IDRows(idsOf(over)...))
	return slices.DeleteFunc(over, func(t forgettable) bool { return !slices.Contains(locked, t.id) }), err
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
