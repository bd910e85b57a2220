package ledger

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"handover/internal/webhook"
	webhookstore "handover/internal/webhook/store"
)

const timesOfRows = "2006-01-02T15:04:05.000000Z"

// everyStanding are events of every status, registered and due at every time that matters, each about something else.
func (f fixture) everyStanding(called, modified time.Time) (all []webhook.Delivery) {
	f.t.Helper()
	now := f.clock.Now()
	for _, status := range []webhook.Status{webhook.Waiting, webhook.Delivered, webhook.Dead} {
		for _, registered := range []time.Time{
			called.Add(-time.Microsecond), called, modified.Add(-time.Microsecond), modified, time.Date(9999, 12, 31, 23, 59, 59, 999999000, time.UTC),
		} {
			for _, next := range []time.Time{now.Add(-10 * time.Minute), now.Add(-time.Minute), now, now.Add(time.Microsecond), now.Add(time.Hour)} {
				id := fmt.Sprintf("event-%02d", len(all))
				d := webhook.Delivery{
					Event:  webhook.Event{ID: id, PartnerTenantID: sourceID, Name: webhook.EventName("create-transfer"), CustomerTenantID: customerID, ResourceID: id, At: called},
					Status: status, NextAt: next, Registered: registered,
				}
				ended := "NULL"
				if status != webhook.Waiting {
					d.EndedAt, ended = now, "'"+now.Format(timesOfRows)+"'"
				}
				all = append(all, d)
				f.behind(fmt.Sprintf(`INSERT INTO webhook_deliveries (id, partner_tenant_id, event, customer_tenant_id, resource_id, happened_at, status, attempts, attempts_before,
					next_at, ended_at, last_status, last_fault, registered_at) VALUES ('%[1]s', '%[2]s', '%[3]s', '%[4]s', '%[1]s', '%[5]s', '%[6]s', 0, 0, '%[7]s', %[8]s, 0, '', '%[9]s')`,
					id, sourceID, d.Name, customerID, d.At.Format(timesOfRows), status, next.Format(timesOfRows), ended, registered.Format(timesOfRows)))
			}
		}
	}
	return all
}

// everyRegistration is there, or not, is called or off, rests or not, was replaced or not, and has the event or not.
func everyRegistration(called, now time.Time) (all []webhook.Registration) {
	all = append(all, webhook.Registration{})
	for _, modified := range []time.Time{called, called.Add(time.Minute), now.Add(-time.Minute), now} {
		for _, off := range []time.Time{{}, now.Add(-time.Second)} {
			for _, rests := range []time.Time{{}, now.Add(-time.Minute), now.Add(time.Minute)} {
				for _, event := range []webhook.EventName{"create-transfer", webhook.TestCreated} {
					r := webhook.Registration{PartnerTenantID: sourceID, URL: "https://hooks.example/", Events: []webhook.EventName{event}, ModifiedAt: modified, CalledSince: called}
					r.Health.RestsUntil = rests
					if !off.IsZero() {
						r.Health.OffAt, r.Health.Why = off, webhook.WhyGone
					}
					all = append(all, r)
				}
			}
		}
	}
	return all
}

func (f fixture) registered(r webhook.Registration) {
	f.t.Helper()
	f.behind("DELETE FROM webhook_attempts", "DELETE FROM webhook_deliveries", "DELETE FROM webhook_registrations", "DELETE FROM runs")
	if r.URL == "" {
		return
	}
	stamp := func(t time.Time) string {
		if t.IsZero() {
			return "NULL"
		}
		return "'" + t.Format(timesOfRows) + "'"
	}
	f.behind(fmt.Sprintf(`INSERT INTO webhook_registrations (partner_tenant_id, url, events, format, in_ms_header, secret, previous_secret, created_at, modified_at, failures, rests_until,
		off_at, off_why, called_since) VALUES ('%s', '%s', ' %s ', 'partner-center', FALSE, '', '', %s, %s, 0, %s, %s, '%s', %s)`, sourceID, r.URL, r.Events[0],
		stamp(r.CalledSince), stamp(r.ModifiedAt), stamp(r.Health.RestsUntil), stamp(r.Health.OffAt), r.Health.Why, stamp(r.CalledSince)))
}

// told is what webhook.Delivery.Under says of all of them, by id.
type told struct {
	waiting, dead, due []string
	next               time.Time // of what waits
	heldUp             bool      // since five minutes ago
}

func under(all []webhook.Delivery, r webhook.Registration, now time.Time) (is told) {
	by := now.Add(-5 * time.Minute)
	for _, d := range all {
		at := d.Under(r)
		switch at.Status {
		case webhook.Delivered:
		case webhook.Dead:
			is.dead = append(is.dead, d.ID)
			is.heldUp = is.heldUp || d.Status == webhook.Waiting && !d.NextAt.After(by)
		case webhook.Waiting:
			is.waiting = append(is.waiting, d.ID)
			is.heldUp = is.heldUp || !at.NextAt.After(by)
			if !at.NextAt.After(now) {
				is.due = append(is.due, d.ID)
			}
			if is.next.IsZero() || at.NextAt.Before(is.next) {
				is.next = at.NextAt
			}
		}
	}
	return is
}

func (f fixture) standing(status webhook.Status) (ids []string) {
	f.t.Helper()
	page, err := f.WebhookDeliveries(f.t.Context(), webhookstore.Search{PartnerTenantID: sourceID, Status: status, Limit: 1000})
	require.NoError(f.t, err)
	require.Len(f.t, page.Items, page.Total)
	for _, d := range page.Items {
		require.Equal(f.t, status, d.Status)
		ids = append(ids, d.ID)
	}
	slices.Sort(ids)
	return ids
}

// heldUp expects whether the watch has the run look, and operators see the partner.
func (f fixture) heldUp(is bool, r webhook.Registration) {
	f.t.Helper()
	stuck, err := f.Stuck(f.t.Context(), 5*time.Minute)
	require.NoError(f.t, err)
	require.Equal(f.t, is || r.Health.Off(), len(stuck.Webhooks) == 1, "%+v", r)
	raised, err := f.WatchWebhooks(f.t.Context())
	require.NoError(f.t, err)
	require.Equal(f.t, is, raised == 1, "%+v", r)
}

// What is dead, waits and is due is one thing, whoever asks: its owner's lists, the run that sends, the watch over it, operators and
// metrics say what webhook.Delivery.Under says, of every event under every registration.
func TestEverybodySaysTheSameOfAnEvent(t *testing.T) {
	onBoth(t, worldOf(1), func(t *testing.T, f fixture) {
		now := f.clock.Now()
		called := now.Add(-time.Hour)
		for _, r := range everyRegistration(called, now) {
			modified := r.ModifiedAt
			if modified.IsZero() {
				modified = called
			}
			f.registered(r)
			late := slices.DeleteFunc(f.everyStanding(called, modified), func(d webhook.Delivery) bool { return !d.NextAt.After(now) })
			f.behind("DELETE FROM webhook_deliveries WHERE next_at <= '" + now.Format(timesOfRows) + "'")
			f.heldUp(under(late, r, now).heldUp, r)
			f.registered(r)
			all := f.everyStanding(called, modified)
			is := under(all, r, now)
			require.Equal(t, is.waiting, f.standing(webhook.Waiting), "%+v", r)
			require.Equal(t, is.dead, f.standing(webhook.Dead), "%+v", r)
			dead, err := f.DeadWebhooks(t.Context(), sourceID)
			require.NoError(t, err)
			require.Len(t, is.dead, dead)
			dead, err = f.CountDeadWebhooks(t.Context())
			require.NoError(t, err)
			require.Len(t, is.dead, dead)
			counts, err := f.CountWebhooks(t.Context())
			require.NoError(t, err)
			require.Len(t, is.waiting, counts.Waiting)
			require.Len(t, is.due, counts.Due, "%+v", r)
			stuck, err := f.Stuck(t.Context(), 5*time.Minute)
			require.NoError(t, err)
			for _, trouble := range stuck.Webhooks {
				require.Len(t, is.waiting, trouble.Waiting)
				require.Len(t, is.dead, trouble.Dead)
			}
			f.heldUp(is.heldUp, r)

			standing := f.owed(sourceID)
			if r.URL != "" && !r.Wants("create-transfer") {
				require.Empty(t, standing.Due)
				continue
			}
			var due []string
			for _, d := range standing.Due {
				due = append(due, d.ID)
				require.Equal(t, all[slices.IndexFunc(all, func(e webhook.Delivery) bool { return e.ID == d.ID })].Under(r).NextAt, d.NextAt)
			}
			require.Equal(t, is.due, due, "%+v", r)
			if len(due) == 0 {
				require.Equal(t, is.next, standing.Next, "%+v", r)
			}
		}
	})
}
