package ledger

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"handover/internal/command"
	"handover/internal/kernel"
	"handover/internal/programme"
	"handover/internal/store"
	"handover/internal/transfer"
	transferstore "handover/internal/transfer/store"
)

// refusedTo writes that a decision about the transfer was refused to somebody whose name is typed.
func (f fixture) refusedTo(id, request, name string) {
	f.t.Helper()
	require.NoError(f.t, f.RecordRefused(f.t.Context(), transferstore.Refused{
		TransferID: id, RequestID: request, Actor: kernel.Actor{PartnerTenantID: sourceID, UserID: name},
		Refusal: kernel.Refuse(transfer.AlreadyFinal, "Too late, %s.", name), Origin: kernel.Origin{Via: kernel.BySignal, Operator: name},
	}))
}

// unsaid asserts that no row of the tables says any of the texts.
func (f fixture) unsaid(texts []string, tables ...string) {
	f.t.Helper()
	for _, table := range tables {
		for _, row := range f.rows("SELECT * FROM " + table) {
			for _, text := range texts {
				require.NotContains(f.t, row, text, table)
			}
		}
	}
}

// What is written about a transfer after it was forgotten is forgotten the next time: decisions that are refused, and the reasons of
// operators who find out what became of it.
func TestWhatIsWrittenLaterIsForgottenToo(t *testing.T) {
	onBoth(t, worldOf(2), func(t *testing.T, f fixture) {
		tr := f.moving("r1", 0)
		f.freeing(tr.ID)
		f.closed(tr)
		f.mailAll()
		require.Equal(t, 1, f.forget(ofCustomer(customerID)).Transfers)

		f.clock.advance(time.Minute)
		f.refusedTo(tr.ID, "late", "lou@source.example")
		dry := ofCustomer(customerID)
		dry.DryRun = true
		would := f.forget(dry)
		require.Equal(t, 1, would.Transfers)
		require.Equal(t, 1, would.Records)
		require.Equal(t, would, f.forget(ofCustomer(customerID)))
		f.unsaid([]string{"lou@source"}, "activity_log")
		require.Zero(t, f.forget(ofCustomer(customerID)).Places(), "once")

		f.clock.advance(time.Minute)
		require.True(t, f.late(tr.ID, newID(0)))
		require.Equal(t, "nobody knows yet what became of a line item that is held", f.forget(ofCustomer(customerID)).Left[0].Why)
		said := resolution(0, newID(0))
		said.Reason = "Lou rang"
		_, err := f.ResolveHeld(t.Context(), tr.ID, said, command.Terms[transfer.LineItem]{})
		require.NoError(t, err)
		f.mailAll()
		require.Equal(t, 1, f.forget(ofCustomer(customerID)).Transfers)
		f.unsaid([]string{"lou@source", "Lou rang"}, "activity_log", "line_items", "transfers")
		require.Zero(t, f.forget(ofCustomer(customerID)).Places(), "once")
	})
}

// Who has a customer forgotten answers for it: the record names them until it is as old as any that is forgotten.
func TestWhoForgetsIsNamedUntilTheUsualAge(t *testing.T) {
	onBoth(t, worldOf(1), func(t *testing.T, f fixture) {
		id := f.pending("r1").ID
		_, err := f.Cancel(t.Context(), id, transfer.Decision{Actor: asTarget})
		require.NoError(t, err)
		f.mailAll()
		f.clock.advance(time.Hour)
		f.forget(ofCustomer(customerID))
		const named = `SELECT id FROM activity_log WHERE event_key LIKE 'forgotten:%' AND new_value LIKE '%"operator":"root"%'`
		require.Len(t, f.rows(named), 2)
		require.Zero(t, f.forget(ofCustomer(customerID)).Places())
		require.Len(t, f.rows(named), 2)
		f.clock.advance(quarter - time.Minute)
		f.forget(older())
		require.Len(t, f.rows(named), 2, "it is not so old yet")
		f.clock.advance(time.Hour)
		require.Equal(t, 2, f.forget(older()).Records)
		require.Empty(t, f.rows(named))
		require.Zero(t, f.forget(older()).Places(), "forgetting who forgot is not told again")
		f.holds()
	})
}

// What is written at the instant at which a transfer is forgotten is forgotten with it, or the next time.
func TestWritersAtTheInstantOfForgetting(t *testing.T) {
	onBoth(t, worldOf(1), func(t *testing.T, f fixture) {
		id := f.pending("r1").ID
		_, err := f.Cancel(t.Context(), id, transfer.Decision{Actor: asTarget})
		require.NoError(t, err)
		f.mailAll()
		var at sync.WaitGroup
		failed := make([]error, 2)
		for i := range failed {
			at.Go(func() { _, failed[i] = f.Forget(t.Context(), ofCustomer(customerID)) })
		}
		for i := range 6 {
			at.Go(func() { f.refusedTo(id, fmt.Sprint("d", i), "lou@source.example") })
		}
		at.Wait()
		require.NoError(t, failed[0])
		require.NoError(t, failed[1])
		f.forget(ofCustomer(customerID))
		f.unsaid([]string{"lou@source"}, "activity_log", "transfers")
		require.Zero(t, f.forget(ofCustomer(customerID)).Places())
		f.holds()
	})
}

// Answers to commands about a transfer of the customer are kept, too, whichever door they came through: what was typed in them is forgotten,
// and a command that is repeated gets what is left.
func TestKeptAnswersToCommandsAreForgotten(t *testing.T) {
	onBoth(t, worldOf(2), func(t *testing.T, f fixture) {
		tr := f.moving("r1", 0)
		f.holding(tr.ID, 0)
		f.closed(tr)
		open := f.pending("r2")
		claims := []command.Claim{
			{CallerTenantID: "operators", Route: "starter resolve " + tr.ID, Key: "k", Fingerprint: "f"},
			{CallerTenantID: sourceID, Route: "signal decline " + strings.ToUpper(tr.ID), Key: "k", Fingerprint: "f"},
			{CallerTenantID: "operators", Route: "starter resolve " + open.ID, Key: "k", Fingerprint: "f"},
			{CallerTenantID: "operators", Route: "starter resolve " + newID(9), Key: "k", Fingerprint: "f"},
		}
		said := resolution(0, newID(0))
		said.Reason = "Lou rang"
		_, err := f.ResolveHeld(t.Context(), tr.ID, said, command.Terms[transfer.LineItem]{Claim: claims[0], Answer: func(i transfer.LineItem, _ *kernel.Refusal) (command.Answer, error) {
			i.EndingReason, i.TransferError, i.LastError = said.Reason, said.Reason, said.Reason
			body, err := json.Marshal(i)
			return command.Answer{Status: 200, Body: body}, err
		}})
		require.NoError(t, err)
		for _, claim := range claims[1:] {
			require.NoError(t, f.Keep(t.Context(), claim, command.Answer{Status: 400, Body: []byte(`{"refusal":{"cause":"x","message":"Lou rang"}}`)}))
		}
		f.closed(tr)
		f.behind("UPDATE notifications SET sent_at = owed_at WHERE subject_id = '" + tr.ID + "'")
		done := f.forget(ofCustomer(customerID))
		require.Equal(t, 1, done.Transfers, done.Left)
		require.Equal(t, 2, done.Answers)
		for i, claim := range claims {
			var repeated *command.Repeated
			require.ErrorAs(t, f.Kept(t.Context(), claim), &repeated)
			require.Equal(t, i > 1, strings.Contains(string(repeated.Answer.Body), "Lou rang"), claim.Route)
		}
		require.Zero(t, f.forget(ofCustomer(customerID)).Answers)
	})
}

// What an endpoint answered about an event that waits to be told again is forgotten as any answer is.
func TestAnswersToWhatWaitsAreForgotten(t *testing.T) {
	onBoth(t, worldOf(1), func(t *testing.T, f fixture) {
		f.register(sourceID, everyEvent())
		id := f.pending("r1").ID
		f.sends(sourceID, 500)
		require.NotEmpty(t, f.rows("SELECT d.id FROM webhook_deliveries d JOIN webhook_attempts a ON a.delivery_id = d.id WHERE d.status = 'waiting' AND a.excerpt = 'said'"))
		_, err := f.Cancel(t.Context(), id, transfer.Decision{Actor: asTarget})
		require.NoError(t, err)
		f.mailAll()
		require.Positive(t, f.forget(ofCustomer(customerID)).Excerpts)
		f.unsaid([]string{"said"}, "webhook_attempts")
	})
}

// I-6: a mail that goes out while what is old is forgotten keeps the user who left known; what is left was decided before it went.
func TestMailThatGoesOutMeanwhileKeepsItsReader(t *testing.T) {
	onBoth(t, worldOf(1), func(t *testing.T, f fixture) {
		id := f.pending("r1").ID
		_, err := f.Cancel(t.Context(), id, transfer.Decision{Actor: asTarget})
		require.NoError(t, err)
		f.behind("UPDATE partner_users SET ended_at = '" + f.clock.Now().Format(store.StampLayout) + "' WHERE email = 'second@source.example'")
		other := f.pending("r2").ID
		_, err = f.Cancel(t.Context(), other, transfer.Decision{Actor: asTarget})
		require.NoError(t, err)
		f.clock.advance(quarter + time.Hour)
		f.behind("UPDATE notifications SET sent_at = owed_at WHERE subject_id = '" + other + "'")
		w := older()
		sent := false
		w.Watch = func(done Forgotten) {
			if !sent && done.Transfers == 1 {
				sent = true
				f.behind("UPDATE notifications SET sent_at = owed_at, claim = '', claimed_until = NULL WHERE sent_at IS NULL AND undelivered_at IS NULL")
			}
		}
		done := f.forget(w)
		require.True(t, sent)
		require.Len(t, done.Left, 1)
		require.Zero(t, done.Users)
		f.holds()
		require.Equal(t, 1, f.forget(older()).Users)
		f.holds()
	})
}

// Who applied, decided or attested under a name is forgotten, also where nothing else is typed.
func TestNamesOfWhoActedAreForgottenAlone(t *testing.T) {
	onBoth(t, worldOf(1), func(t *testing.T, f fixture) {
		_, err := f.AttestAgreement(t.Context(), command.Terms[programme.Agreement]{}, byTarget, attestation("ada@contoso.example"))
		require.NoError(t, err)
		f.behind("UPDATE agreements SET first_name = '', last_name = '', email = '', phone_number = '', attested_by = 'lou'")
		f.behind("UPDATE program_enrolments SET status = 'ended', access_ends_at = '" + f.clock.Now().Format(store.StampLayout) + "', contact_name = '', contact_email = '', reject_reason = '', decided_by = 'lou'")
		f.clock.advance(quarter + time.Hour)
		require.Positive(t, f.forget(ofCustomer(customerID)).Agreements)
		f.unsaid([]string{"lou"}, "agreements")
		done := f.forget(older())
		if len(f.rows("SELECT partner_tenant_id FROM program_enrolments")) > 0 {
			require.Positive(t, done.Applications)
		}
		f.unsaid([]string{"lou"}, "program_enrolments")
		require.Zero(t, f.forget(older()).Places())
	})
}

// Ids of requests and calls that a client makes of an address stand in the log only where they can be forgotten; each still has its record.
func TestAddressesAsIDsOfRequestsAreForgotten(t *testing.T) {
	onBoth(t, worldOf(1), func(t *testing.T, f fixture) {
		id := f.pending("r1").ID
		_, err := f.Cancel(t.Context(), id, transfer.Decision{Actor: asTarget})
		require.NoError(t, err)
		f.mailAll()
		for _, request := range []string{"lou@source.example", "lou@source.example", "max@source.example"} {
			require.NoError(t, f.RecordRefused(t.Context(), transferstore.Refused{
				TransferID: id, RequestID: request, Actor: asSource, Refusal: kernel.Refuse(transfer.AlreadyFinal, "Too late."),
				Origin: kernel.Origin{Via: kernel.ByAPI, Correlation: request},
			}))
		}
		const refused = "SELECT id FROM activity_log WHERE event_key LIKE 'refused:%' AND resource_id = '"
		require.Len(t, f.rows(refused+id+"'"), 2, "I-3")
		f.forget(ofCustomer(customerID))
		require.Len(t, f.rows(refused+id+"'"), 2)
		f.unsaid([]string{"lou@source", "max@source"}, "activity_log")
		f.holds()
	})
}
