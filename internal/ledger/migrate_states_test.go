package ledger

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"handover/internal/command"
	"handover/internal/transfer"
)

// before is a transfer of the version before with the events of its life.
type before struct {
	status transfer.Status
	events []string // each with a record in both logs
	items  []string // the rest of the row of each line item: status, new subscription, error, request id of a give-up
}

// newestRecord is the event of the newest record of the transfer as a whole.
func (b before) newestRecord() string {
	whole := slices.DeleteFunc(slices.Clone(b.events), func(event string) bool { return event == "given-up:1" })
	return whole[len(whole)-1]
}

const (
	itemRuns     = `'InProgress', NULL, NULL, ''`
	itemFailed   = `'Failed', NULL, 'Never.', ''`
	itemGivenUp  = `'Failed', NULL, 'enough', 'g1'`
	itemComplete = `'Complete', 'new', NULL, ''`
)

var everyState = []before{
	{transfer.Pending, []string{"created"}, nil},
	{transfer.InProgress, []string{"created", "submitted", "given-up:1"}, []string{itemRuns, itemGivenUp}},
	{transfer.Cancelled, []string{"created", "cancelled"}, nil},
	{transfer.Rejected, []string{"created", "declined"}, nil},
	{transfer.Expired, []string{"created", "expired"}, nil},
	{transfer.Complete, []string{"created", "submitted", "completed"}, []string{itemComplete}},
	{transfer.PartiallyComplete, []string{"created", "submitted", "failed"}, []string{itemFailed, itemComplete}},
	{transfer.Failed, []string{"created", "submitted", "failed"}, []string{itemFailed}},
}

// oldID is the id of the transfer of the version before in that state.
func oldID(s transfer.Status) string { return "old-" + strings.ToLower(string(s)) }

// statements write the transfer, with subscriptions from the n-th on.
func (b before) statements(n int) []string {
	id, submitted, completed := oldID(b.status), "NULL", "NULL"
	if len(b.items) > 0 {
		submitted = "'2031-02-02T00:00:00.000000Z'"
	}
	if b.status == transfer.Complete {
		completed = "'2031-02-03T00:00:00.000000Z'"
	}
	written := []string{`INSERT INTO transfers VALUES ('` + id + `', 'r', 'd', '', '` + customerID + `', 'it@contoso.example', 'Contoso',
		'` + sourceID + `', 'Source', '` + targetID + `', 'Target', '` + targetID + `', NULL, '', 3, FALSE, '` + string(b.status) + `',
		'2031-02-01T00:00:00.000000Z', '2031-02-03T00:00:00.000000Z', '2031-03-04T00:00:00.000000Z', ` + submitted + `, ` + completed + `,
		'', '', FALSE, '', '', '')`}
	for i, event := range b.events {
		for _, partner := range []string{sourceID, targetID} {
			written = append(written, fmt.Sprintf(`INSERT INTO audit_records VALUES ('%[1]s %[2]s %[3]s', '%[1]s', '%[2]s', '%[3]s', '',
				'update_transfer', 'succeeded', '{}', '2031-02-0%[4]dT00:00:00.000000Z')`, id, event, partner, i+1))
		}
		if event == "created" || event == "completed" {
			written = append(written, fmt.Sprintf(`INSERT INTO notifications (transfer_id, event, audience, recipient, locale, message_id)
				VALUES ('%[1]s', '%[2]s', 'customer', 'it@contoso.example', 'de-DE', '%[1]s %[2]s')`, id, event))
		}
	}
	written = append(written, `INSERT INTO audit_records VALUES ('`+id+` refused', '`+id+`', 'refused:late', '`+sourceID+`', '',
		'update_transfer', 'failed', '{}', '2031-02-09T00:00:00.000000Z')`)
	for ordinal, rest := range b.items {
		status, state := "active", rest
		if rest == itemComplete {
			status, state = "deleted", fmt.Sprintf(`'Complete', '%s', NULL, ''`, newID(n))
		}
		written = append(written, oldSubscription(subID(n), subID(n), sourceID, status))
		if rest == itemComplete {
			written = append(written, oldSubscription(newID(n), subID(n), targetID, "active"))
		}
		written = append(written, fmt.Sprintf(`INSERT INTO line_items (transfer_id, ordinal, subscription_id, product_type, offer_id, friendly_name,
			quantity, billing_cycle, attempts, last_error, status, target_subscription_id, transfer_error, give_up_request_id)
			VALUES ('%s', %d, '%s', 'OnlineServicesNCE', 'offer', 'Licence', 3, 'monthly', 1, '', %s)`, id, ordinal, subID(n), state))
		n++
	}
	return written
}

func oldSubscription(id, lineage, owner, status string) string {
	return `INSERT INTO subscriptions VALUES ('` + id + `', '` + lineage + `', '` + customerID + `', '` + owner + `', 'OnlineServicesNCE', 'offer',
		'Licence', 3, 1999, 'monthly', 'P1Y', '2031-01-01T00:00:00.000000Z', NULL, '` + status + `', TRUE, NULL, '', NULL, FALSE, '')`
}

// surroundings are what the versions after the first added: labels, and a request that was answered beside one that was not.
var surroundings = []string{
	`INSERT INTO transfer_labels VALUES ('` + oldID(transfer.Pending) + `', '` + targetID + `', '2031-02-01T00:00:00.000000Z', 'PO-4711', '["emea"]')`,
	`INSERT INTO api_requests (caller_tenant_id, route, request_key, fingerprint, owner, claimed_at, lease_until, result, status, header, answered_at)
		VALUES ('` + targetID + `', '` + claimOf("").Route + `', 'answered', 'f1', 'gone', '2031-02-20T00:00:00.000000Z', '2031-02-20T00:00:30.000000Z',
		'{}', 204, '{"ETag":"x"}', '2031-02-20T00:00:01.000000Z')`,
	`INSERT INTO api_requests (caller_tenant_id, route, request_key, fingerprint, owner, claimed_at, lease_until, result)
		VALUES ('` + targetID + `', '` + claimOf("").Route + `', 'unanswered', 'f1', 'gone', '2031-02-20T00:00:00.000000Z', '2031-02-20T00:00:30.000000Z', '{}')`,
}

// Race row 38: the data of the version before, with transfers in every state, comes up as if it had always been there: their
// runs are replaced by ones that look, and what a billing system was asked is asked again under the key it knows.
func TestMigrateEveryState(t *testing.T) {
	t.Parallel()
	for name, newURL := range databases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := migrated(t, newURL(t))
			f.holds()
			for _, b := range everyState {
				id := oldID(b.status)
				at := f.look(id, id+" created "+sourceID)
				require.Equal(t, b.status, at.Status)
				require.Equal(t, id+" "+b.newestRecord()+" "+sourceID, at.ChangeID)
				require.False(t, at.Behind)
			}
			require.Equal(t, []string{
				"transfer/old-inprogress|Transfer|old-inprogress|" + targetID + "|1|0|replaced",
				"transfer/old-pending|Transfer|old-pending|" + targetID + "|1|0|replaced",
			}, f.rows("SELECT workflow_id, workflow_type, subject_id, fair_key, wanted, told, cause FROM runs"))
			require.Equal(t, []string{"old-inprogress|0|old-inprogress/0"}, f.rows("SELECT transfer_id, ordinal, move_key FROM line_items WHERE move_key <> ''"))
			require.Equal(t, transfer.Labels{ExternalReference: "PO-4711", Tags: []string{"emea"}}, f.labels(oldID(transfer.Pending), targetID))

			require.Equal(t, []string{"answered"}, f.rows("SELECT request_key FROM api_requests"))
			require.Equal(t, command.Answer{Status: 204, Header: map[string]string{"ETag": "x"}}, repeats(t, f.Kept(t.Context(), claimOf("answered"))))
			require.NoError(t, f.Keep(t.Context(), claimOf("unanswered"), created), "it is carried out now")
			require.Len(t, f.claimMail("relay", 50, 50), len(everyState)+1, "what was owed is due")

			_, facts, err := f.MoveFacts(t.Context(), oldID(transfer.InProgress), []int{0})
			require.NoError(t, err)
			require.Equal(t, "old-inprogress/0", facts[0].Item.MoveKey)
			f.closed(f.stored(oldID(transfer.InProgress)), moved(0))
			_, err = f.Cancel(t.Context(), oldID(transfer.Pending), transfer.Decision{Actor: asTarget})
			require.NoError(t, err, "by the rules of the deployment")
			require.Equal(t, []string{"2|replaced"}, f.rows("SELECT wanted, cause FROM runs WHERE wanted = 2"), "a replacement stands until it is made")
			f.holds()
		})
	}
}

// migrated is the version before, brought up to date.
func migrated(t *testing.T, databaseURL string) fixture {
	t.Helper()
	first := oldLedger(t, databaseURL, 1)
	execute := func(statements ...string) {
		t.Helper()
		for _, statement := range statements {
			_, err := first.ExecContext(context.WithoutCancel(t.Context()), statement)
			require.NoError(t, err, statement)
		}
	}
	execute(firstVersion[:4]...)
	execute(`INSERT INTO admin_agents VALUES ('` + targetID + `', 0, '` + targetAgent + `', '` + targetAgent + `')`)
	n := 0
	for _, b := range everyState {
		execute(b.statements(n)...)
		n += len(b.items)
	}
	require.NoError(t, first.Close())
	first = oldLedger(t, databaseURL, 3)
	execute(surroundings...)
	require.NoError(t, first.Close())

	c := &clock{now: time.Date(2031, 3, 1, 0, 0, 0, 0, time.UTC)}
	l, err := Open(t.Context(), databaseURL, Options{Now: c.Now})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, l.Close()) })
	return fixture{Ledger: l, t: t, url: databaseURL, clock: c}
}
