package ledger

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"handover/internal/command"
	"handover/internal/kernel"
	"handover/internal/outbox"
	"handover/internal/programme"
	"handover/internal/store"
	"handover/internal/transfer"
	transferstore "handover/internal/transfer/store"
	"handover/internal/webhook"
	webhookstore "handover/internal/webhook/store"
)

const quarter = 91 * 24 * time.Hour

// ofCustomer is an operator's word to forget the customer.
func ofCustomer(id string) Forgetting {
	return Forgetting{CustomerTenantID: id, Operator: asOperator, Origin: kernel.Origin{Via: kernel.ByOperator, Operator: "root"}}
}

// older is the same for what ended a quarter ago.
func older() Forgetting {
	f := ofCustomer("")
	f.OlderThan = quarter
	return f
}

func (f fixture) forget(w Forgetting) Forgotten {
	f.t.Helper()
	done, err := f.Forget(f.t.Context(), w)
	require.NoError(f.t, err)
	return done
}

// mailAll has all mail that waits sent.
func (f fixture) mailAll() {
	f.t.Helper()
	f.clock.advance(time.Second)
	for {
		owed := f.claimMail("relay", 50, 50)
		if len(owed) == 0 {
			return
		}
		var results []outbox.MailResult
		for _, o := range owed {
			results = append(results, outbox.MailResult{ID: o.ID, Outcome: outbox.MailSent})
		}
		require.NoError(f.t, f.RecordMail(f.t.Context(), "relay", results))
	}
}

// personal has everything about a customer that people are called, reached or wrote: three transfers that ended, one of them with a line
// item that was given up, mail that was not delivered, answers that are kept, an attestation, answers of endpoints, and an attempt that was
// refused.
func (f fixture) personal() (ended []string) {
	f.t.Helper()
	ctx := f.t.Context()
	f.register(sourceID, everyEvent())
	r := request("r1")
	r.CustomerEmail, r.CustomerName, r.TargetPartnerEmailID = "zoe@contoso.example", "Zoë Contoso", "max@target.example"
	declined, err := f.OpenTransfer(ctx, r)
	require.NoError(f.t, err)
	owed := f.claimMail("relay", 1, 1)
	require.NoError(f.t, f.RecordMail(ctx, "relay", []outbox.MailResult{{ID: owed[0].ID, Outcome: outbox.MailUndelivered, Reason: "no such mailbox " + owed[0].Recipient}}))
	_, err = f.Decline(ctx, declined.ID, transfer.Decision{RequestID: "d", Actor: asSource, Reason: "Zoë asked us not to."})
	require.NoError(f.t, err)
	r.RequestID = "r2"
	done, err := f.OpenTransfer(ctx, r)
	require.NoError(f.t, err)
	done, err = f.Submit(ctx, done.ID, picking("s2", 0, 1))
	require.NoError(f.t, err)
	_, err = f.giveUp(done.ID, "Zoë rang.", 1)
	require.NoError(f.t, err)
	f.closed(done, moved(0))
	r.RequestID = "r3"
	cancelled, err := f.OpenTransfer(ctx, r)
	require.NoError(f.t, err)
	_, err = f.Cancel(ctx, cancelled.ID, transfer.Decision{RequestID: "c3", Actor: asTarget})
	require.NoError(f.t, err)
	_, err = f.AttestAgreement(ctx, command.Terms[programme.Agreement]{}, byTarget, attestation("ada@contoso.example"))
	require.NoError(f.t, err)
	f.mailAll()
	f.sends(sourceID, 200)
	tried := attempt("tried")
	tried.By.UserID, tried.By.UserPrincipalName, tried.ResourceID, tried.Message = "tom@contoso.example", "tom@contoso.example", declined.ID, "Tom typed that."
	require.NoError(f.t, f.NoteAttempt(ctx, tried))
	require.NoError(f.t, f.Keep(ctx, command.Claim{CallerTenantID: targetID, Route: "POST /v1/customers/" + customerID + "/transfers", Key: "k", Fingerprint: "f"},
		command.Answer{Status: 400, Body: []byte(`{"code":1,"description":"Not zoe@contoso.example."}`)}))
	require.NoError(f.t, f.Keep(ctx, command.Claim{CallerTenantID: targetID, Route: "POST /v1/customers/" + customerID + "/transfers", Key: "k2", Fingerprint: "f"},
		command.Answer{Status: 201, Subject: declined.ID, Form: "created", Body: []byte(`{"customerEmailId":"zoe@contoso.example"}`)}))
	return []string{declined.ID, done.ID, cancelled.ID}
}

// Of a customer everything is forgotten that is over, as a dry run says before, and the ledger is whole: I-1 to I-10 hold, an anchor from before
// does, and every transfer, mail and record is there with its ids, states, times and counts.
func TestACustomerIsForgotten(t *testing.T) {
	onBoth(t, worldOf(3), func(t *testing.T, f fixture) {
		ended := f.personal()
		f.clock.advance(time.Hour)
		anchor, err := f.Anchor(t.Context())
		require.NoError(t, err)
		f.clock.advance(time.Hour)

		before := f.contents()
		dry := ofCustomer(strings.ToUpper(customerID))
		dry.DryRun = true
		would := f.forget(dry)
		require.Equal(t, before, f.contents(), "a dry run changes nothing")
		require.Equal(t, Forgotten{
			Transfers: 3, Reasons: 1, Mails: would.Mails, Records: would.Records, Agreements: 1, Answers: 2, Excerpts: would.Excerpts, Left: []transferstore.NotOver{},
		}, would)
		require.Positive(t, would.Mails*would.Records*would.Excerpts)

		facts := func() []string {
			return f.rows(`SELECT id, status, created_time, last_modified_time, expiration_time, submitted_time, completed_time, request_id, change_id, policy FROM transfers`)
		}
		items := f.rows(`SELECT transfer_id, ordinal, subscription_id, status, target_subscription_id, attempts, held FROM line_items`)
		records := f.rows(`SELECT id, event_key, operation, status, recorded_at FROM activity_log`)
		was := facts()
		require.Equal(t, would, f.forget(ofCustomer(customerID)))
		require.Equal(t, was, facts())
		require.Equal(t, items, f.rows(`SELECT transfer_id, ordinal, subscription_id, status, target_subscription_id, attempts, held FROM line_items`))
		require.Subset(t, f.rows(`SELECT id, event_key, operation, status, recorded_at FROM activity_log`), records)
		f.silent()
		f.holds()
		f.anchored(anchor)

		stone := kernel.Tombstone(f.clock.Now())
		first := f.stored(ended[0])
		require.Equal(t, stone, first.CustomerEmail)
		require.Equal(t, stone, first.CustomerName)
		require.Equal(t, stone, first.TargetPartnerEmailID)
		require.Equal(t, stone, first.DeclineReason)
		require.Equal(t, stone, f.item(ended[1], 1).TransferError)
		require.Contains(t, last(f.events(ended[0], sourceID)), "forgotten:", "both logs say that it was done")
		require.Contains(t, last(f.events(ended[0], targetID)), "forgotten:")
		kept, err := f.Agreements(t.Context(), targetID, customerID)
		require.NoError(t, err)
		require.Equal(t, stone, kept[0].Contact.Email)
		require.Len(t, f.rows("SELECT id FROM activity_log WHERE resource_type = 'agreement' AND user_id = 'operator' AND new_value = '"+`{"event":"forgotten"}`+"'"), 1)
		require.Equal(t, []string{`forgotten-`}, f.answered("k"))
		require.Empty(t, f.answered("k2"), "it is rendered again of what is left")
		page, err := f.WebhookDeliveries(t.Context(), webhookstore.Search{PartnerTenantID: sourceID, Status: webhook.Delivered, Limit: 1})
		require.NoError(t, err)
		told, err := f.RedeliverWebhook(t.Context(), command.Terms[webhook.Delivery]{}, sourceID, page.Items[0].ID)
		require.NoError(t, err)
		require.Equal(t, webhook.Waiting, told.Status)
		f.sends(sourceID, 200)
		f.behind("UPDATE webhook_attempts SET excerpt = '' WHERE excerpt = 'said'")

		unchanged := f.contents()
		require.Zero(t, f.forget(ofCustomer(customerID)).Places(), "again")
		require.Equal(t, unchanged, f.contents())
		f.closed(f.moving("later", 2), transferstore.ItemResult{Ordinal: 0, TargetSubscriptionID: newID(2)})
		f.mailAll()
		f.holds()
		require.Equal(t, 1, f.forget(ofCustomer(customerID)).Transfers, "what the customer is asked for later can be forgotten later")
		f.silent()
		f.holds()
	})
}

func last(events []string) string { return events[len(events)-1] }

// answered is what the request of that key gets now: of its body as much as tells whether it was forgotten.
func (f fixture) answered(key string) (said []string) {
	f.t.Helper()
	err := f.Kept(f.t.Context(), command.Claim{CallerTenantID: targetID, Route: "POST /v1/customers/" + customerID + "/transfers", Key: key, Fingerprint: "f"})
	var repeated *command.Repeated
	require.ErrorAs(f.t, err, &repeated)
	require.NotContains(f.t, string(repeated.Answer.Body), "zoe@")
	if strings.Contains(string(repeated.Answer.Body), "forgotten-") {
		said = append(said, "forgotten-")
	}
	return said
}

// What is not over is left, and told; nothing that is still needed is taken from it.
func TestWhatIsNotOverIsLeft(t *testing.T) {
	onBoth(t, worldOf(4), func(t *testing.T, f fixture) {
		open := f.pending("open")
		held := f.moving("held", 0)
		f.holding(held.ID, 0)
		_, err := f.CloseTransfer(t.Context(), held.ID)
		require.NoError(t, err)
		f.mailAll()
		waits := f.closed(f.moving("waits", 1), transferstore.ItemResult{Ordinal: 0, TargetSubscriptionID: newID(1)})
		before := f.contents()
		done := f.forget(ofCustomer(customerID))
		require.Zero(t, done.Places())
		require.ElementsMatch(t, []transferstore.NotOver{
			{TransferID: open.ID, Why: "it is Pending"}, {TransferID: held.ID, Why: "nobody knows yet what became of a line item that is held"},
			{TransferID: waits.ID, Why: "e-mail about it waits to be sent"},
		}, done.Left)
		require.Equal(t, before, f.contents())
		f.mailAll()
		require.Equal(t, 1, f.forget(ofCustomer(customerID)).Transfers)
		f.holds()
	})
}

// What ended long ago is forgotten, and what ended since is not. A user who left stays known as long as a mail to them is (I-6).
func TestWhatIsOlderIsForgotten(t *testing.T) {
	onBoth(t, worldOf(4), func(t *testing.T, f fixture) {
		f.personal()
		long := f.pending("long")
		f.behind("UPDATE partner_users SET ended_at = '" + f.clock.Now().Format(store.StampLayout) + "' WHERE email = 'second@source.example'")
		f.mailAll()
		f.clock.advance(quarter - 48*time.Hour)
		require.Zero(t, f.forget(older()).Places(), "not yet")
		f.clock.advance(50 * time.Hour)
		dry := older()
		dry.DryRun = true
		would := f.forget(dry)
		require.Equal(t, 3, would.Transfers)
		require.Equal(t, 1, would.Agreements)
		require.Zero(t, would.Users)
		require.Equal(t, would, f.forget(older()))
		require.Equal(t, "it@contoso.example", f.stored(long.ID).CustomerEmail)
		require.Zero(t, f.forget(older()).Places())
		f.holds()

		_, err := f.Expire(t.Context(), long.ID)
		require.NoError(t, err)
		f.clock.advance(quarter + time.Hour)
		would = f.forget(dry)
		require.Equal(t, 1, would.Users)
		require.Equal(t, would, f.forget(older()))
		require.Len(t, f.rows("SELECT email FROM partner_users WHERE email LIKE '"+kernel.TombstonePattern+"'"), 1)
		f.holds()
	})
}

func TestForgettingIsRefused(t *testing.T) {
	onBoth(t, worldOf(1), func(t *testing.T, f fixture) {
		before := f.contents()
		for _, c := range []struct {
			customer string
			older    time.Duration
			cause    kernel.Cause
		}{
			{newID(1), 0, programme.CustomerUnknown}, {"", 0, kernel.InvalidInput}, {customerID, quarter, kernel.InvalidInput},
			{"", 89 * 24 * time.Hour, kernel.InvalidInput}, {"", -quarter, kernel.InvalidInput},
		} {
			w := ofCustomer(c.customer)
			w.OlderThan = c.older
			_, err := f.Forget(t.Context(), w)
			refuses(t, err, c.cause)
		}
		require.Equal(t, before, f.contents())
	})
}

// what was forgotten is not sent again, and the operator is told why.
func TestForgottenMailIsNotSentAgain(t *testing.T) {
	onBoth(t, worldOf(1), func(t *testing.T, f fixture) {
		id, owed := f.undelivered("r1")
		_, err := f.Cancel(t.Context(), id, transfer.Decision{Actor: asTarget})
		require.NoError(t, err)
		f.forget(ofCustomer(customerID))
		_, err = f.resend(outbox.Which{IDs: []int64{owed[0].ID}}, "again")
		require.ErrorContains(t, err, "was forgotten, so it cannot be sent again")
		done, err := f.resend(outbox.Which{}, "all")
		require.NoError(t, err)
		require.Empty(t, done.Mails)
		f.holds()
	})
}
