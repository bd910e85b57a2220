package webhookstore

import (
	"context"
	"fmt"
	"time"

	"handover/internal/activitylog"
	"handover/internal/command"
	"handover/internal/kernel"
	"handover/internal/runs"
	"handover/internal/store"
	"handover/internal/webhook"
)

var (
	selectRegistration = store.Both(`SELECT ` + registrations.Columns.Of("w") + ` FROM webhook_registrations w WHERE w.partner_tenant_id = $1`)
	lockRegistration   = store.Both(`SELECT ` + registrations.Columns.Of("w") + ` FROM webhook_registrations w WHERE w.partner_tenant_id = $1 FOR UPDATE`)
	selectSandbox      = store.Both(`SELECT p.tenant_id FROM partners p WHERE p.tenant_id = $1 AND p.environment = 'sandbox'`)
	insertRegistration = registrations.Insert("ON CONFLICT (partner_tenant_id) DO NOTHING")
	deleteRegistration = store.Both(`DELETE FROM webhook_registrations WHERE partner_tenant_id = $1`)
	settleWaiting      = store.Both(`UPDATE webhook_deliveries SET registered_at = $2 WHERE status = 'waiting' AND id IN (` + inOrder(`SELECT d.id FROM webhook_deliveries d
		WHERE d.partner_tenant_id = $1 AND d.status = 'waiting' AND d.registered_at >= $3 LIMIT `+fmt.Sprint(MostBuried)) + `)`)
	updateRegistration = store.OverRows(`UPDATE webhook_registrations SET url = r.url, events = r.events, format = r.format, in_ms_header = r.in_ms_header,
		secret = r.secret, previous_secret = r.previous_secret, previous_until = r.previous_until, modified_at = r.modified_at, failing_since = r.failing_since,
		failures = r.failures, rests_until = r.rests_until, off_at = r.off_at, off_why = r.off_why, called_since = r.called_since, failed_at = r.failed_at
		FROM {rows} WHERE webhook_registrations.partner_tenant_id = r.partner_tenant_id`, registrations.Columns)
)

// unplanned is when what programs of before 00024 wrote is registered: they do not know the column.
var unplanned = store.Stamp(time.Date(9999, time.December, 31, 23, 59, 59, 999999000, time.UTC))

// Webhook is the partner's registration, with the time until which its endpoint rests only while it does. Refusal: NotRegistered.
func (s *Store) Webhook(ctx context.Context, partner string) (webhook.Registration, error) {
	store.Lower(&partner)
	return store.Read(ctx, s.db, "read a webhook", func(tx store.Tx) (webhook.Registration, error) {
		r, err := registered(ctx, tx, selectRegistration, partner)
		if err != nil {
			return r, err
		}
		now, err := s.db.Time(ctx, tx)
		if !r.Health.Rests(now) {
			r.Health.RestsUntil = time.Time{}
		}
		return r, err
	})
}

// rulesOf are the rules for the partner, which are others in a sandbox.
func rulesOf(ctx context.Context, tx store.Tx, partner string, rules webhook.Addresses) (webhook.Addresses, error) {
	_, sandbox, err := store.One(ctx, tx, selectSandbox, store.Value[string], partner)
	if sandbox {
		rules = rules.InSandbox()
	}
	return rules, err
}

func registered(ctx context.Context, tx store.Tx, st store.Statement, partner string) (webhook.Registration, error) {
	found, err := store.Known(ctx, tx, notRegistered(), st, registrations.Fields, partner)
	return found.read(), err
}

func notRegistered() error {
	return kernel.Refuse(webhook.NotRegistered, "You have no webhook registration. POST /webhooks/v1/registration makes one.")
}

// RegisterWebhook makes the partner's registration.
//
// Refusals: AlreadyRegistered for a partner that has one; those of webhook.Addresses.Register. Errors: those of command.Execute.
func (s *Store) RegisterWebhook(ctx context.Context, terms command.Terms[webhook.Registration], partner string, w webhook.Wish, rules webhook.Addresses) (webhook.Registration, error) {
	store.Lower(&partner)
	return command.Execute(ctx, s.db, "register a webhook", terms, func(tx store.Tx) (webhook.Registration, error) {
		now, err := s.db.Time(ctx, tx)
		if err != nil {
			return webhook.Registration{}, err
		}
		if rules, err = rulesOf(ctx, tx, partner, rules); err != nil {
			return webhook.Registration{}, err
		}
		r, err := rules.Register(partner, w, now)
		if err != nil {
			return webhook.Registration{}, err
		}
		made, err := tx.Exec(ctx, insertRegistration, registrations.Rows([]registration{stored(r)}))
		if err == nil && made == 0 {
			err = kernel.Refuse(webhook.AlreadyRegistered, "You have a webhook registration already; PUT replaces it.")
		}
		if err != nil {
			return r, err
		}
		return r, note(ctx, tx, r, terms.Origin, activitylog.AuditCreateWebhook, nil, logged(r), now)
	})
}

// ReplaceWebhook makes the partner's registration another one. What waits goes to the new address, at once; what is a dead letter, because
// the endpoint was switched off or for another reason, stays one until it is asked for. No record says that it was replaced by the same.
//
// Refusals: NotRegistered; that of the terms' Match; those of webhook.Addresses.Replace. Errors: those of command.Execute.
func (s *Store) ReplaceWebhook(ctx context.Context, terms command.Terms[webhook.Registration], partner string, w webhook.Wish, rules webhook.Addresses) (webhook.Registration, error) {
	store.Lower(&partner)
	return command.Execute(ctx, s.db, "replace a webhook", terms, func(tx store.Tx) (webhook.Registration, error) {
		r, err := registered(ctx, tx, lockRegistration, partner)
		if err != nil {
			return r, err
		}
		now, err := s.db.Time(ctx, tx)
		if err != nil {
			return r, err
		}
		if terms.Match != nil {
			if err := terms.Match(r); err != nil {
				return r, err
			}
		}
		if rules, err = rulesOf(ctx, tx, partner, rules); err != nil {
			return r, err
		}
		was := r
		if r, err = rules.Replace(was, w, now); err != nil {
			return r, err
		}
		if err := settle(ctx, tx, was); err != nil {
			return r, err
		}
		if err := save(ctx, tx, r); err != nil {
			return r, err
		}
		if r.Changes(was) {
			if err := note(ctx, tx, r, terms.Origin, activitylog.AuditUpdateWebhook, logged(was), replaced(was, r), now); err != nil {
				return r, err
			}
		}
		return r, runs.Want(ctx, tx, delivering(partner, runs.CauseResumed, terms.Origin.Correlation, now))
	})
}

// settle has what programs of before planned wait under the registration that is about to change, a portion of it: there is none once they
// are gone and each of their events was tried.
func settle(ctx context.Context, tx store.Tx, r webhook.Registration) error {
	_, err := tx.Exec(ctx, settleWaiting, r.PartnerTenantID, store.Stamp(r.ModifiedAt), unplanned)
	return err
}

func save(ctx context.Context, tx store.Tx, r webhook.Registration) error {
	_, err := tx.Exec(ctx, updateRegistration, registrations.Rows([]registration{stored(r)}))
	return err
}

// UnregisterWebhook ends the partner's registration. What waits becomes dead letters; what became of events stays to be read.
//
// Refusal: NotRegistered. Errors: those of command.Execute.
func (s *Store) UnregisterWebhook(ctx context.Context, terms command.Terms[webhook.Registration], partner string) (webhook.Registration, error) {
	store.Lower(&partner)
	return command.Execute(ctx, s.db, "end a webhook", terms, func(tx store.Tx) (webhook.Registration, error) {
		r, err := registered(ctx, tx, lockRegistration, partner)
		if err != nil {
			return r, err
		}
		now, err := s.db.Time(ctx, tx)
		if err != nil {
			return r, err
		}
		if err := settle(ctx, tx, r); err != nil {
			return r, err
		}
		if _, err := tx.Exec(ctx, deleteRegistration, partner); err != nil {
			return r, err
		}
		if err := note(ctx, tx, r, terms.Origin, activitylog.AuditRemoveWebhook, logged(r), nil, now); err != nil {
			return r, err
		}
		_, waits, err := store.One(ctx, tx, selectAnyWaiting, store.Value[string], partner)
		if err != nil || !waits {
			return r, err
		}
		return r, runs.Want(ctx, tx, delivering(partner, runs.CauseResumed, terms.Origin.Correlation, now))
	})
}
