package ledger

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"handover/internal/activitylog"
	activitylogstore "handover/internal/activitylog/store"
	"handover/internal/kernel"
	"handover/internal/store"
	"handover/internal/subscription"
	"handover/internal/transfer"
)

// beforeOneLog is the version with two logs, both chained.
const beforeOneLog = 13

// inTwoLogs are records as that version wrote them: of a command by the API, of one that was refused, of a platform's doing, and of
// what is no transfer's, with the letters that people have.
var inTwoLogs = []string{
	`INSERT INTO audit_records VALUES ('said', 'old-pending', 'resumed:1', '` + sourceID + `', '', 'update_transfer', 'succeeded',
		'{"event":"resumed","origin":{"via":"operator","application":"crm","correlationId":"corr","operator":"zoë"}}', '2031-02-10T00:00:00.123456Z')`,
	`INSERT INTO audit_records VALUES ('said too', 'old-pending', 'resumed:1', '` + targetID + `', '', 'update_transfer', 'succeeded', '{"ü":"\u0000"}', '2031-02-10T00:00:00.123456Z')`,
	`INSERT INTO audit_records VALUES ('no', 'old-pending', 'refused:2', '` + targetID + `', '` + targetAgent + `', 'update_transfer', 'failed', '{"origin":{"via":"api"}}', '2031-02-11T00:00:00.000000Z')`,
	`INSERT INTO activity_records VALUES ('changed', '` + sourceID + `', '` + customerID + `', 'subscription', '` + subID(9) + `', 'update_subscription',
		'` + sourceAgent + `', 'app', 'corr', '{"quantity":1}', '{"quantity":2}', 'succeeded', '2031-02-02T00:00:00.000000Z')`,
	`INSERT INTO activity_records VALUES ('changed again', '` + sourceID + `', '` + customerID + `', 'subscription', '` + subID(9) + `', 'update_subscription',
		'', '', '', '{"quantity":2}', '{"quantity":3}', 'succeeded', '2031-02-02T00:00:00.000001Z')`,
	`INSERT INTO activity_records VALUES ('attested', '` + targetID + `', '` + customerID + `', 'agreement', '` + customerID + `', 'create_agreement',
		'', 'app', '', '', '{}', 'succeeded', '2031-02-12T00:00:00.000000Z')`,
}

// ledgerBefore is the database of a ledger at the version, with transfers in every state, and rows besides.
func ledgerBefore(t *testing.T, databaseURL string, version int64, rows ...string) {
	t.Helper()
	execute := func(version int64, statements ...string) {
		t.Helper()
		old := oldLedger(t, databaseURL, version)
		for _, statement := range statements {
			_, err := old.ExecContext(context.WithoutCancel(t.Context()), statement)
			require.NoError(t, err, statement)
		}
		require.NoError(t, old.Close())
	}
	execute(1, firstVersion[:4]...)
	execute(1, `INSERT INTO partners VALUES ('`+strangerID+`', 'Stranger', 'direct-bill', 'active', TRUE, 'mpn-Stranger', 'DE', 'EUR', 'de-DE')`,
		`INSERT INTO admin_agents VALUES ('`+sourceID+`', 0, '`+sourceAgent+`', '`+sourceAgent+`'), ('`+targetID+`', 0, '`+targetAgent+`', '`+targetAgent+`')`, oldSubscription(subID(9), subID(9), sourceID, "active"))
	n := 0
	for _, b := range everyState {
		execute(1, b.statements(n)...)
		n += len(b.items)
	}
	execute(version, rows...)
}

// opened is the ledger in the database, by this version.
func opened(t *testing.T, databaseURL string) fixture {
	t.Helper()
	c := &clock{now: time.Date(2031, 3, 1, 0, 0, 0, 0, time.UTC)}
	l, err := Open(t.Context(), databaseURL, Options{Now: c.Now})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, l.Close()) })
	return fixture{Ledger: l, t: t, url: databaseURL, clock: c}
}

// asItWasRead is the partner's log as the version before read it, the newest record first.
func asItWasRead(t *testing.T, databaseURL, partner string) (log []activitylogstore.AuditEntry, anchor Anchor) {
	t.Helper()
	old := oldLedger(t, databaseURL, beforeOneLog)
	defer func() { require.NoError(t, old.Close()) }()
	rows, err := old.QueryContext(t.Context(), `SELECT * FROM (
		SELECT a.id, a.partner_tenant_id, t.source_tenant_id AS source, t.target_tenant_id AS target, t.customer_tenant_id, a.user_id, '' AS application_id,
			'' AS correlation_id, 'transfer' AS resource_type, a.transfer_id AS resource_id, '' AS old_value, a.detail AS new_value, a.operation, a.status, a.recorded_at
		FROM audit_records a JOIN transfers t ON t.id = a.transfer_id
		UNION ALL SELECT v.id, v.partner_tenant_id, v.partner_tenant_id, v.partner_tenant_id, v.customer_tenant_id, v.user_id, v.application_id, v.correlation_id,
			v.resource_type, v.resource_id, v.old_value, v.new_value, v.operation, v.status, v.recorded_at FROM activity_records v) AS e
		WHERE e.partner_tenant_id = '`+partner+`' ORDER BY e.recorded_at DESC, e.id DESC`)
	require.NoError(t, err)
	defer func() { require.NoError(t, rows.Close()) }()
	for rows.Next() {
		e, source, target := activitylogstore.AuditEntry{CustomerName: "Contoso"}, "", ""
		require.NoError(t, rows.Scan(&e.ID, &e.PartnerTenantID, &source, &target, &e.CustomerTenantID, &e.UserID, &e.ApplicationID, &e.CorrelationID,
			&e.Resource, &e.ResourceID, &e.OldValue, &e.NewValue, &e.Operation, &e.Status, (*store.Stamp)(&e.At)))
		e.Participants = activitylog.Participants(e.PartnerTenantID, source, target, e.Status)
		var said struct{ Origin kernel.Origin }
		if e.Resource == activitylog.TransferResource && json.Unmarshal([]byte(e.NewValue), &said) == nil {
			e.ApplicationID, e.CorrelationID = said.Origin.Application, said.Origin.Correlation
		}
		log = append(log, e)
	}
	require.NoError(t, rows.Err())
	heads, err := old.QueryContext(t.Context(), `SELECT c.log, c.subject_id, c.seq, c.hash FROM log_chain c WHERE NOT EXISTS (SELECT 1 FROM log_chain n
		WHERE n.log = c.log AND n.subject_id = c.subject_id AND n.seq = c.seq + 1) ORDER BY c.log, c.subject_id`)
	require.NoError(t, err)
	defer func() { require.NoError(t, heads.Close()) }()
	digest := sha256.New()
	for heads.Next() {
		var h head
		require.NoError(t, heads.Scan(&h.log, &h.subject, &h.seq, &h.hash))
		_, _ = fmt.Fprintf(digest, "%s %s %d %s\n", h.log, h.subject, h.seq, h.hash)
	}
	require.NoError(t, heads.Err())
	return log, Anchor{At: time.Date(2031, 2, 20, 0, 0, 0, 0, time.UTC), Digest: hex.EncodeToString(digest.Sum(nil))}
}

// E8, R-308: two logs become one, and nobody who reads it sees a difference. What was written stays as it was and in its chain, which goes
// on from there; an anchor from before still holds; tampering with what was moved is found.
func TestTwoLogsBecomeOne(t *testing.T) {
	t.Parallel()
	for name, newURL := range databases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			databaseURL := newURL(t)
			ledgerBefore(t, databaseURL, beforeOneLog, inTwoLogs...)
			ofSource, anchor := asItWasRead(t, databaseURL, sourceID)
			ofTarget, _ := asItWasRead(t, databaseURL, targetID)

			f := opened(t, databaseURL)
			f.holds()
			f.anchored(anchor)
			for partner, log := range map[string][]activitylogstore.AuditEntry{sourceID: ofSource, targetID: ofTarget} {
				require.Greater(t, len(log), 20)
				got := f.log(partner)
				for n := range got {
					got[n].EventKey = ""
				}
				require.Equal(t, log, got)
			}
			for _, b := range everyState {
				require.Len(t, f.events(oldID(b.status), targetID), len(f.rows("SELECT id FROM activity_log WHERE partner_tenant_id = '"+targetID+
					"' AND resource_id = '"+oldID(b.status)+"'")))
			}

			_, err := f.Cancel(t.Context(), oldID(transfer.Pending), transfer.Decision{Actor: asTarget})
			require.NoError(t, err)
			f.changed(9, subscription.Change{FriendlyName: wanting("after")})
			f.holds()
			f.anchored(anchor)
			require.Equal(t, []string{"activity_records|1", "activity_records|2", "sealed_log|3"}, f.rows("SELECT log, seq FROM log_chain WHERE subject_id = '"+subID(9)+"'"))
			require.Len(t, f.rows("SELECT seq FROM log_chain WHERE subject_id = 'old-pending' AND log = 'sealed_log' AND seq IN (7, 8)"), 2)

			f.unguard()
			for _, id := range []string{"said", "no", "changed", "attested", "old-complete completed " + targetID} {
				f.everyChangeIsFound("'" + id + "'")
				f.found("deleted "+id, "was taken out", "DELETE FROM activity_log WHERE id = '"+id+"'")
			}
			f.found("the last of before with its link", "the chain was cut", "DELETE FROM activity_log WHERE id = 'changed again'",
				"DELETE FROM log_chain WHERE record_id = 'changed again'")
		})
	}
}

// anchored asserts that the anchor holds.
func (f fixture) anchored(a Anchor) {
	f.t.Helper()
	holds, err := f.Holds(f.t.Context(), a)
	require.NoError(f.t, err)
	require.True(f.t, holds, "the anchor")
}

// E8: what was tampered with before the two logs became one is found afterwards, and moved as it is.
func TestTamperingBeforeThereWasOneLogIsFound(t *testing.T) {
	t.Parallel()
	for name, newURL := range databases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			databaseURL := newURL(t)
			on := func(table string) string { return " ON " + table }
			if name == "sqlite" {
				on = func(string) string { return "" }
			}
			ledgerBefore(t, databaseURL, beforeOneLog, append(inTwoLogs,
				"DROP TRIGGER audit_records_no_update"+on("audit_records"), "DROP TRIGGER activity_records_no_delete"+on("activity_records"),
				"UPDATE audit_records SET detail = '{}' WHERE id = 'said'", "DELETE FROM activity_records WHERE id = 'changed'")...)
			f := opened(t, databaseURL)
			finding, err := store.Read(t.Context(), f.DB, "verify", func(tx store.Tx) (Finding, error) { return wholeness.find(t.Context(), tx) })
			require.NoError(t, err)
			require.Equal(t, []string{"Record said is not what was written.", "Record changed was taken out."}, finding.Broken)
			require.Equal(t, 2, finding.Count)
		})
	}
}
