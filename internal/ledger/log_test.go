package ledger

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"handover/internal/activitylog"
	activitylogstore "handover/internal/activitylog/store"
	"handover/internal/kernel"
	"handover/internal/store"
	"handover/internal/subscription"
)

func attempt(request string) activitylog.Attempt {
	return activitylog.Attempt{
		By:        activitylog.By{PartnerTenantID: strings.ToUpper(targetID), UserID: targetAgent, UserPrincipalName: "tara@target.example", ApplicationID: "crm", CorrelationID: "corr"},
		RequestID: request, Operation: activitylog.AuditUpdate, Resource: activitylog.TransferResource, ResourceID: subID(7), CustomerTenantID: customerID,
		Via: kernel.ByAPI, Cause: kernel.WrongParty, Message: "It is not yours.",
	}
}

// an attempt is one record in the log of who tried it, with who that was and by what, and as little to be changed as any other.
func TestAttemptIsOneRecord(t *testing.T) {
	onBoth(t, worldOf(1), func(t *testing.T, f fixture) {
		for range 2 {
			require.NoError(t, f.NoteAttempt(t.Context(), attempt("r")))
		}
		log := f.log(targetID)
		require.Len(t, log, 1)
		require.Equal(t, activitylogstore.AuditEntry{
			ID:       targetID + "_" + customerID + "_" + subID(7) + "_refusedupdatetransfer" + attempt("r").Key()[:8] + "_" + log[0].ID[strings.LastIndexByte(log[0].ID, '_')+1:],
			EventKey: "refused:" + attempt("r").Key(), PartnerTenantID: targetID, Participants: []string{targetID}, CustomerTenantID: customerID, CustomerName: "Contoso",
			UserID: targetAgent, UserPrincipalName: "tara@target.example", ApplicationID: "crm", CorrelationID: "corr",
			Resource: activitylog.TransferResource, ResourceID: "refused:update_transfer:" + targetID, Operation: activitylog.AuditUpdate,
			Status: activitylog.Failed, At: f.clock.Now(),
			NewValue: `{"event":"refused","requestId":"r","resourceId":"` + subID(7) + `","customerId":"` + customerID +
				`","cause":"WrongParty","message":"It is not yours.","origin":{"via":"api","application":"crm","correlationId":"corr"}}`,
		}, log[0])
		require.Equal(t, subID(7), log[0].About())
		require.Empty(t, f.log(sourceID))
		require.ErrorContains(t, f.raw("DELETE FROM activity_log"), "append-only")
		f.holds()
	})
}

// who tries chooses the request id, and so not which attempts are recorded: under one id there is one record for each thing
// that was asked for, and repetitions of each are no other.
func TestAttemptsUnderOneRequestID(t *testing.T) {
	onBoth(t, worldOf(1), func(t *testing.T, f fixture) {
		for range 2 {
			for _, asked := range []string{"a benign thing", "something else", ""} {
				a := attempt("r")
				a.Asked = asked
				require.NoError(t, f.NoteAttempt(t.Context(), a))
			}
		}
		require.Len(t, f.log(targetID), 3)
		f.holds()
	})
}

// Whatever comes at one instant: once no more are recorded, one record of the day says so. Here the bound is passed without one.
func TestTheLastAttemptSaysSo(t *testing.T) {
	onBoth(t, worldOf(1), func(t *testing.T, f fixture) {
		for n := range activitylog.MostAttempts - 1 {
			require.NoError(t, f.NoteAttempt(t.Context(), attempt(fmt.Sprint(n))))
		}
		require.NoError(t, f.raw(`INSERT INTO activity_log SELECT 'x' || id, 'x' || event_key, partner_tenant_id, `+restOfRecord+` FROM activity_log WHERE id = '`+f.log(targetID)[0].ID+`'`))
		sly := attempt("sly")
		sly.Message = `"last":true`
		said := func() int { return len(f.rows(`SELECT id FROM activity_log WHERE new_value LIKE '%"last":true%'`)) }
		require.Zero(t, said())
		for range 2 {
			require.NoError(t, f.NoteAttempt(t.Context(), sly))
			require.NoError(t, f.NoteAttempt(t.Context(), attempt("more")))
		}
		require.Equal(t, 1, said())
		require.Len(t, f.log(targetID), activitylog.MostAttempts+1)
		require.Contains(t, f.log(targetID)[0].NewValue, `\"last\":true`, "what somebody writes is no key")
	})
}

// I-6: the log names a customer that the partner has to do with, and no other, known or not.
func TestAttemptNamesOwnCustomers(t *testing.T) {
	onBoth(t, worldOf(1), func(t *testing.T, f fixture) {
		for n, customer := range []string{customerID, otherID, newID(1), ""} {
			a := attempt(fmt.Sprint(n))
			a.CustomerTenantID = customer
			require.NoError(t, f.NoteAttempt(t.Context(), a))
		}
		bills := attempt("bills")
		bills.By.PartnerTenantID = sourceID
		require.NoError(t, f.NoteAttempt(t.Context(), bills))
		named := map[string]int{}
		for _, e := range slices.Concat(f.log(targetID), f.log(sourceID)) {
			named[e.PartnerTenantID+e.CustomerTenantID+e.CustomerName]++
		}
		require.Equal(t, map[string]int{targetID + customerID + "Contoso": 1, targetID: 3, sourceID + customerID + "Contoso": 1}, named)
		f.holds()
	})
}

// Whoever sends thousands, at once and with a clock that is set back, fills nobody's log: of one operation a day takes a hundred, and
// the last one says so. Others' attempts and what is really done about the same thing are not held up.
func TestAttemptsAreBoundedAndApart(t *testing.T) {
	onBoth(t, worldOf(1), func(t *testing.T, f fixture) {
		tr := f.pending("r")
		var senders sync.WaitGroup
		const hands, each = 4, activitylog.MostAttempts
		for hand := range hands {
			senders.Go(func() {
				for n := range each {
					a := attempt(fmt.Sprintf("%d-%d", hand, n))
					a.ResourceID = tr.ID
					if err := f.NoteAttempt(t.Context(), a); err != nil {
						t.Error(err)
					}
				}
			})
		}
		_, err := f.Submit(t.Context(), tr.ID, everything("s"))
		require.NoError(t, err)
		senders.Wait()
		failed := func() int { return len(f.rows("SELECT id FROM activity_log WHERE status = 'failed'")) }
		require.GreaterOrEqual(t, failed(), activitylog.MostAttempts)
		// Each hand may pass the bound once together with others, and once more to say that it was the last.
		require.Less(t, failed(), activitylog.MostAttempts+2*hands)
		require.NotEmpty(t, f.rows(`SELECT id FROM activity_log WHERE new_value LIKE '%"last":true%'`))
		before := failed()
		f.clock.advance(-time.Hour)
		other := attempt("other")
		other.Operation = activitylog.AuditCreate
		require.NoError(t, f.NoteAttempt(t.Context(), attempt("more")))
		require.NoError(t, f.NoteAttempt(t.Context(), other))
		require.Equal(t, before+1, failed())
		f.clock.advance(26 * time.Hour)
		require.NoError(t, f.NoteAttempt(t.Context(), attempt("tomorrow")))
		require.Equal(t, before+2, failed())
		f.holds()
	})
}

// who reads page after page finds each record once that was there when they began, whatever is appended meanwhile.
func TestPagesOfTheLogWhileItGrows(t *testing.T) {
	onBoth(t, worldOf(2), func(t *testing.T, f fixture) {
		f.busy()
		want := f.log(sourceID)
		for _, size := range []int{1, 2, 3} {
			q := activitylogstore.AuditSearch{PartnerTenantID: sourceID, Limit: size}
			var found []activitylogstore.AuditEntry
			for n := 0; ; n++ {
				page, err := f.AuditPage(t.Context(), q)
				require.NoError(t, err)
				found = append(found, page...)
				if len(page) < size {
					break
				}
				q.After = page[len(page)-1].Cursor()
				f.clock.advance(time.Second)
				f.changed(1, subscription.Change{FriendlyName: wanting(fmt.Sprint(size, n))})
			}
			require.Equal(t, want, found, size)
			want = f.log(sourceID)
		}
	})
}

// whatever a filter says is looked for as it stands, in longer texts than any door lets in, the same in both databases.
func TestFiltersAreTakenAsTheyStand(t *testing.T) {
	w := worldOf(1)
	w.Customers[0].Name = `100% "Ö_l" & O'Hara\Co`
	onBoth(t, w, func(t *testing.T, f fixture) {
		f.pending("r")
		for text, want := range map[string]int{
			"%": 1, "_": 1, `"`: 1, "'": 1, `\`: 1, `'; DROP TABLE activity_log; --`: 0, "%%": 0, "__": 0, `\%`: 0, "100% \"ö_L\"": 1, "o'hara\\co": 1, "*": 0, "100_": 0,
			strings.Repeat("x", 8<<10): 0, strings.Repeat("%", 8<<10): 0, strings.Repeat("_%", 10): 0,
		} {
			page, err := f.AuditLog(t.Context(), activitylogstore.AuditSearch{PartnerTenantID: targetID, CompanyName: text, Limit: 10})
			require.NoError(t, err)
			require.Equal(t, want, page.Total, kernel.Clip(text))
			for _, q := range []activitylogstore.AuditSearch{{CustomerID: text}, {Resource: activitylog.ResourceType(text)}} {
				q.PartnerTenantID = targetID
				page, err := f.AuditLog(t.Context(), q)
				require.NoError(t, err)
				require.Zero(t, page.Total, kernel.Clip(text))
			}
		}
	})
}

// manyRecords gives the source a hundred thousand records more, one each minute, of two customers and two types.
func (f fixture) manyRecords() {
	f.t.Helper()
	f.unguard()
	said := strings.Join(f.columns("activity_log", "id", "event_key", "customer_tenant_id", "resource_type", "recorded_at"), ", ")
	stamp := `strftime('%%Y-%%m-%%dT%%H:%%M:%%S', '2031-01-01', '+' || n.i || ' minutes') || '.000000Z'`
	if f.Dialect() == store.Postgres {
		stamp = `'2031-01-01T00:00:00Z'::timestamptz + n.i * interval '1 minute'`
	}
	const all, atOnce = 100_000, 10_000
	for first := 0; first < all; first += atOnce {
		f.behind(fmt.Sprintf(`INSERT INTO activity_log (id, event_key, customer_tenant_id, resource_type, recorded_at, `+said+`)
			WITH RECURSIVE n (i) AS (SELECT %d UNION ALL SELECT i + 1 FROM n WHERE i < %d)
			SELECT 'many-' || n.i, 'many-' || n.i, CASE WHEN n.i %% 1000 = 0 THEN '`+otherID+`' ELSE customer_tenant_id END,
				CASE WHEN n.i %% 100 = 0 THEN 'agreement' ELSE resource_type END, `+stamp+`, `+said+`
			FROM n CROSS JOIN (SELECT * FROM activity_log WHERE partner_tenant_id = '`+sourceID+`' LIMIT 1) AS model`, first+1, first+atOnce))
	}
	if f.Dialect() == store.Postgres {
		f.behind("VACUUM ANALYZE activity_log") // as the database does by itself
	}
}

// with a hundred thousand records a page, its count, one record, what is known of a thing and the count of attempts are
// found by indexes, in the order of the list: nothing goes through the log, and nothing is sorted.
func TestTheLogIsFoundByIndexes(t *testing.T) {
	onBoth(t, worldOf(1), func(t *testing.T, f fixture) {
		tr := f.pending("r")
		f.manyRecords()
		after := &activitylogstore.AuditCursor{At: time.Date(2031, 3, 8, 0, 0, 0, 0, time.UTC), ID: "many-95040"}
		from := time.Date(2031, 3, 5, 0, 0, 0, 0, time.UTC) // a window of a tenth: to count most of a table, reading it whole is right
		for _, q := range []activitylogstore.AuditSearch{
			{}, {After: after}, {From: from, Until: from.AddDate(0, 1, 0), After: after}, {Resource: activitylog.AgreementResource}, {CustomerID: otherID},
			{CompanyName: "fabri"}, {CompanyName: "nobody"}, {CustomerID: activitylog.NoCustomer, After: after},
		} {
			if q.CompanyName != "" && f.Dialect() == store.Postgres {
				continue // it reads the table, rightly: all of it is this partner's
			}
			q.PartnerTenantID, q.Limit = sourceID, 500
			if q.From.IsZero() {
				q.From = from
			}
			f.foundByIndex(fmt.Sprintf("%+v", q), 2, func() error {
				_, err := f.AuditLog(t.Context(), q)
				return err
			})
			f.foundByIndex(fmt.Sprintf("%+v", q), 1, func() error {
				_, err := f.AuditPage(t.Context(), q)
				return err
			})
		}
		f.foundByIndex("one record", 1, func() error {
			_, err := f.AuditEntry(t.Context(), sourceID, "many-5")
			return err
		})
		f.foundByIndex("a thing's", 1, func() error {
			_, err := f.LogOf(t.Context(), strings.Replace(tr.ID, tr.ID[:1], "f", 1), sourceID)
			return err
		})
	})
}

// foundByIndex asks, and requires of each of the statements that it goes through no table and sorts nothing.
func (f fixture) foundByIndex(what string, statements int, ask func() error) {
	f.t.Helper()
	began := time.Now()
	plans := f.plansOf("activity_log", func() { require.NoError(f.t, ask(), what) })
	require.Len(f.t, plans, statements, what)
	f.t.Log(what, time.Since(began))
	for _, plan := range plans {
		require.Regexp(f.t, `activity_log_by_partner|activity_log_by_customer|activity_log_by_resource|activity_log_pkey|sqlite_autoindex_activity_log_1`, plan, what)
		require.NotRegexp(f.t, `SCAN (e|activity_log)\b|Seq Scan on activity_log|USE TEMP B-TREE FOR ORDER BY`, plan, what)
	}
}

// E8: whoever may insert, as the role of the programs does, can still not add to what was: a record with an old date follows the last
// one in its chain, so the chain holds, and no anchor from before does.
func TestRecordWithAnOldDateBreaksTheAnchor(t *testing.T) {
	onBoth(t, worldOf(3), func(t *testing.T, f fixture) {
		f.inTheLog()
		f.clock.advance(time.Hour)
		anchor, err := f.Anchor(t.Context())
		require.NoError(t, err)
		f.behind(`INSERT INTO activity_log SELECT 'x' || id, 'forged', partner_tenant_id, ` + restOfRecord + ` FROM activity_log WHERE event_key = 'submitted' AND partner_tenant_id = '` + sourceID + `'`)
		finding, err := store.Read(t.Context(), f.DB, "verify", func(tx store.Tx) (Finding, error) { return wholenessNow(t, tx), nil })
		require.NoError(t, err)
		require.Empty(t, finding.Broken)
		holds, err := f.Holds(t.Context(), anchor)
		require.NoError(t, err)
		require.False(t, holds)
	})
}

// E8: no statement that the database takes from anybody rewrites the log while its guards stand, whatever it goes through.
func TestNoStatementRewritesTheLog(t *testing.T) {
	onBoth(t, worldOf(3), func(t *testing.T, f fixture) {
		f.inTheLog()
		require.NoError(t, f.NoteAttempt(t.Context(), attempt("r")))
		before := f.contents()
		statements := []string{
			"DELETE FROM log_chain", "UPDATE log_chain SET hash = 'x'", "DELETE FROM activity_log WHERE status = 'failed'",
			"DELETE FROM activity_log WHERE recorded_at = (SELECT MAX(recorded_at) FROM activity_log)",
			"WITH gone AS (SELECT id FROM activity_log) DELETE FROM activity_log WHERE id IN (SELECT id FROM gone)",
			"INSERT INTO activity_log SELECT * FROM activity_log WHERE TRUE ON CONFLICT (id) DO UPDATE SET new_value = 'x'",
		}
		for _, column := range f.columns("activity_log") {
			statements = append(statements, "UPDATE activity_log SET "+column+" = "+column)
		}
		if f.Dialect() == store.Postgres {
			statements = append(statements, "TRUNCATE activity_log CASCADE", "TRUNCATE log_chain", "WITH gone AS (DELETE FROM activity_log RETURNING *) SELECT COUNT(*) FROM gone")
		} else {
			statements = append(statements, "UPDATE OR REPLACE activity_log SET new_value = 'x'",
				"REPLACE INTO activity_log SELECT * FROM activity_log LIMIT 1")
		}
		for _, statement := range statements {
			require.Error(t, f.raw(statement), statement)
		}
		require.Equal(t, before, f.contents())
		f.holds()
	})
}
