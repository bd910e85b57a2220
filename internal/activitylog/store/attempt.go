package activitylogstore

import (
	"cmp"
	"context"
	"encoding/json"
	"time"

	"handover/internal/activitylog"
	"handover/internal/kernel"
	"handover/internal/store"
)

var (
	// countAttempts looks for the one that says it is the last: the key, as it stands in JSON, can be in no text of it.
	countAttempts = store.Both(`SELECT COUNT(*), MAX(recorded_at), COALESCE(SUM(CASE WHEN new_value LIKE '%"last":true%' THEN 1 ELSE 0 END), 0)
		FROM activity_log WHERE resource_id = $1 AND recorded_at > $2`)
	// selectDeals tells whether a partner has or had to do with a customer: nobody learns from their log who others' customers are.
	selectDeals = store.Both(`SELECT COALESCE((SELECT c.tenant_id FROM customers c WHERE c.tenant_id = $2 AND (
		EXISTS (SELECT 1 FROM relationships r WHERE r.partner_tenant_id = $1 AND r.customer_tenant_id = $2)
		OR EXISTS (SELECT 1 FROM subscriptions s WHERE s.partner_tenant_id = $1 AND s.customer_tenant_id = $2))), '')`)
)

// NoteAttempt writes that a partner's change was refused, once for each request that asks for the same, in its own log only.
// Of one operation it takes activitylog.MostAttempts within 24 hours, or a few more that come at one instant; the last one says that
// it is, so that nobody is kept in the dark by those that come first.
//
// The records are chained by partner and operation, not by what was to be changed: nobody's attempts stand in the way of whoever
// may change that.
func (s *Store) NoteAttempt(ctx context.Context, a activitylog.Attempt) error {
	store.Lower(&a.By.PartnerTenantID, &a.CustomerTenantID, &a.ResourceID)
	subject := attempts(a)
	before, err := store.Read(ctx, s.db, "count refused attempts", func(tx store.Tx) (tries, error) {
		before, _, err := s.attemptsInADay(ctx, tx, subject)
		return before, err
	})
	if err != nil || before.enough() { // who sends thousands costs no transaction for each
		return err
	}
	_, err = store.Write(ctx, s.db, "record a refused attempt", func(tx store.Tx) (bool, error) {
		before, now, err := s.attemptsInADay(ctx, tx, subject)
		if err != nil || before.enough() {
			return false, err
		}
		customer, _, err := store.One(ctx, tx, selectDeals, store.Value[string], a.By.PartnerTenantID, a.CustomerTenantID)
		if err != nil {
			return false, err
		}
		entry, err := attemptEntry(a, subject, customer, before.count >= activitylog.MostAttempts-1, now)
		if err != nil {
			return false, err
		}
		return true, AppendOnce(ctx, tx, entry)
	})
	return err
}

// attempted begins what refused attempts are chained by.
const attempted = "refused:"

// attempts is what a partner's refused attempts at an operation are chained by.
func attempts(a activitylog.Attempt) string {
	return attempted + string(a.Operation) + ":" + a.By.PartnerTenantID
}

// attemptsInADay counts what there is of the subject, and tells when the next one happens: after those.
func (s *Store) attemptsInADay(ctx context.Context, tx store.Tx, subject string) (before tries, next time.Time, err error) {
	now, err := s.db.Time(ctx, tx)
	if err != nil {
		return before, now, err
	}
	before, _, err = store.One(ctx, tx, countAttempts, func(b *tries) []any { return []any{&b.count, (*store.Stamp)(&b.newest), &b.last} },
		subject, store.Stamp(now.AddDate(0, 0, -1)))
	return before, activitylog.TimeAfter(before.newest, now), err
}

// tries are the attempts of a day.
type tries struct {
	count  int
	newest time.Time
	last   int // of them, those that say that no more are recorded
}

// enough tells that no more are recorded. Those that came at one instant may have passed the bound without one that says so.
func (b tries) enough() bool { return b.count >= activitylog.MostAttempts && b.last > 0 }

func attemptEntry(a activitylog.Attempt, subject, customer string, last bool, now time.Time) (AuditEntry, error) {
	said, err := json.Marshal(activitylog.Tried{
		Event: "refused", RequestID: a.RequestID, ResourceID: a.ResourceID, CustomerID: a.CustomerTenantID, Cause: a.Cause, Message: a.Message, Last: last,
		Origin: kernel.Origin{Via: a.Via, Application: a.By.ApplicationID, Correlation: a.By.CorrelationID},
	})
	about := cmp.Or(a.ResourceID, kernel.DeriveID(subject, a.Key()))
	return AuditEntry{
		ID:       activitylog.AuditID(a.By.PartnerTenantID, customer, about, a.NameInIDs(), now),
		EventKey: attempted + a.Key(), PartnerTenantID: a.By.PartnerTenantID, CustomerTenantID: customer,
		Resource: a.Resource, ResourceID: subject, Operation: a.Operation, Status: activitylog.Failed,
		UserID: a.By.UserID, UserPrincipalName: a.By.UserPrincipalName, ApplicationID: a.By.ApplicationID, CorrelationID: a.By.CorrelationID,
		NewValue: string(said), At: now,
	}, err
}
